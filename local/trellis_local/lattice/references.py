"""Which services forward to which target groups; it is told all groups of a service whenever they may have changed."""

from collections.abc import Mapping, Set


class References:
    """Both directions of the same relation, changed together in one place."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {}
        self._services: dict[str, set[str]] = {}

    @property
    def services(self) -> Mapping[str, Set[str]]:
        """The ARNs of the services that forward to each target group in use, by target group id."""
        return self._services

    def follow(self, service_arn: str, group_ids: set[str]) -> set[str]:
        """Note what a service forwards to from now on; the ids of the groups that came into use or fell out of it."""
        before = self._groups.pop(service_arn, set())
        if group_ids:
            self._groups[service_arn] = group_ids
        changed = before ^ group_ids
        were_in_use = changed & self._services.keys()
        for group_id in group_ids - before:
            self._services.setdefault(group_id, set()).add(service_arn)
        for group_id in before - group_ids:
            self._services[group_id].remove(service_arn)
            if not self._services[group_id]:
                del self._services[group_id]
        return {group_id for group_id in changed if (group_id in were_in_use) != (group_id in self._services)}
