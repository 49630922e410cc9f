"""Where moto sends EKS requests: all to one dispatcher, because the API model resolves the operation."""

from trellis_local.aws.eks_responses import EksResponse

url_bases = [r"https?://eks\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/.*$": EksResponse.dispatch}
