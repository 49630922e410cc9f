"""Leases of canaries: who may change the weights of a route, and how far the canary is.

A lease is one DynamoDB item that is never deleted: its epoch grows with every holder. Each VPC Lattice service that the
route leads to is locked by an item of its own, in the same transaction. Every write names what it has read, so that of
two writers one loses; what is read is read consistently.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from trellis.canary.state import CanaryKey, Command, Gate, Lease, Phase, Progress
from trellis.errors import LeaseHeldError, LeaseLostError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "CANARY"
_LOCKS = "CANARY-SERVICE"
_PROGRESS = TypeAdapter(Progress)
_COMMAND = TypeAdapter(Command)
_GATE = TypeAdapter(Gate)

Item = Mapping[str, Any]


class Canaries:
    """The leases of all canaries of a fleet."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def find(self, key: CanaryKey) -> Lease | None:
        """The lease of a route, also a released one; None when the route never had a canary."""
        item = self._get(_PARTITION, str(key))
        return _lease(item) if item else None

    def get(self, key: CanaryKey, *, execution: str, epoch: int) -> Lease:
        """The lease as its holder; raises LeaseLostError when somebody else holds it."""
        lease = self.find(key)
        if lease is None or (lease.execution, lease.epoch) != (execution, epoch) or lease.phase is Phase.RELEASED:
            raise LeaseLostError(f"{key}: epoch {epoch} of {execution} is over: {_told(lease)}")
        return lease

    def of_cluster(self, cluster: str) -> tuple[Lease, ...]:
        """The leases of a cluster, also released ones, ordered by route."""
        return self._query(f"{cluster}/")

    def all(self) -> tuple[Lease, ...]:
        """The leases of all clusters that are not released."""
        return tuple(lease for lease in self._query("") if lease.phase is not Phase.RELEASED)

    def locking(self, service: str) -> Lease | None:
        """The lease that locks a VPC Lattice service, by the service's name."""
        lock = self._get(_LOCKS, service)
        return self.find(CanaryKey.parse(lock["route"]["S"])) if lock else None

    def acquire(self, key: CanaryKey, *, execution: str, services: Sequence[str], progress: Progress) -> Lease:
        """Take a free lease; the same execution may take it again. Raises LeaseHeldError naming the holder."""
        free = "attribute_not_exists(pk) OR phase = :released OR (execution = :execution AND phase = :prepared)"
        values = {
            ":released": {"S": Phase.RELEASED},
            ":prepared": {"S": Phase.PREPARED},
            ":execution": {"S": execution},
            ":services": {"L": [{"S": service} for service in services]},
            ":progress": {"S": _dumped(progress)},
            ":one": {"N": "1"},
        }
        update = {
            "TableName": self._table,
            "Key": _key(_PARTITION, str(key)),
            "UpdateExpression": "SET execution = :execution, phase = :prepared, services = :services,"
            " progress = :progress REMOVE command, gate, gateToken ADD epoch :one, revision :one",
            "ConditionExpression": free,
            "ExpressionAttributeValues": values,
        }
        if not self._transact([{"Update": update}, *(self._lock(service, key) for service in services)]):
            raise LeaseHeldError(f"{key}: {self._holder(key, services)}")
        lease = self.find(key)
        if lease is None or lease.execution != execution:
            raise LeaseHeldError(f"{key}: {_told(lease)}")
        return lease

    def save(self, lease: Lease, *, acknowledge: bool = False) -> Lease:
        """Write phase, progress and gate of a lease that was read; `acknowledge` takes its command away.

        Raises LeaseLostError when it was taken over, LeaseHeldError when another call of the holder was faster.
        """
        sets = ["phase = :phase", "progress = :progress", "revision = revision + :one"]
        values: dict[str, Any] = {
            ":phase": {"S": lease.phase},
            ":progress": {"S": _dumped(lease.progress)},
            ":one": {"N": "1"},
        }
        removed = ["command"] if acknowledge else []
        if lease.gate:
            sets += ["gate = :gate", "gateToken = :token"]
            values |= {":gate": {"S": json.dumps(asdict(lease.gate))}, ":token": {"S": lease.token}}
        else:
            removed += ["gate", "gateToken"]
        expression = "SET " + ", ".join(sets) + (f" REMOVE {', '.join(removed)}" if removed else "")
        # What ends the canary must not overtake a command that was accepted and that nobody has read yet.
        unread = lease.phase is Phase.PROMOTED_PENDING_GIT and lease.command is None
        self._write(lease, expression, values, "attribute_not_exists(command)" if unread else "")
        command = None if acknowledge else lease.command
        return replace(lease, revision=lease.revision + 1, command=command)

    def take_over(self, lease: Lease, *, execution: str, reason: str) -> Lease:
        """Make another execution the holder, which is to roll back. Raises LeaseLostError when the lease has moved."""
        reason = lease.progress.reason or reason
        # Also a gate that was still open: the report tells who has agreed by then.
        gates = (*lease.progress.gates, lease.gate) if lease.gate else lease.progress.gates
        progress = replace(lease.progress, reason=reason, gates=gates)
        values = {
            ":phase": {"S": Phase.ROLLING_BACK},
            ":progress": {"S": _dumped(progress)},
            ":new": {"S": execution},
            ":one": {"N": "1"},
        }
        expression = (
            "SET execution = :new, phase = :phase, progress = :progress, epoch = epoch + :one,"
            " revision = revision + :one REMOVE command, gate, gateToken"
        )
        self._write(lease, expression, values)
        return replace(
            lease,
            execution=execution,
            epoch=lease.epoch + 1,
            revision=lease.revision + 1,
            phase=Phase.ROLLING_BACK,
            progress=progress,
            command=None,
            gate=None,
            token="",
        )

    def hold(self, lease: Lease, reason: str) -> Lease:
        """Keep everybody from shifting and rolling back, until an operator's command. Raises LeaseLostError."""
        return self.save(replace(lease, progress=replace(lease.progress, held=True, reason=reason)))

    def unhold(self, lease: Lease, reason: str) -> Lease:
        """Let the next sweep roll a held canary back. Raises LeaseLostError."""
        return self.save(replace(lease, progress=replace(lease.progress, held=False, reason=reason)))

    def release(self, lease: Lease) -> None:
        """Free the route and its services; raises LeaseLostError."""
        guard, values = _guard(lease)
        update = {
            "TableName": self._table,
            "Key": _key(_PARTITION, str(lease.key)),
            "UpdateExpression": "SET phase = :released, progress = :progress, revision = revision + :one"
            " REMOVE command, gate, gateToken",
            "ConditionExpression": guard,
            "ExpressionAttributeValues": {
                **values,
                ":released": {"S": Phase.RELEASED},
                ":progress": {"S": _dumped(lease.progress)},
                ":one": {"N": "1"},
            },
        }
        if not self._transact([{"Update": update}, *(self._unlock(name, lease.key) for name in lease.services)]):
            raise LeaseLostError(f"{lease.key}: {_told(self.find(lease.key))}")

    def order(self, lease: Lease, command: Command, *, replacing: bool = False) -> bool:
        """Leave a command for the holder of a lease; False while an earlier one waits, or the canary has ended.

        `replacing` puts it in the place of one that waits. Whoever is just following that one must notice, so then the
        revision grows; otherwise a command disturbs no write of the holder.
        """
        free = "" if replacing else "attribute_not_exists(command) AND "
        return self._update(
            lease.key,
            "SET command = :command" + (", revision = revision + :one" if replacing else ""),
            f"{free}epoch = :epoch AND phase <> :released AND phase <> :promoted",
            {
                **({":one": {"N": "1"}} if replacing else {}),
                ":command": {"S": json.dumps(asdict(command))},
                ":epoch": {"N": str(lease.epoch)},
                ":released": {"S": Phase.RELEASED},
                ":promoted": {"S": Phase.PROMOTED_PENDING_GIT},
            },
        )

    def decide(self, lease: Lease, gate: Gate) -> bool:
        """Write the decision about the open gate; False when it was decided or closed before. The first one counts."""
        return self._update(
            lease.key,
            "SET gate = :gate, revision = revision + :one",
            "gate = :open AND epoch = :epoch",
            {
                ":gate": {"S": json.dumps(asdict(gate))},
                ":open": {"S": json.dumps(asdict(lease.gate)) if lease.gate else ""},
                ":epoch": {"N": str(lease.epoch)},
                ":one": {"N": "1"},
            },
        )

    def _write(self, lease: Lease, expression: str, values: Mapping[str, Any], further: str = "") -> None:
        guard, guarding = _guard(lease)
        guard = f"{guard} AND {further}" if further else guard
        if self._update(lease.key, expression, guard, {**values, **guarding}):
            return
        found = self.find(lease.key)
        if found and (found.execution, found.epoch) == (lease.execution, lease.epoch):
            raise LeaseHeldError(f"{lease.key}: another call of {lease.execution} was faster")
        raise LeaseLostError(f"{lease.key}: epoch {lease.epoch} is over: {_told(found)}")

    def _update(self, key: CanaryKey, expression: str, condition: str, values: Mapping[str, Any]) -> bool:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(_PARTITION, str(key)),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _transact(self, writes: Sequence[Any]) -> bool:
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except ClientError as error:
            # Also for a transaction on the same items at the same moment, whose outcome the caller reads.
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False
        return True

    def _lock(self, service: str, key: CanaryKey) -> dict[str, Any]:
        values = {":route": {"S": str(key)}}
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**_key(_LOCKS, service), "route": {"S": str(key)}},
                "ConditionExpression": "attribute_not_exists(pk) OR route = :route",
                "ExpressionAttributeValues": values,
            }
        }

    def _unlock(self, service: str, key: CanaryKey) -> dict[str, Any]:
        return {
            "Delete": {
                "TableName": self._table,
                "Key": _key(_LOCKS, service),
                "ConditionExpression": "attribute_not_exists(pk) OR route = :route",
                "ExpressionAttributeValues": {":route": {"S": str(key)}},
            }
        }

    def _holder(self, key: CanaryKey, services: Sequence[str]) -> str:
        holders = (self.find(key), *map(self.locking, services))
        held = next((lease for lease in holders if lease and lease.phase is not Phase.RELEASED), None)
        return _told(held)

    def _query(self, prefix: str) -> tuple[Lease, ...]:
        condition, values = "pk = :pk", {":pk": {"S": _PARTITION}}
        if prefix:
            condition, values = f"{condition} AND begins_with(sk, :prefix)", {**values, ":prefix": {"S": prefix}}
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        return tuple(_lease(item) for page in pages for item in page["Items"])

    def _get(self, partition: str, sort_key: str) -> Item | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(partition, sort_key), ConsistentRead=True)
        return answer.get("Item")


