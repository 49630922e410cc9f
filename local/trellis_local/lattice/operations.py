"""The table of the emulated operations. A further family of operations is a further module in `_FAMILIES`."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from botocore import xform_name

from . import (
    access_log_subscriptions,
    domain_verifications,
    listeners,
    policies,
    resource_associations,
    resource_configurations,
    resource_gateways,
    rule_batches,
    rules,
    service_associations,
    service_networks,
    services,
    tags,
    target_groups,
    targets,
    vpc_associations,
    vpc_endpoints,
)
from .backend import LatticeBackend

Operation = Callable[[LatticeBackend, Mapping[str, Any]], dict[str, Any]]

_FAMILIES: tuple[ModuleType, ...] = (
    access_log_subscriptions,
    domain_verifications,
    listeners,
    policies,
    resource_associations,
    resource_configurations,
    resource_gateways,
    rule_batches,
    rules,
    service_associations,
    service_networks,
    services,
    tags,
    target_groups,
    targets,
    vpc_associations,
    vpc_endpoints,
)


def find_operation(name: str) -> Operation | None:
    """The function for an operation of the API, by its API name; None when it is not emulated."""
    function_name = xform_name(name)
    for family in _FAMILIES:
        function: Operation | None = vars(family).get(function_name)
        if function is not None and function.__module__ == family.__name__:
            return function
    return None
