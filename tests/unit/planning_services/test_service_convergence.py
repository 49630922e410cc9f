"""Laws of the service diff, checked against a small model of VPC Lattice that enforces its preconditions."""

from dataclasses import dataclass, replace

from hypothesis import HealthCheck as OfHypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from trellis.model import (
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    PathMatch,
    Rule,
    RuleMatch,
    Service,
    Target,
    TargetGroup,
    WeightedTargetGroup,
)
from trellis.planning import service_changes as changes
from trellis.planning.service_state import ObservedGroup, ObservedService
from trellis.planning.service_waits import steps
from trellis.planning.services import diff_service

OWNER = "111122223333/cluster-b"
STRANGER = "111122223333/cluster-x"
NETWORKS = ("network-one", "network-two")
GROUPS = tuple(f"group-{number}" for number in range(4))
LISTENERS = (("http-80", 80), ("http-81", 81), ("by-hand", 80))


# Time is the machine's: a busy one must not fail a law.
law = settings(max_examples=60, deadline=None, suppress_health_check=[OfHypothesis.too_slow])


@dataclass
class World:
    """One service and its groups; every method is one call and asserts what VPC Lattice would refuse."""

    service: Service | None
    groups: dict[str, ObservedGroup]
    quota: int = 10

    def observe(self) -> ObservedService:
        users = (self.service.arn,) if self.service else ()
        used = {name for listener in self.listeners for name in _groups_of(listener)}
        groups = tuple(
            replace(found, used_by=users if found.group.name in used else ()) for found in self.groups.values()
        )
        return ObservedService("datastore", OWNER, self.service, groups)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return self.service.listeners if self.service else ()

    def tick(self) -> None:
        """Let everything in progress finish."""
        for name, found in list(self.groups.items()):
            if found.group.status == "DELETE_IN_PROGRESS":
                del self.groups[name]
            else:
                settled = replace(found.group, status=_settled(found.group.status))
                self.groups[name] = replace(found, group=settled, draining=())
        if self.service and self.service.status == "DELETE_IN_PROGRESS":
            self.service = None
        elif self.service:
            kept = [pair for pair in self.service.association_status if pair[1] != "DELETE_IN_PROGRESS"]
            self._associate({name: _settled(status) for name, status in kept})
            self.service = replace(self.service, status=_settled(self.service.status))

    def apply(self, change: changes.ServiceChange) -> None:
        getattr(self, type(change).__name__)(change)

    def CreateTargetGroup(self, change: changes.CreateTargetGroup) -> None:  # noqa: N802
        assert change.group.name not in self.groups
        group = replace(change.group, targets=(), status="CREATE_IN_PROGRESS", owner=OWNER)
        self.groups[group.name] = ObservedGroup(group, "datastore")

    def SetHealthCheck(self, change: changes.SetHealthCheck) -> None:  # noqa: N802
        found = self._own_group(change.group.name)
        assert change.old == found.group.health_check != change.wanted
        self.groups[change.group.name] = replace(found, group=replace(found.group, health_check=change.wanted))

    def RegisterTargets(self, change: changes.RegisterTargets) -> None:  # noqa: N802
        self._set_targets(change.group.name, change.targets, add=True)

    def DeregisterTargets(self, change: changes.DeregisterTargets) -> None:  # noqa: N802
        self._set_targets(change.group.name, change.targets, add=False)

    def DeleteTargetGroup(self, change: changes.DeleteTargetGroup) -> None:  # noqa: N802
        found = self._own_group(change.group.name)
        assert not found.group.targets
        assert not found.draining
        assert not any(change.group.name in _groups_of(listener) for listener in self.listeners)
        self.groups[change.group.name] = replace(found, group=replace(found.group, status="DELETE_IN_PROGRESS"))

    def CreateService(self, change: changes.CreateService) -> None:  # noqa: N802
        assert self.service is None
        self.service = Service(
            "datastore", change.custom_domain_name, status="CREATE_IN_PROGRESS", owner=OWNER, arn="arn:new"
        )

    def DeleteService(self, _: changes.DeleteService) -> None:  # noqa: N802
        assert not self._own_service().association_status
        assert not self._own_service().status.endswith("_IN_PROGRESS")
        self.service = replace(self._own_service(), status="DELETE_IN_PROGRESS", listeners=())

    def AssociateService(self, change: changes.AssociateService) -> None:  # noqa: N802
        found = dict(self._active_service().association_status)
        assert change.network not in found
        self._associate({**found, change.network: "CREATE_IN_PROGRESS"})

    def DisassociateService(self, change: changes.DisassociateService) -> None:  # noqa: N802
        found = dict(self._own_service().association_status)
        assert not found[change.network].endswith("_IN_PROGRESS")
        self._associate({**found, change.network: "DELETE_IN_PROGRESS"})

    def CreateListener(self, change: changes.CreateListener) -> None:  # noqa: N802
        self._active_service()
        self._assert_groups_active(_groups_of(replace(change.listener, rules=())))
        self._set_listeners((*self.listeners, replace(change.listener, rules=())))

    def UpdateListener(self, change: changes.UpdateListener) -> None:  # noqa: N802
        old = self._listener(change.listener.name)
        self._replace_listener(replace(old, default_action=change.listener.default_action))

    def DeleteListener(self, change: changes.DeleteListener) -> None:  # noqa: N802
        self._set_listeners(tuple(found for found in self.listeners if found.name != change.listener.name))

    def CreateRule(self, change: changes.CreateRule) -> None:  # noqa: N802
        listener = self._listener(change.listener)
        assert change.rule.name not in {rule.name for rule in listener.rules}
        self._replace_listener(replace(listener, rules=(*listener.rules, change.rule)))

    def UpdateRule(self, change: changes.UpdateRule) -> None:  # noqa: N802
        listener = self._listener(change.listener)
        new = {change.rule.name: replace(change.rule, priority=change.old.priority)}
        self._replace_listener(replace(listener, rules=tuple(new.get(rule.name, rule) for rule in listener.rules)))

    def SetRulePriorities(self, change: changes.SetRulePriorities) -> None:  # noqa: N802
        listener = self._listener(change.listener)
        assert 1 <= len(change.priorities) <= 10
        places = dict(change.priorities)
        assert set(places) <= {rule.name for rule in listener.rules}
        moved = tuple(replace(rule, priority=places.get(rule.name, rule.priority)) for rule in listener.rules)
        self._replace_listener(replace(listener, rules=moved))

    def DeleteRule(self, change: changes.DeleteRule) -> None:  # noqa: N802
        listener = self._listener(change.listener)
        kept = tuple(rule for rule in listener.rules if rule.name != change.rule.name)
        assert len(kept) == len(listener.rules) - 1
        self._replace_listener(replace(listener, rules=kept))

    def _own_service(self) -> Service:
        assert self.service is not None
        assert self.service.owner == OWNER
        return self.service

    def _active_service(self) -> Service:
        assert self._own_service().status == "ACTIVE"
        return self._own_service()

    def _own_group(self, name: str) -> ObservedGroup:
        assert self.groups[name].group.owner == OWNER
        assert not self.groups[name].group.status.endswith("_IN_PROGRESS")
        return self.groups[name]

    def _set_targets(self, name: str, targets: tuple[Target, ...], *, add: bool) -> None:
        assert 1 <= len(targets) <= 100
        found = self._own_group(name)
        before = set(found.group.targets)
        after = before | set(targets) if add else before - set(targets)
        draining = set(found.draining) - set(targets) if add else set(found.draining) | set(targets)
        group = replace(found.group, targets=tuple(sorted(after)))
        self.groups[name] = replace(found, group=group, draining=tuple(sorted(draining)))

    def _associate(self, status: dict[str, str]) -> None:
        assert self.service is not None
        self.service = replace(
            self.service, association_status=tuple(status.items()), service_networks=tuple(sorted(status))
        )

    def _listener(self, name: str) -> Listener:
        (found,) = (listener for listener in self.listeners if listener.name == name)
        return found

    def _replace_listener(self, new: Listener) -> None:
        self._active_service()
        self._assert_groups_active(_groups_of(new))
        self._set_listeners(tuple(new if found.name == new.name else found for found in self.listeners))

    def _set_listeners(self, listeners: tuple[Listener, ...]) -> None:
        assert len({listener.port for listener in listeners}) == len(listeners) <= 2
        for listener in listeners:
            assert len({rule.priority for rule in listener.rules}) == len(listener.rules)
            assert len(listener.rules) <= self.quota
            assert all(1 <= rule.priority <= 2000 for rule in listener.rules)
        self.service = replace(self._own_service(), listeners=listeners)

    def _assert_groups_active(self, names: set[str]) -> None:
        assert all(self.groups[name].group.status == "ACTIVE" for name in names if name in GROUPS)


