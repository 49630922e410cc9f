"""Deployments that ask for the SigV4 proxy: the annotations that its admission controller needs at their pods.

The admission controller reads pods, so that its annotations stand in the pod template, where a change restarts them.
Nothing is therefore written to a Deployment that does not ask for it by an annotation of its own, outside of the
template. https://github.com/aws-observability/aws-sigv4-proxy-admission-controller, as of March 2024
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trellis.gateway_api import hostnames
from trellis.gateway_api.clients import ClientIntent
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.trim import CALLS_ANNOTATION

PROXY_ANNOTATION = "trellis.dev/signing-proxy"
"""On a Deployment: the hostname that its pods call through the proxy, with `http://` (the default) or `https://`."""

MANAGER = "trellis-signing-proxy"
"""The field manager of the annotations that Trellis writes: what it does not own it does not remove."""

NOT_CALLED = "NotCalled"

_PREFIX = "sidecar.aws.signing-proxy/"
_SERVICE = "vpc-lattice-svcs"
_SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Workload:
    """A Deployment as it is: with the annotations of its pods for the proxy, and which of them Trellis owns."""

    namespace: str
    name: str
    asks: str | None
    service_account: str
    annotations: Mapping[str, str]
    owned: frozenset[str]

    @property
    def resource(self) -> str:
        """How it is called in reports."""
        return f"signing proxy of Deployment {self.namespace}/{self.name}"

    def has(self, wanted: Mapping[str, str]) -> bool:
        """Whether it has these annotations, and none of Trellis beside them."""
        return all(self.annotations.get(name) == value for name, value in wanted.items()) and self.owned <= {*wanted}


def workload_of(deployment: Mapping[str, Any]) -> Workload:
    """The Deployment of a Kubernetes API."""
    metadata, template = deployment["metadata"], deployment["spec"]["template"]
    found = (template.get("metadata") or {}).get("annotations") or {}
    return Workload(
        namespace=metadata["namespace"],
        name=metadata["name"],
        asks=(metadata.get("annotations") or {}).get(PROXY_ANNOTATION),
        service_account=template["spec"].get("serviceAccountName") or "default",
        annotations={name: value for name, value in found.items() if name.startswith(_PREFIX)},
        owned=frozenset(_owned(metadata)),
    )


def wanted_annotations(
    workload: Workload, clients: Iterable[ClientIntent], *, region: str
) -> Mapping[str, str] | Finding:
    """The annotations that its pods need, none where it does not ask, or why it cannot have what it asks for."""
    if workload.asks is None:
        return {}
    scheme, separator, host = workload.asks.strip().lower().rpartition("://")
    problem = hostnames.problem(host)
    if problem or (separator and scheme not in _SCHEMES):
        message = problem or f"the scheme is neither {' nor '.join(_SCHEMES)}"
        return Finding("UnsupportedValue", f"{PROXY_ANNOTATION}: {ascii(workload.asks)[:260]}: {message}")
    if host not in _calls(workload, clients):
        account = f"ServiceAccount {workload.namespace}/{workload.service_account}"
        return Finding(NOT_CALLED, f"{account}, which its pods have, does not name {host} in {CALLS_ANNOTATION}")
    return annotations(host, scheme=scheme or "http", region=region)


def annotations(host: str, *, scheme: str, region: str) -> dict[str, str]:
    """What makes the admission controller add a proxy that signs for VPC Lattice.

    Without `name` and `region` it takes both from the labels of the host, which is wrong for VPC Lattice; VPC Lattice
    takes no signed payload; the scheme would be https.
    """
    values = {
        "inject": "true",
        "host": host,
        "name": _SERVICE,
        "region": region,
        "unsigned-payload": "true",
        "upstream-url-scheme": scheme,
    }
    return {f"{_PREFIX}{name}": value for name, value in values.items()}


def _calls(workload: Workload, clients: Iterable[ClientIntent]) -> tuple[str, ...]:
    key = workload.namespace, workload.service_account
    found = (client.identity for client in clients if (client.namespace, client.service_account) == key)
    return next((identity.calls for identity in found if identity), ())


def _owned(metadata: Mapping[str, Any]) -> Iterator[str]:
    """The annotations of the pod template that Trellis has set and nobody has changed since."""
    for entry in metadata.get("managedFields") or ():
        if entry.get("manager") == MANAGER:
            fields = entry.get("fieldsV1") or {}
            for part in ("f:spec", "f:template", "f:metadata", "f:annotations"):
                fields = fields.get(part) or {}
            yield from (name.removeprefix("f:") for name in fields if name.startswith(f"f:{_PREFIX}"))
