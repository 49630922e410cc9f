"""Turns a submitted object into one that may be stored, or says why it may not."""

from __future__ import annotations

import re
from typing import Any

from trellis_local.kubernetes.catalog import metadata_schema
from trellis_local.kubernetes.cel import rule_causes
from trellis_local.kubernetes.errors import Cause, bad_request, invalid
from trellis_local.kubernetes.objects import ANNOTATIONS_LIMIT, Object, annotations_of, clone, labels_of, name_of
from trellis_local.kubernetes.requests import Target, WriteOptions
from trellis_local.kubernetes.strategies import strategy_of

_DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_SUBDOMAIN = re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PATH_SEGMENT_NAMES = "rbac.authorization.k8s.io"  # their names may hold `:` and capitals


def decode(target: Target, body: Any, options: WriteOptions, *, partial: bool = False) -> Object:
    """A clone of the body with defaults and without unknown fields; raises BadRequest for what is no such object.

    A `partial` body is the configuration of one applier, which need not be a whole object.
    """
    if not isinstance(body, dict):
        raise bad_request("the object provided is unrecognized (must be of type object)")
    obj: Object = clone(body)
    obj.setdefault("apiVersion", target.api_version)
    obj.setdefault("kind", target.resource.kind)
    _check_type(target, obj)
    if not isinstance(obj.setdefault("metadata", {}), dict):
        raise bad_request("json: cannot unmarshal metadata into Go value of type v1.ObjectMeta")
    schema = target.served.schema
    unknown = schema.prune(obj)
    if unknown and options.field_validation == "Strict":
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise bad_request(f"strict decoding error: {listed}")
    if options.field_validation == "Warn":
        options.warnings.extend(f'unknown field "{path}"' for path in unknown)
    schema.default(obj)
    _drop_null_metadata(obj)
    _refuse_wrong_types(target, obj, partial=partial)
    obj["apiVersion"] = target.resource.api_version()
    return obj


def _check_type(target: Target, obj: Object) -> None:
    sent, expected = (obj["apiVersion"], obj["kind"]), (target.api_version, target.resource.kind)
    if sent != expected:
        message = f"the API version in the data ({sent[0]}, {sent[1]}) does not match the expected one {expected}"
        raise bad_request(message)


def _drop_null_metadata(obj: Object) -> None:
    obj["metadata"] = {key: value for key, value in obj["metadata"].items() if value is not None}


def _refuse_wrong_types(target: Target, obj: Object, *, partial: bool) -> None:
    """Metadata and built-in kinds are decoded into Go types first: a wrong JSON type is 400 there, not 422."""
    built_in = target.resource.built_in
    causes = target.served.schema.causes(obj) if built_in else metadata_schema().causes({"metadata": obj["metadata"]})
    for cause in causes:
        if cause.reason == "FieldValueTypeInvalid":
            kind, version = target.resource.kind, target.api_version
            message = f'{kind} in version "{version}" cannot be handled as a {kind}: {cause.field}: {cause.message}'
            raise bad_request(message)
    if causes and not partial:
        raise invalid(target.resource.qualified_kind, str(obj["metadata"].get("name", "")), causes)


def validate(target: Target, new: Object, old: Object | None) -> None:
    """Raise Invalid with every cause: metadata, schema, the kind's own checks, and CEL rules when all else holds."""
    causes = _metadata_causes(target, new, old)
    causes += target.served.schema.causes(new)
    if not causes:
        causes += strategy_of(target.type_key).causes(new, old)
    if not causes and target.served.schema.has_rules:
        causes += rule_causes(new, old, target.served.schema.raw)
    if causes:
        raise invalid(target.resource.qualified_kind, name_of(new), causes)


def _metadata_causes(target: Target, new: Object, old: Object | None) -> list[Cause]:
    causes = _name_causes(target, name_of(new))
    size = sum(len(k.encode()) + len(v.encode()) for k, v in annotations_of(new).items() if isinstance(v, str))
    if size > ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes"
        causes.append(Cause("metadata.annotations", "FieldValueTooLong", message))
    causes += [c for key in annotations_of(new) for c in _key_causes("metadata.annotations", key)]
    for key, value in labels_of(new).items():
        causes += _key_causes("metadata.labels", key)
        if isinstance(value, str) and (len(value) > 63 or not _LABEL_VALUE.fullmatch(value)):
            message = f'Invalid value: "{value}": a valid label must be at most 63 characters of [A-Za-z0-9_.-]'
            causes.append(Cause("metadata.labels", "FieldValueInvalid", message))
    if old is not None and "deletionTimestamp" in old["metadata"]:
        added = set(new["metadata"].get("finalizers") or []) - set(old["metadata"].get("finalizers") or [])
        if added:
            message = f"Forbidden: no new finalizers can be added if the object is being deleted: {sorted(added)}"
            causes.append(Cause("metadata.finalizers", "FieldValueForbidden", message))
    return causes


def _name_causes(target: Target, name: str) -> list[Cause]:
    if target.resource.group == _PATH_SEGMENT_NAMES:
        sound = "/" not in name and name not in ("", ".", "..")
    else:
        sound = len(name) <= 253 and _DNS_SUBDOMAIN.fullmatch(name) is not None
    if sound:
        return []
    why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
    return [Cause("metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": {why}')]


def _key_causes(field: str, key: str) -> list[Cause]:
    prefix, separator, name = key.rpartition("/")
    sound = len(name) <= 63 and _QUALIFIED_NAME.fullmatch(name)
    if separator:
        sound = sound and len(prefix) <= 253 and _DNS_SUBDOMAIN.fullmatch(prefix.lower())
    if sound:
        return []
    return [Cause(field, "FieldValueInvalid", f'Invalid value: "{key}": must be a qualified name')]
