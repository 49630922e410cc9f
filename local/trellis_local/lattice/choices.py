"""Where AWS documents nothing, or two things: what the emulator does instead, each a choice of its user.

The defaults are ours. Clients that should work with any of the answers can be tried with each of them.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Choices:
    """One attribute for each open point; none has a unit.

    `default_rule_counts`: whether the default rule is one of the rules that the quota of a listener allows.
    `reused_client_token`: the error for a client token that comes again with other parameters; the API reference only
    says that "the retry fails".
    `path_is_case_sensitive`: what a path match means that says nothing: the API reference says case-sensitive, the
    User Guide ("Listener rules") says that paths are compared without regard to case.
    `auth_policy_deletable`: whether DeleteAuthPolicy works while the auth type is AWS_IAM: the API reference says that
    all requests are denied from then on, the User Guide ("Auth policies") says that the call fails.
    `missing_auth_policy`: whether GetAuthPolicy of a resource without one fails, or answers with an empty policy.
    `shows_default_idle_timeout`: whether a service without idleTimeoutSeconds is described with the default of 60.
    """

    default_rule_counts: bool = False
    reused_client_token: Literal["ConflictException", "ValidationException"] = "ConflictException"
    path_is_case_sensitive: bool = True
    auth_policy_deletable: bool = True
    missing_auth_policy: Literal["ResourceNotFoundException", "empty"] = "ResourceNotFoundException"
    shows_default_idle_timeout: bool = False