def _key(partition: str, sort_key: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort_key}}


def _guard(lease: Lease) -> tuple[str, dict[str, Any]]:
    values = {
        ":epoch": {"N": str(lease.epoch)},
        ":execution": {"S": lease.execution},
        ":revision": {"N": str(lease.revision)},
    }
    return "epoch = :epoch AND execution = :execution AND revision = :revision", values


def _told(lease: Lease | None) -> str:
    if lease is None:
        return "no canary has it"
    return f"{lease.phase} by {lease.execution}, epoch {lease.epoch}"


def _dumped(progress: Progress) -> str:
    return _PROGRESS.dump_json(progress).decode()


def _lease(item: Item) -> Lease:
    return Lease(
        key=CanaryKey.parse(item["sk"]["S"]),
        execution=item["execution"]["S"],
        epoch=int(item["epoch"]["N"]),
        revision=int(item["revision"]["N"]),
        phase=Phase(item["phase"]["S"]),
        services=tuple(found["S"] for found in item["services"]["L"]),
        progress=_PROGRESS.validate_json(item["progress"]["S"]),
        command=_COMMAND.validate_json(item["command"]["S"]) if "command" in item else None,
        gate=_GATE.validate_json(item["gate"]["S"]) if "gate" in item else None,
        token=item.get("gateToken", {}).get("S", ""),
    )
