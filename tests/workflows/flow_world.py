"""What is there before Trellis: a cluster, a zone, and other people's resources of the same kinds."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_lab import FlowLab, wait_until

from trellis_local.walkthrough.world import manifests, path_of

CLUSTER, NETWORK, ZONE = "EKS-CLUSTER-B", "eks-lattice-network", "lattice-test.io"
ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes/datastore"
_FOLDERS = Path(__file__).parents[2] / "examples" / "walkthrough"
_ACCOUNTS = "/api/v1/namespaces/apps/serviceaccounts"
_FRONTEND = "/apis/apps/v1/namespaces/apps/deployments/frontend"
_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/apps/rolebindings"
_POLICY = "/apis/application-networking.k8s.aws/v1alpha1/namespaces/apps/iamauthpolicies/datastore"
_CIDR = "192.168.48.0/20"
_TRUST = "{}"


@dataclass(frozen=True)
class World:
    """What a cluster is made of; the cluster itself comes and goes."""

    lab: FlowLab
    subnet: str
    role: str

    def create_cluster(self) -> None:
        """A cluster whose tag asks for Trellis, with a rule and an access entry of the platform team."""
        eks = self.lab.aws("eks")
        eks.create_cluster(
            name=CLUSTER,
            roleArn=self.role,
            resourcesVpcConfig={"subnetIds": [self.subnet]},
            accessConfig={"authenticationMode": "API"},
            tags={"trellis:service-network": NETWORK},
        )
        self.lab.clock.move(60)
        wait_until(lambda: self._cluster()["status"] == "ACTIVE", "the cluster starts")
        group = self._cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
        permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
        self.lab.aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        eks.create_access_entry(clusterName=CLUSTER, principalArn=self.role)

    def delete_cluster(self) -> None:
        """The cluster and all that was in it are gone."""
        self.lab.aws("eks").delete_cluster(name=CLUSTER)
        self.lab.clock.move(60)

    def _cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lab.aws("eks").describe_cluster(name=CLUSTER)["cluster"]
        return found


def create_world(lab: FlowLab) -> World:
    """The platform team's resources, but for the cluster."""
    ec2 = lab.aws("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"] for _ in range(2)]
    subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock=_CIDR)["Subnet"]["SubnetId"]
    role = lab.aws("iam").create_role(RoleName="eks-cluster", AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"]
    _create_zone(lab, vpcs[1])
    _create_bystanders(lab, vpcs[1])
    return World(lab, subnet, role)


def apply_manifests(lab: FlowLab) -> None:
    """`kubectl apply` of the walk-through's files."""
    _apply(lab, "cluster-b")


def ask_for_access(lab: FlowLab) -> None:
    """Auth policies for network and service, two ServiceAccounts whose pods call it, and a proxy for those of one."""
    # The frontend is not served itself, so that its pods, which the proxy restarts, are no targets.
    for folder in ("cluster-a", "authorise/cluster-a", "authorise/cluster-b"):
        _apply(lab, folder)
    # The policy as it is in the walk-through names the VPC of a cluster that is not there.
    _allow(lab, {"StringEquals": {"vpc-lattice-svcs:SourceVpc": f"${{trellis:vpc/{CLUSTER}}}"}})
    _call(lab, "batch")
    api = lab.kubernetes(CLUSTER)
    for document in manifests(_FOLDERS.parent / "signing-proxy"):
        api.apply(f"{_BINDINGS}/{document['metadata']['name']}", document, manager="team")
    _use_proxy(lab, f"datastore.{ZONE}")


def change_access(lab: FlowLab) -> None:
    """Another policy for the service and none for the network; one client more, one less, and one bound otherwise."""
    _allow(lab, {"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "apps"}})
    issuer = lab.aws("eks").describe_cluster(name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
    lab.aws("iam").create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    _call(lab, "aws-sigv4-client", identity="irsa")
    _call(lab, "another")
    _use_proxy(lab, f"https://datastore.{ZONE}")
    lab.kubernetes(CLUSTER).delete(f"{_ACCOUNTS}/batch")
    lab.kubernetes(CLUSTER).delete(f"{_POLICY.rpartition('/')[0]}/everybody")


def _call(lab: FlowLab, name: str, *, identity: str = "pod-identity") -> None:
    annotations = {"trellis.dev/calls": f"datastore.{ZONE}", "trellis.dev/identity": identity}
    metadata = {"name": name, "namespace": "apps", "annotations": annotations}
    document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    lab.kubernetes(CLUSTER).apply(f"{_ACCOUNTS}/{name}", document, manager="team")


def _use_proxy(lab: FlowLab, upstream: str) -> None:
    annotations = {"metadata": {"annotations": {"trellis.dev/signing-proxy": upstream}}}
    lab.kubernetes(CLUSTER).merge(_FRONTEND, annotations)


def _allow(lab: FlowLab, condition: dict[str, Any]) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "vpc-lattice-svcs:Invoke",
        "Resource": "${trellis:service-arn}/*",
        "Condition": condition,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.kubernetes(CLUSTER).merge(_POLICY, {"spec": {"policy": policy}})


def _apply(lab: FlowLab, folder: str) -> None:
    api = lab.kubernetes(CLUSTER)
    for document in manifests(_FOLDERS / folder):
        api.apply(path_of(document), document, manager="team")


def change_route(lab: FlowLab) -> None:
    """Other weights, one backend less, another hostname."""
    api = lab.kubernetes(CLUSTER)
    spec: dict[str, Any] = (api.get(ROUTE) or {})["spec"]
    popular, summary = spec["rules"]
    popular["backendRefs"][0]["weight"] = 50
    popular["matches"][0]["path"]["value"] = "/most-popular"
    summary["backendRefs"] = summary["backendRefs"][:1]
    changed = {"rules": [popular, summary], "hostnames": [f"data.{ZONE}"]}
    api.merge(ROUTE, {"spec": changed})


def _create_zone(lab: FlowLab, vpc_id: str) -> None:
    route53 = lab.aws("route53")
    zone = route53.create_hosted_zone(
        Name=ZONE,
        CallerReference="names",
        VPC={"VPCRegion": "us-west-2", "VPCId": vpc_id},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    tags = [{"Key": "trellis:managed", "Value": "true"}]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.rsplit("/", 1)[-1], AddTags=tags)
    record = {"Name": f"other.{ZONE}", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "example.com"}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)


def _create_bystanders(lab: FlowLab, vpc_id: str) -> None:
    lattice = lab.aws("vpc-lattice")
    lattice.create_service_network(name="somebody-elses")
    lattice.create_service(name="somebody-elses", customDomainName="elsewhere.example")
    config = {"port": 80, "protocol": "HTTP", "vpcIdentifier": vpc_id}
    lattice.create_target_group(name="somebody-elses", type="IP", config=config)
