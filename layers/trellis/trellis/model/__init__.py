"""The AWS world as frozen dataclasses: what the intent asks for, and what was read from AWS.

`desired` and `observed` are made of the same classes. Members that AWS chooses (ids, ARNs, states, generated names)
and the owner take no part in equality, so that comparing a desired with an observed object compares what was asked for.
"""

from trellis.model.auth_policy import AUTH_POLICY_TAG, AuthPolicy, auth_id, network_holder, service_holder
from trellis.model.certificate import Certificate, is_certificate_arn
from trellis.model.client_identity import IRSA, POD_IDENTITY, ClientIdentity
from trellis.model.cluster import Cluster, ClusterState, Mode
from trellis.model.desired import Desired, DnsName
from trellis.model.dns import AssociationOwnership, HostedZone, NameOwnership, RecordSet, name_id
from trellis.model.network import NETWORKS_OF_OTHERS, ServiceNetwork, VpcAssociation
from trellis.model.ownership import (
    FOR_TAG,
    OWNER_TAG,
    cluster_owner,
    fleet_owner,
    ownership_tags,
)
from trellis.model.security_group import LinkLocalRule
from trellis.model.service import (
    Action,
    FixedResponse,
    Forward,
    HeaderMatch,
    HealthCheck,
    Listener,
    PathMatch,
    Rule,
    RuleMatch,
    Service,
    Target,
    TargetGroup,
    WeightedTargetGroup,
)

__all__ = [
    "AUTH_POLICY_TAG",
    "FOR_TAG",
    "IRSA",
    "NETWORKS_OF_OTHERS",
    "OWNER_TAG",
    "POD_IDENTITY",
    "Action",
    "AssociationOwnership",
    "AuthPolicy",
    "Certificate",
    "ClientIdentity",
    "Cluster",
    "ClusterState",
    "Desired",
    "DnsName",
    "FixedResponse",
    "Forward",
    "HeaderMatch",
    "HealthCheck",
    "HostedZone",
    "LinkLocalRule",
    "Listener",
    "Mode",
    "NameOwnership",
    "PathMatch",
    "RecordSet",
    "Rule",
    "RuleMatch",
    "Service",
    "ServiceNetwork",
    "Target",
    "TargetGroup",
    "VpcAssociation",
    "WeightedTargetGroup",
    "auth_id",
    "cluster_owner",
    "fleet_owner",
    "is_certificate_arn",
    "name_id",
    "network_holder",
    "ownership_tags",
    "service_holder",
]
