"""What moto's Route 53 answers wrongly about private zones and change batches.

Ids, conflicts of zones with the same name, VPCs that do not exist, CNAMEs beside other records or at the apex,
deletions with other values, batches that half succeed. Authorizations across accounts are not emulated.
"""

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.route53.exceptions import ConflictingDomainExists, InvalidInput, InvalidVPCId, PublicZoneVPCAssociation
from moto.route53.models import HostedZoneIdentifier, RecordSet, Route53Backend
from moto.route53.responses import Route53

from trellis_local.aws import moto_seam as moto
from trellis_local.aws.route53_changes import Batch, InvalidBatchError, InvalidChangeError, Key, canonical_name

_LOCK = threading.RLock()


class _Route53Error(moto.ServiceException):  # type: ignore[misc]
    """A modelled error that moto has no class for, or has with a fixed text."""


def install() -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [
        moto.replace(Route53, "create_hosted_zone", _create_hosted_zone(Route53.create_hosted_zone)),
        moto.replace(Route53Backend, "associate_vpc_with_hosted_zone", _associate),
        moto.replace(
            Route53Backend,
            "disassociate_vpc_from_hosted_zone",
            _disassociate(Route53Backend.disassociate_vpc_from_hosted_zone),
        ),
        moto.replace(Route53Backend, "change_resource_record_sets", _change_resource_record_sets),
        moto.replace(HostedZoneIdentifier, "generate", _zone_id),
    ]

    def uninstall() -> None:
        while undo:
            undo.pop()()

    return uninstall


def _zone_id(identifier: Any, existing_ids: Any = None, tags: Any = None) -> str:
    """Ids of zones begin with Z, as Z1RWWTK7Y8UDDQ does; moto's are any letters."""
    return "Z" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))


def _create_hosted_zone(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def create_hosted_zone(self: Any) -> Any:
        with _LOCK:
            name = canonical_name(self._get_param("Name"))
            _require_new_reference(self.backend, self._get_param("CallerReference"))
            vpc_id, region = self._get_param("VPC.VPCId"), self._get_param("VPC.VPCRegion")
            config = dict(self._get_param("HostedZoneConfig") or {})
            if config.get("PrivateZone") and not vpc_id:
                raise InvalidInput("A private hosted zone needs values for VPCRegion and VPCId.")
            if vpc_id:
                _require_vpc(vpc_id, region)
                _require_no_conflict(self.backend, name, vpc_id)
            # A zone is private when a VPC is given; moto looks at the flag only.
            self.params["HostedZoneConfig"] = {**config, "PrivateZone": bool(vpc_id)}
            return original(self)

    return create_hosted_zone


def _require_new_reference(backend: Any, reference: str) -> None:
    if any(zone.caller_reference == reference for zone in backend.zones.values()):
        raise _Route53Error(
            "HostedZoneAlreadyExists",
            f"A hosted zone has already been created with the specified caller reference: {reference}",
        )


def _require_vpc(vpc_id: str, region: str) -> None:
    if vpc_id not in moto.ec2_backends[moto.ACCOUNT][region].vpcs:
        raise InvalidVPCId()


def _require_no_conflict(backend: Any, name: str, vpc_id: str) -> None:
    for zone in backend.zones.values():
        if zone.private_zone and canonical_name(zone.name) == name and _is_associated(zone, vpc_id):
            error = ConflictingDomainExists(name, None)
            error.message = (
                f"The VPC {vpc_id} has already been associated with the hosted zone {zone.resource_id} with the same "
                "domain name."
            )
            raise error


def _is_associated(zone: Any, vpc_id: str) -> bool:
    return any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs)


def _associate(self: Any, zone_id: str, vpcid: str, vpcregion: str) -> Any:
    with _LOCK:
        zone = self.get_hosted_zone(zone_id)
        if not zone.private_zone:
            raise PublicZoneVPCAssociation()
        _require_vpc(vpcid, vpcregion)
        _require_no_conflict(self, canonical_name(zone.name), vpcid)
        zone.add_vpc(vpcid, vpcregion)
        return zone


def _disassociate(original: Callable[..., Any]) -> Callable[..., Any]:
    def disassociate(self: Any, zone_id: str, vpcid: str) -> Any:
        with _LOCK:
            if not _is_associated(self.get_hosted_zone(zone_id), vpcid):
                raise _Route53Error(
                    "VPCAssociationNotFound",
                    f"The VPC {vpcid} and the hosted zone {zone_id} that you specified are not currently associated.",
                )
            return original(self, zone_id, vpcid)

    return disassociate


def _change_resource_record_sets(self: Any, zoneid: str, change_list: list[Mapping[str, Any]]) -> None:
    with _LOCK:
        zone = self.get_hosted_zone(zoneid)
        before: dict[Key, Any] = {_key(record): record for record in zone.rrsets}
        batch = Batch(zone.name, {key: _members(record) for key, record in before.items()})
        known = dict(batch.records)
        try:
            batch.apply(change_list)
        except InvalidBatchError as error:
            raise _Route53Error("InvalidChangeBatch", str(error)) from error
        except InvalidChangeError as error:
            raise InvalidInput(str(error)) from error
        zone.rrsets = [
            before[key] if known.get(key) is members else RecordSet(dict(members))
            for key, members in batch.records.items()
        ]


def _key(record: Any) -> Key:
    return canonical_name(record.name), record.type, record.set_identifier


def _members(record: Any) -> Mapping[str, Any]:
    return {
        "Name": canonical_name(record.name),
        "Type": record.type,
        "TTL": record.ttl,
        "ResourceRecords": list(record.records or ()),
        "SetIdentifier": record.set_identifier,
        "Weight": record.weight,
        "Region": record.region,
        "HealthCheckId": record.health_check_id,
        "AliasTarget": record.alias_target,
        "Failover": record.failover,
        "GeoLocation": record.geo_location,
        "MultiValueAnswer": record.multi_value_answer,
    }