def _settled(status: str) -> str:
    return "ACTIVE" if status == "CREATE_IN_PROGRESS" else status


def _groups_of(listener: Listener) -> set[str]:
    actions = [listener.default_action, *(rule.action for rule in listener.rules)]
    return {share.target_group for action in actions if isinstance(action, Forward) for share in action.target_groups}


def converge(world: World, desired: Service | None) -> int:
    """Reconcile until nothing is left to do; returns the number of calls made."""
    made = 0
    for _ in range(40):
        observed = world.observe()
        diff = diff_service(desired, observed)
        assert not diff.refusals
        if diff.is_empty:
            return made
        ready = [step.change for step in steps(diff.changes, observed) if step.wait is None]
        for change in ready:
            world.apply(change)
        made += len(ready)
        if not ready:
            world.tick()
    raise AssertionError(f"does not converge: {diff}")


HEALTH_CHECKS = st.sampled_from(
    [HealthCheck(), HealthCheck(path="/ready", matcher="200-299"), HealthCheck(enabled=False)]
)
TARGETS = st.sets(st.builds(Target, st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]), st.just(3000)))


def actions() -> st.SearchStrategy[Forward | FixedResponse]:
    shares = st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 999), min_size=1, max_size=3)
    forward = shares.map(lambda found: Forward(tuple(WeightedTargetGroup(*share) for share in found.items())))
    return st.one_of(forward, st.sampled_from([FixedResponse(404), FixedResponse(500)]))


