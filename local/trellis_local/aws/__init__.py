"""The AWS endpoint of the local stack."""

from trellis_local.aws.call_log import ApiCall, CallLog
from trellis_local.aws.identity import Credentials, Identity, Principal
from trellis_local.aws.server import AwsEndpoint, LocalRequest

__all__ = ["ApiCall", "AwsEndpoint", "CallLog", "Credentials", "Identity", "LocalRequest", "Principal"]
