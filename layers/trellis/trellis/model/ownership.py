"""Who owns an AWS resource: the two tags that Trellis puts on everything it creates.

Trellis changes or deletes only what carries its own owner tag; anything else in the way is reported, never taken over.
"""

OWNER_TAG = "trellis:owner"
FOR_TAG = "trellis:for"


def cluster_owner(account: str, cluster: str) -> str:
    """The owner of what exists for one cluster alone, such as its services."""
    return f"{account}/{cluster}"


def fleet_owner(account: str) -> str:
    """The owner of what several clusters share, such as a service network. `@` cannot occur in a cluster's name."""
    return f"{account}/@fleet"


def ownership_tags(owner: str, stands_for: str) -> dict[str, str]:
    """The tags of a resource; `stands_for` says in people's words what it is there for (`HTTPRoute apps/datastore`)."""
    return {OWNER_TAG: owner, FOR_TAG: stands_for}
