"""Who may call: the auth policy of a service or of a service network."""

from dataclasses import dataclass

AUTH_POLICY_TAG = "trellis:auth-policy"
"""On a service or network whose auth type and policy Trellis keeps: what asks for the policy. Without it, they are
somebody else's."""

SERVICE, NETWORK = "service", "network"


@dataclass(frozen=True)
class AuthPolicy:
    """What `source` asks for at `holder`, which is `service/<name>` or `network/<name>`.

    `document` is JSON that may have placeholders. Without one it is not known what is asked for: `problem` says why,
    and what is there stays as it is.
    """

    holder: str
    source: str
    document: str = ""
    problem: str = ""
    reason: str = "Invalid"


def auth_id(identifier: str) -> str:
    """What the auth of the service or network with this id is called where resources are known by id."""
    return f"{identifier}/auth"


def service_holder(name: str) -> str:
    """The holder that a service is."""
    return f"{SERVICE}/{name}"


def network_holder(name: str) -> str:
    """The holder that a service network is."""
    return f"{NETWORK}/{name}"
