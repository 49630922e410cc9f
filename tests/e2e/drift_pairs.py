"""All (kind, field) pairs that somebody else can change, derived from Trellis' model and from the API models of AWS.

A kind is a dataclass of `trellis.model` that says who owns it or what AWS calls it, or that is no part of another one.
It can be deleted; it can be added where it lives inside of another one; and each of its fields can be changed that an
update operation of AWS takes. A new kind or field is a new pair, and one without somebody to tamper with it fails a
test.
"""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import boto3
from botocore.model import ListShape, Shape, StructureShape

from trellis import model

DELETED, ADDED = "deleted", "added"

_NOT_KEPT = {"Cluster", "Desired", "DnsName", "Certificate"}
"""The registry's entry, what a plan wants, what records are made of, and what only others make."""
_GIVEN = {"HostedZone"}  # whoever installs Trellis makes the zones; Trellis never deletes one


@dataclass(frozen=True)
class Update:
    """The operation of AWS that changes a kind; `path` leads to the members that are what the kind consists of."""

    service: str
    operation: str
    path: tuple[str, ...] = ()

    def members(self) -> frozenset[str]:
        """The names of the members below `path`."""
        shape: Shape | None = _operation(self.service, self.operation).input_shape
        for name in self.path:
            shape = _element(shape)
            assert isinstance(shape, StructureShape)
            shape = shape.members[name]
        shape = _element(shape)
        assert isinstance(shape, StructureShape)
        return frozenset(map(_folded, shape.members))


_RECORDS = ("RecordSet", "NameOwnership", "AssociationOwnership")
_RECORD_CHANGE = Update("route53", "ChangeResourceRecordSets", ("ChangeBatch", "Changes", "ResourceRecordSet"))

UPDATES: dict[str, tuple[Update, ...]] = {
    "Service": (
        Update("vpc-lattice", "UpdateService"),
        Update("vpc-lattice", "CreateServiceNetworkServiceAssociation"),
    ),
    "Listener": (Update("vpc-lattice", "UpdateListener"),),
    "Rule": (Update("vpc-lattice", "UpdateRule"),),
    "TargetGroup": (Update("vpc-lattice", "UpdateTargetGroup"),),
    "Target": (),  # it is registered or not
    "ServiceNetwork": (Update("vpc-lattice", "UpdateServiceNetwork"),),
    "VpcAssociation": (Update("vpc-lattice", "UpdateServiceNetworkVpcAssociation"),),
    "LinkLocalRule": (Update("ec2", "ModifySecurityGroupRules", ("SecurityGroupRules", "SecurityGroupRule")),),
    "HostedZone": (Update("route53", "AssociateVPCWithHostedZone"),),
    **dict.fromkeys(_RECORDS, (_RECORD_CHANGE,)),
    "AuthPolicy": (
        Update("vpc-lattice", "PutAuthPolicy"),
        Update("vpc-lattice", "UpdateService"),
        Update("vpc-lattice", "TagResource"),
    ),
    "ClientIdentity": (
        Update("iam", "PutRolePolicy"),
        Update("iam", "UpdateAssumeRolePolicy"),
        Update("eks", "UpdatePodIdentityAssociation"),
    ),
}

_CREATIONS = {
    "Listener": ("vpc-lattice", "CreateListener"),
    "Rule": ("vpc-lattice", "CreateRule"),
    "Target": ("vpc-lattice", "RegisterTargets"),
    "TargetGroup": ("vpc-lattice", "CreateTargetGroup"),
}
"""How a part of something is made; a target group belongs to no service, for its creation names none."""

_PARENTS = {"serviceIdentifier", "listenerIdentifier", "targetGroupIdentifier"}

