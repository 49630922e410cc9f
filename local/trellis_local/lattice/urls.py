"""Where moto sends vpc-lattice requests: all to one dispatcher, because the API model resolves the operation."""

from .responses import LatticeResponse

url_bases = [r"https?://vpc-lattice\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/.*$": LatticeResponse.dispatch}
