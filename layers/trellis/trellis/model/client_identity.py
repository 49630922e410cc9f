"""Who of a cluster calls which services, as its ServiceAccounts say."""

from dataclasses import dataclass

POD_IDENTITY, IRSA = "pod-identity", "irsa"


@dataclass(frozen=True)
class ClientIdentity:
    """A ServiceAccount with the hostnames that its pods call; `binding` says how they get their role, named `role`."""

    namespace: str
    service_account: str
    calls: tuple[str, ...]
    role: str
    binding: str = POD_IDENTITY

    @property
    def name(self) -> str:
        """How it is called in reports."""
        return f"{self.namespace}/{self.service_account}"
