"""A cluster beside those of the walk-through, in a VPC of its own, for tests that do it harm."""

from collections.abc import Iterator
from contextlib import contextmanager

from observing import NETWORK, executions

from trellis_local.walkthrough import World

TAG = "trellis:service-network"


class ExtraCluster:
    """An EKS cluster; it must have left Trellis before `remove`."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.vpc_id: str = world.aws("ec2").create_vpc(CidrBlock="192.168.48.0/20")["Vpc"]["VpcId"]
        self._world = world
        self._subnets: list[str] = []
        self._ended: dict[str, set[str]] = {}

    @property
    def arn(self) -> str:
        """The ARN that tagging takes."""
        return f"arn:aws:eks:us-west-2:111122223333:cluster/{self.name}"

    def create(self, *, authentication_mode: str = "API", **tags: str) -> None:
        """Create it and wait until it is ACTIVE."""
        ec2, eks = self._world.aws("ec2"), self._world.aws("eks")
        for cidr, zone in (("192.168.48.0/21", "us-west-2a"), ("192.168.56.0/21", "us-west-2b")):
            subnet = ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]
            self._subnets.append(subnet["SubnetId"])
        eks.create_cluster(
            name=self.name,
            roleArn="arn:aws:iam::111122223333:role/eks-cluster",
            resourcesVpcConfig={"subnetIds": self._subnets},
            accessConfig={"authenticationMode": authentication_mode},
            tags=tags,
        )
        self._world.wait(
            f"{self.name} ACTIVE", lambda: eks.describe_cluster(name=self.name)["cluster"]["status"] == "ACTIVE"
        )

    def join(self, network: str = NETWORK) -> str:
        """Give it the tag and wait for the end of the onboarding that this starts; its status."""
        self._world.aws("eks").tag_resource(resourceArn=self.arn, tags={TAG: network})
        return self.ended("onboard-cluster")

    def leave(self) -> str:
        """Take the tag away and wait for the end of the offboarding; its status."""
        self._world.aws("eks").untag_resource(resourceArn=self.arn, tagKeys=[TAG])
        return self.ended("offboard-cluster")

    def ended(self, machine: str) -> str:
        """Wait for one more execution of the machine for this cluster than before; its status."""
        known = self._ended.setdefault(machine, set())

        def finished() -> str | None:
            for execution in executions(self._world, machine, self.name):
                if execution["name"] not in known and execution["status"] != "RUNNING":
                    known.add(execution["name"])
                    return str(execution["status"])
            return None

        return str(self._world.wait(f"{machine} of {self.name}", finished))

    def remove(self) -> None:
        """Delete it with its VPC; DeleteCluster makes Trellis offboard once more, which finds nothing."""
        ec2, eks = self._world.aws("ec2"), self._world.aws("eks")
        eks.delete_cluster(name=self.name)
        self.ended("offboard-cluster")
        self._world.wait(f"{self.name} gone", lambda: self.name not in eks.list_clusters()["clusters"])
        for subnet in self._subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=self.vpc_id)


@contextmanager
def extra_cluster(world: World, name: str) -> Iterator[ExtraCluster]:
    """A cluster without tags that is removed at the end."""
    cluster = ExtraCluster(world, name)
    cluster.create()
    yield cluster
    cluster.remove()
