"""What the clusters of a service network ask of its auth policy: one item for each cluster that asks."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trellis.planning.network_policies import Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class NetworkPolicies:
    """Claims by cluster; written only when they change."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def of(self, network: str) -> dict[str, Claim]:
        """The claims of a network's clusters, by cluster."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"NETWORKPOLICY#{network}"}},
            ConsistentRead=True,
        )
        items = [item for page in pages for item in page["Items"]]
        return {item["sk"]["S"]: Claim(item["source"]["S"], item["document"]["S"]) for item in items}

    def note(self, network: str, cluster: str, claim: Claim | None, known: Mapping[str, Claim]) -> None:
        """Remember what a cluster asks for, None for nothing; `known` is what `of` returned."""
        if known.get(cluster) == claim:
            return
        key: dict[str, Any] = {"pk": {"S": f"NETWORKPOLICY#{network}"}, "sk": {"S": cluster}}
        if claim is None:
            self._dynamodb.delete_item(TableName=self._table, Key=key)
        else:
            fields = {name: {"S": value} for name, value in asdict(claim).items()}
            self._dynamodb.put_item(TableName=self._table, Item={**key, **fields})
