"""Two accounts, one of which shares networks and services with the other through RAM."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

OWNER, CONSUMER, STRANGER = "111122223333", "444455556666", "777788889999"


class Team:
    """The clients of one account, and the short forms of what the tests do with them."""

    def __init__(self, account: str, *, accounts: Callable[..., Any], advance: Callable[[float], None]) -> None:
        self.account, self.advance = account, advance
        self._client = partial(accounts, account)

    @cached_property
    def lattice(self) -> Any:
        return self._client()

    @cached_property
    def ec2(self) -> Any:
        return self._client("ec2")

    @cached_property
    def ram(self) -> Any:
        return self._client("ram")

    def network(self, name: str = "platform", **members: Any) -> str:
        """Create a network; its ARN."""
        arn: str = self.lattice.create_service_network(name=name, **members)["arn"]
        return arn

    def service(self, name: str = "orders") -> str:
        """Create a service that is ACTIVE; its ARN."""
        arn: str = self.lattice.create_service(name=name)["arn"]
        self.advance(3)
        return arn

    def share(self, arn: str, *principals: str) -> str:
        """Share with accounts; the ARN of the share."""
        answer = self.ram.create_resource_share(name="share", resourceArns=[arn], principals=list(principals))
        share_arn: str = answer["resourceShare"]["resourceShareArn"]
        return share_arn

    def associate_vpc(self, network: str) -> dict[str, str]:
        """Associate a new VPC of this account; the members that name the association."""
        vpc_id = self.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        answer = self.lattice.create_service_network_vpc_association(
            serviceNetworkIdentifier=network, vpcIdentifier=vpc_id
        )
        self.advance(8)
        return {"serviceNetworkVpcAssociationIdentifier": answer["id"]}

    def associate_service(self, network: str, service: str) -> dict[str, str]:
        """Associate a service; the members that name the association."""
        answer = self.lattice.create_service_network_service_association(
            serviceNetworkIdentifier=network, serviceIdentifier=service
        )
        self.advance(4)
        return {"serviceNetworkServiceAssociationIdentifier": answer["id"]}
