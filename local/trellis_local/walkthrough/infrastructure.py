"""What the platform team has before Trellis: VPCs, a hosted zone, and two EKS clusters with the tag."""

from typing import Any

from trellis_local.walkthrough.world import World

CIDR = "192.168.48.0/20"
ZONE = "lattice-test.io"


class Infrastructure:
    """Three VPCs with the same CIDR - of the two clusters, and one outside the network - and a tagged private zone."""

    def __init__(self, world: World, cluster_a: str, cluster_b: str, network: str) -> None:
        self.vpcs: dict[str, str] = {}
        self.zone_id = ""
        self._world = world
        self._clusters = {"a": cluster_a, "b": cluster_b}
        self._network = network
        self._subnets: dict[str, list[str]] = {}

    def create(self) -> None:
        """Create VPCs, subnets, the clusters' role and the zone."""
        for place in ("a", "b", "outside"):
            self._create_vpc(place)
        self._world.aws("iam").create_role(RoleName="eks-cluster", AssumeRolePolicyDocument=_TRUST)
        route53 = self._world.aws("route53")
        zone = route53.create_hosted_zone(
            Name=ZONE,
            CallerReference="walkthrough",
            VPC={"VPCRegion": "us-west-2", "VPCId": self.vpcs["outside"]},
            HostedZoneConfig={"PrivateZone": True, "Comment": "names of services"},
        )["HostedZone"]
        self.zone_id = zone["Id"].rsplit("/", 1)[-1]
        route53.change_tags_for_resource(
            ResourceType="hostedzone",
            ResourceId=self.zone_id,
            AddTags=[{"Key": "trellis:managed", "Value": "true"}],
        )

    def create_clusters(self) -> None:
        """Create both clusters with the tag that asks for onboarding."""
        for place, name in self._clusters.items():
            self._world.aws("eks").create_cluster(
                name=name,
                roleArn="arn:aws:iam::111122223333:role/eks-cluster",
                resourcesVpcConfig={"subnetIds": self._subnets[place]},
                accessConfig={"authenticationMode": "API"},
                tags={"trellis:service-network": self._network},
            )

    def remove_clusters(self) -> None:
        """One cluster gives its tag back, the other is deleted: two ways to leave."""
        eks = self._world.aws("eks")
        arn = eks.describe_cluster(name=self._clusters["a"])["cluster"]["arn"]
        eks.untag_resource(resourceArn=arn, tagKeys=["trellis:service-network"])
        eks.delete_cluster(name=self._clusters["b"])

    def link_local_sources(self, cluster: str) -> list[str]:
        """The prefix lists and CIDRs of VPC Lattice that the cluster security group admits."""
        found = self._world.aws("eks").describe_cluster(name=cluster)["cluster"]
        group = found["resourcesVpcConfig"]["clusterSecurityGroupId"]
        ec2 = self._world.aws("ec2")
        rules: list[dict[str, Any]] = ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )["SecurityGroupRules"]
        return [str(rule["PrefixListId"]) for rule in rules if not rule["IsEgress"] and rule.get("PrefixListId")]

    def _create_vpc(self, place: str) -> None:
        ec2 = self._world.aws("ec2")
        vpc_id = ec2.create_vpc(CidrBlock=CIDR)["Vpc"]["VpcId"]
        self.vpcs[place] = vpc_id
        self._subnets[place] = [
            ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for cidr, zone in (("192.168.48.0/21", "us-west-2a"), ("192.168.56.0/21", "us-west-2b"))
        ]


_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)