_NAMES = {
    ("Service", "service_networks"): {"serviceNetworkIdentifier"},
    ("LinkLocalRule", "source"): {"PrefixListId", "CidrIpv4"},
    ("LinkLocalRule", "protocol"): {"IpProtocol"},
    ("HostedZone", "vpc_ids"): {"VPC"},
    **{(kind, "values"): {"ResourceRecords"} for kind in _RECORDS},
    **{(kind, "ttl"): {"TTL"} for kind in _RECORDS},
    ("AuthPolicy", "holder"): {"authType"},  # without it, the policy is not in force there
    ("AuthPolicy", "source"): {"tags"},
    ("AuthPolicy", "document"): {"policy"},
    ("ClientIdentity", "calls"): {"PolicyDocument"},
    ("ClientIdentity", "binding"): {"PolicyDocument"},
    ("ClientIdentity", "role"): {"roleArn"},
}
"""Where AWS calls a field by another name than the model does."""

_KEYS = {(kind, name) for kind in _RECORDS for name in ("name", "type")}
"""Members of an update that say which resource is meant; another value there is another resource."""


@dataclass(frozen=True, order=True)
class Pair:
    """A kind and what happens to it: `deleted`, `added`, or the path of the field that is changed."""

    kind: str
    field: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.field}"


def kinds() -> dict[str, type]:
    """The kinds of resources by name."""
    found = {name: getattr(model, name) for name in model.__all__ if name not in _NOT_KEPT}
    classes = {name: kind for name, kind in found.items() if is_dataclass(kind)}
    parts = {part for kind in classes.values() for part in _parts_of(kind)}
    return {
        name: kind
        for name, kind in classes.items()
        if {"id", "owner"} & {entry.name for entry in fields(kind)} or kind not in parts
    }


def pairs() -> tuple[Pair, ...]:
    """All pairs, sorted."""
    return tuple(sorted(found for name, kind in kinds().items() for found in _pairs_of(name, kind)))


def _pairs_of(name: str, kind: type) -> Iterator[Pair]:
    if name not in _GIVEN:
        yield Pair(name, DELETED)
    if name in _parts() and _PARENTS & set(_operation(*_CREATIONS[name]).input_shape.members):
        yield Pair(name, ADDED)
    members = frozenset[str]().union(*(update.members() for update in UPDATES[name]))
    for entry in fields(kind):
        if entry.compare and (name, entry.name) not in _KEYS and _names(name, entry.name) & members:
            yield from (Pair(name, path) for path in _leaves(entry.name, typing.get_type_hints(kind)[entry.name]))


def _leaves(path: str, hint: Any) -> Iterator[str]:
    """The paths of a field's own fields, down to what is no dataclass; of a union those of each of its types."""
    found = [part for part in _types(hint) if is_dataclass(part)]
    if not found:
        yield path
    for part in found:
        hints = typing.get_type_hints(part)
        for entry in fields(part):
            yield from _leaves(f"{path}.{entry.name}", hints[entry.name])


def _parts() -> frozenset[str]:
    """The names of the kinds that live inside of another."""
    known = kinds()
    inside = (part for kind in known.values() for part in _parts_of(kind) if part in known.values())
    return frozenset(part.__name__ for part in inside)


def _parts_of(kind: type) -> Iterator[type]:
    """The types of a dataclass' fields."""
    for hint in typing.get_type_hints(kind).values():
        yield from _types(hint)


def _types(hint: Any) -> Iterator[type]:
    """The types that an annotation is made of."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is tuple:
        for argument in typing.get_args(hint):
            yield from _types(argument)
    elif isinstance(hint, type):
        yield hint


def _names(kind: str, name: str) -> set[str]:
    first, *rest = name.split("_")
    return {_folded(found) for found in _NAMES.get((kind, name), {first + "".join(map(str.title, rest))})}


def _folded(name: str) -> str:
    """EC2 and Route 53 begin their members' names with a capital, VPC Lattice does not."""
    return name[0].lower() + name[1:]


def _operation(service: str, operation: str) -> Any:
    client = boto3.client(service, region_name="us-west-2", aws_access_key_id="none", aws_secret_access_key="none")
    return client.meta.service_model.operation_model(operation)


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if isinstance(shape, ListShape) else shape
