"""Other people's resources of the same kinds, which must be the same afterwards."""

from collections.abc import Callable
from typing import Any

from trellis_local.walkthrough.world import World


class Bystanders:
    """A service network with a service, a target group and a hosted zone that have nothing to do with Trellis."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._readers: dict[str, Callable[[], Any]] = {}
        self._before: dict[str, Any] = {}

    def create(self, vpc_id: str) -> None:
        """Create them and remember what they look like."""
        lattice = self._world.aws("vpc-lattice")
        network = lattice.create_service_network(name="somebody-elses")["id"]
        service = lattice.create_service(name="somebody-elses")["id"]
        group = lattice.create_target_group(
            name="somebody-elses",
            type="IP",
            config={"port": 80, "protocol": "HTTP", "vpcIdentifier": vpc_id},
        )["id"]
        self._world.wait(
            "somebody else's service", lambda: lattice.get_service(serviceIdentifier=service)["status"] == "ACTIVE"
        )
        route53 = self._world.aws("route53")
        zone = route53.create_hosted_zone(
            Name="somebody-elses.example",
            CallerReference="somebody-elses",
            VPC={"VPCRegion": "us-west-2", "VPCId": vpc_id},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        self._readers = {
            "service network": lambda: lattice.get_service_network(serviceNetworkIdentifier=network),
            "service": lambda: lattice.get_service(serviceIdentifier=service),
            "target group": lambda: lattice.get_target_group(targetGroupIdentifier=group)["config"],
            "records": lambda: route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"],
        }
        self._before = self._read()

    def changed(self) -> list[str]:
        """What is not as it was."""
        after = self._read()
        return [name for name, before in self._before.items() if after[name] != before]

    def _read(self) -> dict[str, Any]:
        return {name: _plain(reader()) for name, reader in self._readers.items()}


def _plain(answer: Any) -> Any:
    return (
        {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        if isinstance(answer, dict)
        else answer
    )
