"""Draws the network of some drifted clusters: VPCs, the service network, services with rules, target groups.

From left to right as a request goes. The numbers on the lines between rules and target groups are weights; where the
weight that was found is another, both are there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trellis.reporting import svg
from trellis.reporting.differences import PRESENCE
from trellis.reporting.escaping import safe, words
from trellis.reporting.lines import Line
from trellis.reporting.picture import of_group

_WIDTH = 1120
_VPC = (16.0, 212.0)  # x and width of each column
_NETWORK = (270.0, 36.0)
_SERVICE = (352.0, 350.0)
_GROUP = (818.0, 286.0)
_TITLE, _ROW, _GROUP_HEIGHT, _GAP, _PAD = 58.0, 26.0, 62.0, 18.0, 12.0
_VPC_HEIGHT, _WEIGHT_HEIGHT = 108.0, 18.0
_DOTS = 12

Report = Mapping[str, Any]
Node = Mapping[str, Any]


def drawing(reports: Sequence[Report]) -> str:
    """One picture for the clusters of one service network."""
    parts: list[str] = []
    y = 40.0
    for report in reports:
        panel = _Panel(report, y)
        parts.append(panel.draw())
        y += panel.height + 2 * _GAP
    network = str(reports[0]["picture"]["network"])
    bottom = y - 2 * _GAP
    return (
        f'<svg viewBox="0 0 {_WIDTH} {bottom + 16:g}" role="img" aria-label="{safe(f"Service network {network}")}">'
        f"{_headings()}{_network(network, bottom, reports)}{''.join(parts)}</svg>"
    )


def _headings() -> str:
    columns = ((_VPC[0], "VPC"), (_SERVICE[0], "SERVICE · RULES"), (_GROUP[0], "TARGET GROUP · HEALTH"))
    return "".join(svg.text(x, 22, heading, style="heading") for x, heading in columns)


def _network(name: str, bottom: float, reports: Sequence[Report]) -> str:
    x, width = _NETWORK
    middle = (40 + bottom) / 2
    marked = _found(reports, f"service network {name}")
    style = "network drifted" if marked else "network"
    label = (
        f'<text x="{x + width / 2:g}" y="{middle:g}" class="network-name" '
        f'transform="rotate(-90 {x + width / 2:g} {middle:g})" dy="5">{safe(name, length=40)}</text>'
    )
    sign = svg.mark(x + width / 2, 40, _title(marked)) if marked else ""
    return svg.box(x, 40, (width, bottom - 40), style=style) + label + sign


class _Panel:
    """One cluster, `top` being where it begins."""

    def __init__(self, report: Report, top: float) -> None:
        self._report = report
        self._picture: Node = report["picture"]
        self._top = top
        rows = [(service, _service_height(service)) for service in self._picture["services"]]
        services = sum(height + _GAP for _, height in rows) - (_GAP if rows else 0)
        more = _ROW if self._picture["more"] or not rows else 0
        self.height = max(_VPC_HEIGHT, services + more)
        self._rows = rows

    def draw(self) -> str:
        return "".join([self._vpc(), *self._services()])

    def _vpc(self) -> str:
        x, width = _VPC
        y, picture = self._top, self._picture
        vpc = picture["vpc"]
        joined = self._lines(f"VPC {vpc} in {picture['network']}", f"VPC {vpc}")
        opened = [line for line in self._report["drifts"] if line["item"].startswith("open_security_group/")]
        style = "vpc drifted" if joined or opened else "vpc"
        middle = y + _VPC_HEIGHT / 2
        return "".join(
            [
                svg.line((x + width, middle), (_NETWORK[0], middle), style="link lost" if joined else "link"),
                svg.box(x, y, (width, _VPC_HEIGHT), style=style),
                svg.text(x + 14, y + 26, self._report["cluster"], style="name", length=22),
                svg.text(x + 14, y + 47, vpc, style="small", length=28),
                svg.text(x + 14, y + 66, f"{picture['account']} · {picture['region']}", style="small", length=30),
                svg.text(x + 14, y + 90, f"security group {'changed' if opened else 'open'}", style="small"),
                svg.mark(x + width - 18, y + 20, _title(opened)) if opened else "",
                svg.mark(x + width + 20, middle, _title(joined)) if joined else "",
            ]
        )

    def _services(self) -> Iterator[str]:
        y = self._top
        for service, height in self._rows:
            yield _ServiceBox(self._report, service, y).draw()
            y += height + _GAP
        if self._picture["more"]:
            yield svg.text(
                _SERVICE[0], y + 6, f"and {self._picture['more']} more services without drift", style="small"
            )
        elif not self._rows:
            yield svg.text(_SERVICE[0], y + 20, "no services are wanted", style="small")

    def _lines(self, *resources: str) -> list[Line]:
        return [line for resource in resources for line in _found([self._report], resource)]


class _ServiceBox:
    """A service with its rules, its target groups and the lines between."""

    def __init__(self, report: Report, service: Node, top: float) -> None:
        self._report = report
        self._service = service
        self._top = top
        self._weights: list[str] = []  # drawn after all lines, so that none goes through a number

    def draw(self) -> str:
        (x, width), y, service = _SERVICE, self._top, self._service
        name, network = service["name"], self._report["picture"]["network"]
        gone = [*self._lines(f"service {name}"), *self._parts("listener ")]
        joined = self._lines(f"service {name} in {network}")
        named = [line for line in self._report["drifts"] if _names(line, service["hostname"])]
        middle = y + 28
        return "".join(
            [
                svg.line((_NETWORK[0] + _NETWORK[1], middle), (x, middle), style="link lost" if joined else "link"),
                svg.box(x, y, (width, self._box_height), style=f"service{' drifted' if gone or named else ''}"),
                svg.text(x + 14, y + 24, service["hostname"] or name, style="name", length=38),
                svg.text(x + 14, y + 43, service["standsFor"] or name, style="small", length=50),
                svg.mark(x + width - 18, y + 20, _title([*gone, *named])) if gone or named else "",
                svg.mark(x - 24, middle, _title(joined)) if joined else "",
                *self._rules(),
                *self._weights,
                *self._groups(),
            ]
        )

    @property
    def _box_height(self) -> float:
        return _TITLE + _ROW * len(self._service["rules"]) + _PAD / 2

    def _rules(self) -> Iterator[str]:
        x, width = _SERVICE
        for index, rule in enumerate(self._service["rules"]):
            y = self._top + _TITLE + _ROW * index
            drifted = self._lines(rule["resource"])
            yield svg.box(x + 8, y, (width - 16, _ROW - 4), style="rule drifted" if drifted else "rule")
            yield svg.text(x + 18, y + 15, rule["label"], style="rule-text", length=40)
            if drifted:
                yield svg.mark(x + width - 20, y + 11, _title(drifted))
            yield from self._shares(rule, drifted, y + 11)

    def _shares(self, rule: Node, drifted: Sequence[Line], y: float) -> Iterator[str]:
        found = _found_weights(drifted)
        lost = any(line["field"] == PRESENCE for line in drifted)
        for share in rule["shares"]:
            name, weight = share["group"], share["weight"]
            end = self._entrance(name, rule["resource"])
            if end is None:
                continue
            changed = found is not None and found.get(name) != weight
            start = (_SERVICE[0] + _SERVICE[1] - 8, y)
            yield svg.line(start, (_GROUP[0], end), style="link lost" if lost or changed else "link")
            label = f"{weight} → {(found or {}).get(name, 'none')}" if changed else str(weight)
            self._weights.append(
                svg.text(_GROUP[0] - 10, end + 4, label, style=f"weight{' changed' if changed else ''}")
            )

    def _entrance(self, group: str, rule: str) -> float | None:
        """Where the line of a rule meets a target group: each its own place, so that weights can be read."""
        for index, node in enumerate(self._service["groups"]):
            if node["name"] == group:
                users = _users(self._service, group)
                top, height = self._group_tops()[index], _group_height(self._service, node)
                return top + height * (users.index(rule) + 1) / (len(users) + 1)
        return None

    def _groups(self) -> Iterator[str]:
        x, width = _GROUP
        for group, y in zip(self._service["groups"], self._group_tops(), strict=True):
            drifted = [line for found in of_group(group["name"]) for line in self._lines(found)]
            yield svg.box(
                x, y, (width, _group_height(self._service, group)), style="group drifted" if drifted else "group"
            )
            yield svg.text(x + 14, y + 22, group["standsFor"] or group["name"], style="name", length=30)
            yield svg.text(x + 14, y + 44, _health_words(group, drifted), style="small", length=24)
            yield from _dots(group["health"], x + width - 14, y + 40)
            if drifted:
                yield svg.mark(x + width - 18, y + 16, _title(drifted))

    def _group_tops(self) -> list[float]:
        heights = [_group_height(self._service, group) + _PAD for group in self._service["groups"]]
        return [self._top + sum(heights[:index]) for index in range(len(heights))]

    def _lines(self, resource: str) -> list[Line]:
        return _found([self._report], resource)

    def _parts(self, kind: str) -> list[Line]:
        prefix = f"{kind}{self._service['name']}/"
        return [line for line in self._report["drifts"] if line["resource"].startswith(prefix)]


def _service_height(service: Node) -> float:
    groups = sum(_group_height(service, group) + _PAD for group in service["groups"]) - _PAD
    return max(_TITLE + _ROW * len(service["rules"]) + _PAD / 2, groups)


def _group_height(service: Node, group: Node) -> float:
    return max(_GROUP_HEIGHT, _WEIGHT_HEIGHT * (len(_users(service, group["name"])) + 1))


def _users(service: Node, group: str) -> list[str]:
    """The rules that forward to a target group, in their order."""
    return [rule["resource"] for rule in service["rules"] if any(share["group"] == group for share in rule["shares"])]


def _found_weights(drifted: Sequence[Line]) -> Mapping[str, int] | None:
    """The weights that were found in the place of the expected ones; None where the action is as expected."""
    for line in drifted:
        if line["field"] == "action":
            forward: Mapping[str, int] = (line["found"] or {}).get("forward", {})
            return forward
    return None


def _health_words(group: Node, drifted: Sequence[Line]) -> str:
    if any(line["field"] == PRESENCE and line["found"] is None for line in drifted):
        return "missing"
    health = group["health"]
    return f"{health.get('HEALTHY', 0)} of {sum(health.values())} healthy" if health else f"{group['targets']} targets"


def _dots(health: Mapping[str, int], right: float, y: float) -> Iterator[str]:
    statuses = [status for status in sorted(health) for _ in range(health[status])][:_DOTS]
    for index, status in enumerate(statuses):
        style = {"HEALTHY": "healthy", "UNHEALTHY": "unhealthy"}.get(status, "waiting")
        yield svg.dot(right - 13 * (len(statuses) - 1 - index), y, style=style, title=status)


def _found(reports: Sequence[Report], resource: str) -> list[Line]:
    return [line for report in reports for line in report["drifts"] if line["resource"] == resource]


def _names(line: Line, hostname: str) -> bool:
    """Whether a line is about the records of a hostname, or about a name that was refused."""
    name = line["resource"].removeprefix("record ").partition(" in ")[0].removeprefix("_trellis.")
    return bool(hostname) and name == hostname


def _title(lines: Sequence[Line]) -> str:
    return "\n".join(
        f"{line['resource']}, {line['field']}: expected {words(line['expected'])}, "
        f"found {words(line['found'])}; {line['action']}"
        for line in lines
    )
