"""What Route 53 checks before a change batch takes effect, all of it or nothing.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

RecordSet = Any
"""moto's record set."""

Key = tuple[str, str, str | None]
_ROUTING = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")


class InvalidBatchError(Exception):
    """Why a batch is refused, one message for each wrong change."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(f"[{', '.join(messages)}]")


class InvalidChangeError(Exception):
    """A change that does not even have the form of one."""


def canonical_name(name: str) -> str:
    """Lower case, with the trailing dot and the octal escape that Route 53 answers with."""
    return name.lower().replace("*", "\\052").removesuffix(".") + "."


def canonical(record_set: Mapping[str, Any]) -> dict[str, Any]:
    """The record set in the form in which moto keeps it; raises InvalidChangeError."""
    plain = record_set.get("TTL") is not None and bool(record_set.get("ResourceRecords"))
    if plain == bool(record_set.get("AliasTarget")):
        raise InvalidChangeError(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {'more than one' if plain else 'none'} in Change with "
            f"[Name={record_set['Name']}, Type={record_set['Type']}]"
        )
    if any(record_set.get(policy) is not None for policy in _ROUTING) and not record_set.get("SetIdentifier"):
        raise InvalidChangeError(f"Invalid request: Missing field 'SetIdentifier' in Change with {record_set['Name']}")
    values = [record["Value"] for record in record_set.get("ResourceRecords") or ()]
    members = {**record_set, "Name": canonical_name(record_set["Name"])}
    if values:
        members["ResourceRecords"] = values
    return members


class Batch:
    """Changes applied to a copy of a zone's record sets."""

    def __init__(self, zone_name: str, current: Mapping[Key, Mapping[str, Any]]) -> None:
        self._zone = canonical_name(zone_name)
        self.records: dict[Key, Mapping[str, Any]] = dict(current)

    def apply(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Apply all changes; raises InvalidBatchError or InvalidChangeError."""
        prepared = [(change["Action"], canonical(change["ResourceRecordSet"])) for change in changes]
        messages = [message for action, record_set in prepared for message in self._apply(action, record_set)]
        if messages:
            raise InvalidBatchError(messages)

    def _apply(self, action: str, record_set: Mapping[str, Any]) -> list[str]:
        key: Key = (record_set["Name"], record_set["Type"], record_set.get("SetIdentifier"))
        if action == "DELETE":
            return self._delete(key, record_set)
        message = self._place_problem(record_set) or _value_problem(record_set)
        if not message and action == "CREATE" and key in self.records:
            message = f"Tried to create resource record set {_label(key)} but it already exists"
        if message:
            return [message]
        self.records[key] = record_set
        return []

    def _delete(self, key: Key, record_set: Mapping[str, Any]) -> list[str]:
        current = self.records.get(key)
        if current is None:
            return [f"Tried to delete resource record set {_label(key)} but it was not found"]
        if not _same_values(current, record_set):
            reason = "but the values provided do not match the current values"
            return [f"Tried to delete resource record set {_label(key)} {reason}"]
        if key[0] == self._zone and key[1] in ("SOA", "NS"):
            return [f"A HostedZone must contain {'exactly one SOA' if key[1] == 'SOA' else 'at least one NS'} record."]
        del self.records[key]
        return []

    def _place_problem(self, record_set: Mapping[str, Any]) -> str | None:
        name, kind = record_set["Name"], record_set["Type"]
        if name != self._zone and not name.endswith(f".{self._zone}"):
            return f"RRSet with DNS name {name} is not permitted in zone {self._zone}"
        if kind == "CNAME" and name == self._zone:
            return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {self._zone}"
        beside = {other[1] for other in self.records if other[0] == name and other[1] != kind}
        if beside and kind == "CNAME":
            return (
                f"RRSet of type CNAME with DNS name {name} is not permitted because a conflicting RRSet with the same "
                f"DNS name already exists in zone {self._zone}"
            )
        if "CNAME" in beside:
            return (
                f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with "
                f"the same DNS name in zone {self._zone}"
            )
        return None


def _label(key: Key) -> str:
    identifier = f", set-identifier='{key[2]}'" if key[2] else ""
    return f"[name='{key[0]}', type='{key[1]}'{identifier}]"


def _same_values(current: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return _comparable(current) == _comparable(given)


def _comparable(record_set: Mapping[str, Any]) -> tuple[Any, ...]:
    alias = record_set.get("AliasTarget") or {}
    return (
        str(record_set.get("TTL")) if record_set.get("TTL") is not None else None,
        sorted(record_set.get("ResourceRecords") or ()),
        (alias.get("HostedZoneId"), canonical_name(alias["DNSName"]), bool(alias.get("EvaluateTargetHealth")))
        if alias
        else None,
        *(record_set.get(policy) for policy in _ROUTING),
        record_set.get("HealthCheckId"),
    )


def _value_problem(record_set: Mapping[str, Any]) -> str | None:
    kind, values = record_set["Type"], record_set.get("ResourceRecords") or ()
    if kind == "CNAME" and len(values) > 1:
        return f"RRSet of type CNAME with DNS name {record_set['Name']} has more than one value"
    for value in values:
        problem = _one_value_problem(kind, value)
        if problem:
            return f"Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''"
    return None


def _one_value_problem(kind: str, value: str) -> str | None:
    if kind == "TXT" and not (len(value) >= 2 and value.startswith('"') and value.endswith('"')):
        return "InvalidCharacterString (Value should be enclosed in quotation marks)"
    if kind == "A" and not _is_address(value, 4):
        return "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
    if kind == "AAAA" and not _is_address(value, 6):
        return "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
    if kind == "CNAME" and (not value.strip(".") or " " in value):
        return "DomainLabelEmpty (Domain label is empty)"
    return None


def _is_address(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False
