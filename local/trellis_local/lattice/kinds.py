"""The kinds of resources and how AWS spells each of them: in ids, in ARNs, in errors and for the Tagging API."""

import secrets
from dataclasses import dataclass

ID_HEX_DIGITS = 17


@dataclass(frozen=True)
class Kind:
    """`name` is the noun of the API, `prefix` starts the ids, `segment` is the resource type in ARNs."""

    name: str
    prefix: str
    segment: str
    error_type: str

    @property
    def tagging_type(self) -> str:
        """The type that the Resource Groups Tagging API filters by."""
        return f"vpc-lattice:{self.segment}"

    def new_id(self) -> str:
        """A fresh id: prefix and 17 hexadecimal digits."""
        return f"{self.prefix}-{secrets.token_hex(9)[:ID_HEX_DIGITS]}"


SERVICE_NETWORK = Kind("ServiceNetwork", "sn", "servicenetwork", "SERVICE_NETWORK")
SERVICE = Kind("Service", "svc", "service", "SERVICE")
LISTENER = Kind("Listener", "listener", "listener", "LISTENER")
RULE = Kind("Rule", "rule", "rule", "RULE")
TARGET_GROUP = Kind("TargetGroup", "tg", "targetgroup", "TARGET_GROUP")
SERVICE_ASSOCIATION = Kind(
    "ServiceNetworkServiceAssociation",
    "snsa",
    "servicenetworkserviceassociation",
    "SERVICE_NETWORK_SERVICE_ASSOCIATION",
)
VPC_ASSOCIATION = Kind(
    "ServiceNetworkVpcAssociation", "snva", "servicenetworkvpcassociation", "SERVICE_NETWORK_VPC_ASSOCIATION"
)
RESOURCE_GATEWAY = Kind("ResourceGateway", "rgw", "resourcegateway", "RESOURCE_GATEWAY")
RESOURCE_CONFIGURATION = Kind("ResourceConfiguration", "rcfg", "resourceconfiguration", "RESOURCE_CONFIGURATION")
RESOURCE_ASSOCIATION = Kind(
    "ServiceNetworkResourceAssociation",
    "snra",
    "servicenetworkresourceassociation",
    "SERVICE_NETWORK_RESOURCE_ASSOCIATION",
)
DOMAIN_VERIFICATION = Kind("DomainVerification", "dv", "domainverification", "DOMAIN_VERIFICATION")
ACCESS_LOG_SUBSCRIPTION = Kind("AccessLogSubscription", "als", "accesslogsubscription", "ACCESS_LOG_SUBSCRIPTION")


def id_of(identifier: str) -> str:
    """The id in an id or an ARN."""
    return identifier.rsplit("/", 1)[-1]


def both_forms(arn: str) -> tuple[str, str]:
    """The identifiers of the resource with this ARN: the ARN and the id."""
    return arn, id_of(arn)


def account_of(identifier: str) -> str | None:
    """The account of an ARN, None for an id."""
    return identifier.split(":")[4] if identifier.startswith("arn:") else None
