"""What VPC Lattice's lists do not tell of services and what is in them: remembered if unchanged, else read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trellis.resources.read_memory import Details, ReadMemory

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

Summary = Mapping[str, Any]

_OF_SERVICE = ("certificateArn",)
_OF_LISTENER = ("defaultAction",)
_OF_RULE = ("match", "action")
_OF_GROUP = ("config", "failureMessage")


class ServiceDetails:
    """Reads the details of what one service has; `memory` may spare the call."""

    def __init__(self, lattice: "VPCLatticeClient", memory: ReadMemory, service: str) -> None:
        self._lattice = lattice
        self._memory = memory
        self._service = service

    def certificate(self, summary: Summary) -> str:
        """The ARN of the service's certificate; empty without one."""
        known = self._recall(summary)
        if known is None:
            known = self._noted(self._lattice.get_service(serviceIdentifier=summary["id"]), _OF_SERVICE)
        return str(known.get("certificateArn", ""))

    def listener(self, service_id: str, summary: Summary) -> Details:
        """The default action of a listener."""
        known = self._recall(summary)
        if known is not None:
            return known
        answer = self._lattice.get_listener(serviceIdentifier=service_id, listenerIdentifier=summary["id"])
        return self._noted(answer, _OF_LISTENER)

    def rule(self, service_id: str, listener_id: str, summary: Summary) -> Details:
        """Name, priority, match and action of a rule."""
        known = self._recall(summary)
        if known is not None:
            return {**summary, **known}
        answer = self._lattice.get_rule(
            serviceIdentifier=service_id, listenerIdentifier=listener_id, ruleIdentifier=summary["id"]
        )
        self._noted(answer, _OF_RULE)
        return answer

    def group(self, summary: Summary) -> Details:
        """A target group as the list and the answer to GetTargetGroup tell of it together.

        Which services use it is no change of the group: of an unchanged one, the list knows that better than memory.
        """
        known = self._recall(summary) if summary["status"] == "ACTIVE" else None
        if known is not None:
            return {**summary, **known}
        answer = self._lattice.get_target_group(targetGroupIdentifier=summary["id"])
        if answer["status"] == "ACTIVE":
            self._noted(answer, _OF_GROUP)
        return {**summary, **answer}

    def _recall(self, summary: Summary) -> Details | None:
        return self._memory.recall(self._service, summary["id"], summary["lastUpdatedAt"])

    def _noted(self, answer: Any, members: tuple[str, ...]) -> Details:
        details = {member: answer[member] for member in members if member in answer}
        self._memory.note(self._service, answer["id"], answer["lastUpdatedAt"], details)
        return details
