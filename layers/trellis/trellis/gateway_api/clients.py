"""ServiceAccounts that say which services their pods call, by annotations.

ServiceAccounts have no status, so what is wrong with an annotation is told in the report only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trellis.gateway_api import hostnames
from trellis.gateway_api.conditions import Finding, joined
from trellis.gateway_api.names import client_role_name
from trellis.gateway_api.objects import ServiceAccount
from trellis.gateway_api.snapshot import Snapshot
from trellis.gateway_api.trim import CALLS_ANNOTATION, IDENTITY_ANNOTATION
from trellis.model import IRSA, POD_IDENTITY, ClientIdentity, Cluster

MAX_CALLS = 50
"""Inline policies of a role have 10,240 characters in all; an ARN has a hundred."""


@dataclass(frozen=True)
class ClientIntent:
    """What a ServiceAccount asks for, or, with a `refusal`, why it gets nothing of it."""

    namespace: str
    service_account: str
    identity: ClientIdentity | None
    refusal: Finding | None = None


def judge_clients(snapshot: Snapshot, cluster: Cluster) -> tuple[ClientIntent, ...]:
    """The annotated ServiceAccounts."""
    return tuple(
        _judge(found, cluster) for found in snapshot.service_accounts if CALLS_ANNOTATION in found.metadata.annotations
    )


def _judge(account: ServiceAccount, cluster: Cluster) -> ClientIntent:
    namespace, name = account.key
    notes = account.metadata.annotations
    calls = tuple(sorted({part.strip().lower() for part in notes[CALLS_ANNOTATION].split(",") if part.strip()}))
    binding = notes.get(IDENTITY_ANNOTATION, POD_IDENTITY)
    problems = [*_problems(calls)]
    if binding not in (POD_IDENTITY, IRSA):
        problems.append(f"{IDENTITY_ANNOTATION}: {binding[:40]!r} is neither {POD_IDENTITY} nor {IRSA}")
    role = client_role_name(cluster, namespace=namespace, service_account=name)
    if problems:
        return ClientIntent(namespace, name, None, Finding("UnsupportedValue", joined(problems)))
    return ClientIntent(namespace, name, ClientIdentity(namespace, name, calls, role, binding))


def _problems(calls: tuple[str, ...]) -> Iterator[str]:
    if not calls:
        yield f"{CALLS_ANNOTATION}: names no hostname"
    if len(calls) > MAX_CALLS:
        yield f"{CALLS_ANNOTATION}: names {len(calls)} hostnames, {MAX_CALLS} at most"
    for hostname in calls[:MAX_CALLS]:
        trouble = hostnames.problem(hostname)
        if trouble:
            yield f"{CALLS_ANNOTATION}: {ascii(hostname)[:260]}: {trouble}"
