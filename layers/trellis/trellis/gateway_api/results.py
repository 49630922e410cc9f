"""What came of a cluster's intent in AWS: the part of the status that only AWS knows."""

from dataclasses import dataclass
from typing import Literal

Programming = Literal["PROGRAMMED", "PENDING", "REFUSED"]


@dataclass(frozen=True)
class ServiceResult:
    """What became of a Lattice service; `name` is its name, `domain_name` the one that VPC Lattice generated."""

    name: str
    status: Programming
    domain_name: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class NameResult:
    """What became of the records of a hostname."""

    hostname: str
    status: Literal["READY", "PENDING", "REFUSED"]
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class NetworkResult:
    """What became of a service network and the VPC's association with it; `name` is also the Gateway's."""

    name: str
    status: Programming
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class CertificateResult:
    """What became of the certificate of a service's hostname; `named` are the ARNs that listeners name for it."""

    service: str
    is_ready: bool
    reason: str = ""
    message: str = ""
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class PolicyResult:
    """What became of the auth policy of a holder (see `AuthPolicy`)."""

    holder: str
    status: Programming
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Results:
    """The results of one run. What has none is pending."""

    services: tuple[ServiceResult, ...] = ()
    names: tuple[NameResult, ...] = ()
    networks: tuple[NetworkResult, ...] = ()
    certificates: tuple[CertificateResult, ...] = ()
    policies: tuple[PolicyResult, ...] = ()
