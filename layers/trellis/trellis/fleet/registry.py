"""The registry of clusters: one DynamoDB item each, written only when something about the cluster has changed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.errors import ClusterNotRegisteredError
from trellis.model import Cluster, ClusterState, Mode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "CLUSTER"


class Registry:
    """The registered clusters. `prepared` is the version of what was installed in the cluster for Trellis."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, name: str) -> Cluster:
        """The registered cluster; raises ClusterNotRegisteredError."""
        cluster = self.find(name)
        if cluster is None:
            raise ClusterNotRegisteredError(f"cluster {name} is not registered; start onboard-cluster for it first")
        return cluster

    def find(self, name: str) -> Cluster | None:
        """The registered cluster, or None."""
        item = self._item(name)
        return _cluster(item) if item else None

    def list(self) -> tuple[Cluster, ...]:
        """All registered clusters, ordered by name."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _PARTITION}},
            ConsistentRead=True,
        )
        return tuple(_cluster(item) for page in pages for item in page["Items"])

    def put(self, cluster: Cluster) -> bool:
        """Register a cluster; False when it is registered just so and nothing was written."""
        if self.find(cluster.name) == cluster:
            return False
        fields = {name: str(value) for name, value in asdict(cluster).items() if name != "name"}
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(cluster.name),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames={f"#{name}": name for name in fields},
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in fields.items()},
        )
        return True

    def prepared(self, name: str) -> str:
        """The version of what was installed in the cluster; empty when nothing was."""
        item = self._item(name) or {}
        return str(item.get("prepared", {}).get("S", ""))

    def set_prepared(self, name: str, version: str) -> None:
        """Remember what was installed in the cluster."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(name),
            UpdateExpression="SET prepared = :version",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":version": {"S": version}},
        )

    def converged(self, name: str) -> str:
        """The key of the plan by which the last run found the whole cluster converged; empty when none has yet."""
        item = self._item(name) or {}
        return str(item.get("converged", {}).get("S", ""))

    def set_converged(self, name: str, plan_key: str, *, read_at: int) -> None:
        """Remember the plan of a converged run that has read the cluster at `read_at`, in Unix milliseconds.

        Nothing happens when the cluster is not registered any more, or a run that has read it later has converged.
        """
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(name),
                UpdateExpression="SET converged = :plan, convergedReadAt = :readAt",
                ConditionExpression=(
                    "attribute_exists(pk) AND (attribute_not_exists(convergedReadAt) OR convergedReadAt <= :readAt)"
                ),
                ExpressionAttributeValues={":plan": {"S": plan_key}, ":readAt": {"N": str(read_at)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def forget(self, name: str) -> None:
        """Remove a cluster that has left; nothing happens when it is not registered."""
        self._dynamodb.delete_item(TableName=self._table, Key=_key(name))

    def _item(self, name: str) -> dict[str, Any] | None:
        return self._dynamodb.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True).get("Item")


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": name}}


def _cluster(item: dict[str, Any]) -> Cluster:
    text = {name: value["S"] for name, value in item.items() if "S" in value}
    return Cluster(
        name=text["sk"],
        account=text["account"],
        region=text["region"],
        vpc_id=text["vpc_id"],
        security_group_id=text["security_group_id"],
        service_network=text["service_network"],
        mode=Mode(text["mode"]),
        state=ClusterState(text["state"]),
    )
