"""What delivery needs of the AWS endpoint: clients, and sessions of roles that a service assumes.

Only the shape; the endpoint's identity module provides it, and tests give a fake.
"""

from typing import Any, Protocol


class AwsAccess(Protocol):
    """Clients on the endpoint, as the administrator or under a role that a service principal assumed."""

    def client(self, service: str, *, credentials: Any = None, region: str = "us-west-2") -> Any:
        """A boto3 client; without credentials it is the administrator's."""

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> Any:
        """Credentials of the role; raises ClientError AccessDenied unless it exists and trusts the principal."""

    def permits(self, role_arn: str, *, action: str, resource: str) -> bool:
        """Whether the role's policies allow the action on the resource."""
