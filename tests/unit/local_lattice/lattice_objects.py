"""One resource of each kind that has a status, and how to read, delete and find it in any state."""

from dataclasses import dataclass
from typing import Any

from botocore import xform_name

KINDS = ("Service", "TargetGroup", "ServiceNetworkServiceAssociation", "ServiceNetworkVpcAssociation")


@dataclass
class Subject:
    """A resource in the state that its creation left it in; `answer` is what the create call said."""

    client: Any
    kind: str
    answer: dict[str, Any]

    @property
    def key(self) -> dict[str, str]:
        name = self.kind[0].lower() + self.kind[1:] + "Identifier"
        return {name: self.answer["id"]}

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self.client, f"get_{xform_name(self.kind)}")(**self.key)
        return found

    def delete(self) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self.client, f"delete_{xform_name(self.kind)}")(**self.key)
        return found


def create(client: Any, kind: str, *, vpc_id: str, advance: Any) -> Subject:
    """Create a resource of the kind; what it needs is created before and is ACTIVE."""
    if kind == "Service":
        answer = client.create_service(name="subject")
    elif kind == "TargetGroup":
        config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": vpc_id}
        answer = client.create_target_group(name="subject", type="IP", config=config)
    else:
        network_id = client.create_service_network(name="network-of-subject")["id"]
        answer = _association(client, kind, network_id=network_id, vpc_id=vpc_id, advance=advance)
    return Subject(client, kind, answer)


def _association(client: Any, kind: str, *, network_id: str, vpc_id: str, advance: Any) -> Any:
    if kind == "ServiceNetworkVpcAssociation":
        return client.create_service_network_vpc_association(serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id)
    service_id = client.create_service(name="service-of-subject")["id"]
    advance(3)
    return client.create_service_network_service_association(
        serviceNetworkIdentifier=network_id, serviceIdentifier=service_id
    )