@st.composite
def listeners(draw: st.DrawFn, name: str, port: int) -> Listener:
    names = draw(st.lists(st.sampled_from([f"rule-{n}" for n in range(14)]), unique=True, max_size=10))
    places = draw(st.permutations(range(1, 15)))
    rules = [
        Rule(
            rule_name,
            place,
            RuleMatch(PathMatch("prefix", draw(st.sampled_from([f"/{rule_name}", "/changed"])))),
            draw(actions()),
        )
        for rule_name, place in zip(names, places, strict=False)
    ]
    return Listener(name, "HTTP", port, draw(actions()), tuple(rules))


@st.composite
def services(draw: st.DrawFn, names: tuple[tuple[str, int], ...] = LISTENERS[:2]) -> Service:
    chosen = draw(st.lists(st.sampled_from(names), unique_by=lambda name: name[1], max_size=2))
    found = tuple(draw(listeners(name, port)) for name, port in chosen)
    groups = sorted(
        {group for listener in found for group in _groups_of(listener)} | draw(st.sets(st.sampled_from(GROUPS)))
    )
    return Service(
        "datastore",
        "datastore.lattice-test.io",
        found,
        tuple(
            TargetGroup(name, "vpc-1", 80, health_check=draw(HEALTH_CHECKS), targets=tuple(sorted(draw(TARGETS))))
            for name in groups
        ),
        tuple(sorted(draw(st.sets(st.sampled_from(NETWORKS))))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    found = draw(services(LISTENERS))
    used = {name for listener in found.listeners for name in _groups_of(listener)}
    groups = {}
    for group in found.target_groups:
        statuses = ["ACTIVE"] if group.name in used else ["ACTIVE", "CREATE_IN_PROGRESS", "CREATE_FAILED"]
        status = draw(st.sampled_from(statuses))
        targets = group.targets if status == "ACTIVE" else ()
        groups[group.name] = ObservedGroup(replace(group, status=status, owner=OWNER, targets=targets), "datastore")
    for name in draw(st.sets(st.sampled_from(["orphan", "stranger"]))):
        owner = STRANGER if name == "stranger" else OWNER
        group = TargetGroup(name, "vpc-1", 80, targets=(Target("10.0.0.9", 1),), status="ACTIVE", owner=owner)
        groups[name] = ObservedGroup(group, "datastore", draining=(Target("10.0.0.8", 1),))
    if draw(st.booleans()):
        return World(None, {name: group for name, group in groups.items() if name not in used})
    states = st.sampled_from(["ACTIVE", "CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED"])
    associations = tuple((network, draw(states)) for network in found.service_networks)
    service = replace(found, status="ACTIVE", owner=OWNER, arn="arn:old", association_status=associations)
    return World(service, groups)


@law
@given(worlds(), services())
def test_any_state_converges_to_any_desired_service(world: World, desired: Service) -> None:
    assert_converges(world, desired)


def assert_converges(world: World, desired: Service) -> None:
    converge(world, desired)
    assert world.service is not None
    assert _by_name(world.service.listeners) == _by_name(desired.listeners)
    owned = [found.group for found in world.groups.values() if found.group.owner == OWNER]
    assert sorted(owned, key=lambda group: group.name) == list(desired.target_groups)
    assert world.service.service_networks == desired.service_networks


@law
@given(worlds(), services())
def test_a_converged_service_needs_no_calls(world: World, desired: Service) -> None:
    converge(world, desired)
    assert converge(world, desired) == 0


@law
@given(worlds())
def test_removal_leaves_only_what_others_own(world: World) -> None:
    strangers = {name: found for name, found in world.groups.items() if found.group.owner == STRANGER}
    converge(world, None)
    assert world.service is None
    assert {name: found.group for name, found in world.groups.items()} == {
        name: found.group for name, found in strangers.items()
    }


@law
@given(worlds(), services(), st.integers(0, 30))
def test_a_run_that_stops_anywhere_is_followed_by_one_that_converges(world: World, desired: Service, stop: int) -> None:
    for _ in range(3):
        observed = world.observe()
        planned = steps(diff_service(desired, observed).changes, observed)
        for step in [step for step in planned if step.wait is None][:stop]:
            world.apply(step.change)
    assert_converges(world, desired)


@law
@given(services(), worlds())
def test_a_strangers_service_of_the_same_name_is_left_alone(desired: Service, world: World) -> None:
    service = Service("datastore", None, status="ACTIVE", owner=STRANGER)
    diff = diff_service(desired, replace(world.observe(), service=service))
    assert not diff.changes
    assert "NotOwned" in {refusal.reason for refusal in diff.refusals}


def _by_name(found: tuple[Listener, ...]) -> dict[str, Listener]:
    return {
        listener.name: replace(
            listener,
            default_action=_sorted_shares(listener.default_action),
            rules=tuple(
                replace(rule, action=_sorted_shares(rule.action))
                for rule in sorted(listener.rules, key=lambda rule: rule.priority)
            ),
        )
        for listener in found
    }


def _sorted_shares(action: Forward | FixedResponse) -> Forward | FixedResponse:
    if isinstance(action, FixedResponse):
        return action
    return Forward(tuple(sorted(action.target_groups, key=lambda share: share.target_group)))
