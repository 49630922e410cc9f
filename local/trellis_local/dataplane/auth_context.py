"""The context keys that policies find in a request to a VPC Lattice service.

VPC Lattice's own keys are case sensitive, hence kept as they are written; those of AWS are in lower case, since IAM
compares them without regard to case.
https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html, "Condition keys"
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from datetime import datetime
from urllib.parse import parse_qsl

from trellis_local.dataplane.authorization import Invocation
from trellis_local.dataplane.identities import Signer
from trellis_local.dataplane.messages import values

HEADER_KEY = "vpc-lattice-svcs:RequestHeader/"
QUERY_KEY = "vpc-lattice-svcs:RequestQueryString/"

Context = dict[str, tuple[str, ...]]


def invocation_context(invocation: Invocation, *, signer: Signer | None, now: datetime, passthrough: bool) -> Context:
    """All keys of a request; a connection that is passed through has none of those that lie within HTTP."""
    context = {**_connection(invocation), **_global(invocation, now), **_caller(signer)}
    if not passthrough:
        context.update(_http(invocation))
    return {key: found for key, found in context.items() if found}


def _connection(invocation: Invocation) -> Context:
    prefix = "vpc-lattice-svcs:"
    return {
        f"{prefix}Port": (str(invocation.port),),
        f"{prefix}ServiceNetworkArn": (invocation.network.arn,),
        f"{prefix}ServiceArn": (invocation.service.arn,),
        f"{prefix}SourceVpc": (invocation.vpc_id,),
        f"{prefix}SourceVpcOwnerAccount": (invocation.vpc_arn.split(":")[4],),
    }


def _http(invocation: Invocation) -> Context:
    """The names of headers are compared without regard to case, as in HTTP; gRPC has no query string."""
    request = invocation.request
    context: Context = {
        "vpc-lattice-svcs:RequestMethod": (request.method,),
        "vpc-lattice-svcs:RequestPath": (request.path or "/",),
        "aws:useragent": values(request.headers, "user-agent"),
        "aws:referer": values(request.headers, "referer"),
    }
    for name in {name.lower() for name, _ in request.headers}:
        context[HEADER_KEY + name] = values(request.headers, name)
    if not any(kind.startswith("application/grpc") for kind in values(request.headers, "content-type")):
        for key, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True):
            context[QUERY_KEY + key] = (*context.get(QUERY_KEY + key, ()), value)
    return context


def _global(invocation: Invocation, now: datetime) -> Context:
    service = invocation.service
    return {
        "aws:sourceip": (invocation.request.client_ip,),
        "aws:securetransport": ("true" if invocation.request.transport.tls else "false",),
        "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:requestedregion": (service.arn.split(":")[3],),
        "aws:resourceaccount": (service.account,),
        "aws:viaawsservice": ("false",),
        **{f"aws:resourcetag/{key.lower()}": (value,) for key, value in service.tags.items()},
    }


def _caller(signer: Signer | None) -> Context:
    if signer is None:
        return {
            "aws:principaltype": ("Anonymous",),
            "aws:principalaccount": ("anonymous",),
            "aws:userid": ("anonymous",),
        }
    principal = signer.principal
    return {
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": (principal.type.replace("IAMUser", "User"),),
        "aws:userid": (principal.principal_id,),
        "aws:username": (principal.user_name,) if principal.user_name else (),
        "aws:principalorgid": (signer.organization_id,) if signer.organization_id else (),
        "aws:principalorgpaths": (signer.organization_path,) if signer.organization_path else (),
        **{f"aws:principaltag/{key.lower()}": (value,) for key, value in signer.tags.items()},
    }
