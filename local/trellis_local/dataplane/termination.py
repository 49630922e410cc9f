"""Which certificate VPC Lattice shows for a name of a service.

Its own for the generated name; for the custom domain the service's ACM certificate and no other
(VPC Lattice User Guide, "Bring your own certificate"). ACM is asked at each handshake, so that a certificate that was
imported again is used at once.
"""

import ssl

from trellis_local.dataplane.certificates import Authority, Certificate, CertificateStore, lattice_context
from trellis_local.lattice.view import ServiceView


class Termination:
    """TLS contexts of HTTPS listeners."""

    def __init__(self, store: CertificateStore) -> None:
        self._store = store
        self._countersigned: dict[Certificate, Certificate] = {}
        self.authority = Authority("VPC Lattice on the local stack")

    def __call__(self, service: ServiceView, name: str) -> ssl.SSLContext | None:
        """TLS as the service speaks it under this name; None without a usable certificate for it."""
        certificate = self._certificate(service, name)
        if certificate is None:
            return None
        try:
            return lattice_context(certificate)
        except ssl.SSLError:
            return None

    def _certificate(self, service: ServiceView, name: str) -> Certificate | None:
        if name != service.custom_domain_name:
            return self.authority.certificate(name)
        certificate = self._store(service.certificate_arn) if service.certificate_arn else None
        if certificate is None or not certificate.covers(name):
            return None
        if not certificate.by_amazon:
            return certificate
        if certificate not in self._countersigned:
            self._countersigned[certificate] = self.authority.countersigned(certificate)
        return self._countersigned[certificate]
