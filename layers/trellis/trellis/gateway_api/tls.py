"""TLS of HTTPS listeners: VPC Lattice terminates it, with its own certificate for the names that it generates, and with
one of AWS Certificate Manager for a custom domain name.

Secrets in `certificateRefs` are not read: VPC Lattice takes no other certificates than those of ACM. They are no error
either, since the Gateway API wants one wherever there are no options, and other controllers do not read it as well.
"""

from trellis.gateway_api.objects import Gateway, GatewayListener

HTTPS = "HTTPS"

CERTIFICATE_OPTIONS = ("trellis.dev/certificate-arn", "application-networking.k8s.aws/certificate-arn")
"""In `tls.options` of a listener: the certificate of the custom domain names that it serves. The first one counts."""


def certificate_option(listener: GatewayListener) -> str:
    """The ARN of the certificate that an HTTPS listener names; empty when it names none."""
    options = listener.tls.options if listener.tls and listener.protocol == HTTPS else {}
    return next((options[name] for name in CERTIFICATE_OPTIONS if options.get(name)), "")


def unsupported(listener: GatewayListener, gateway: Gateway) -> str | None:
    """What VPC Lattice cannot do of what a listener asks for, with the field, or None."""
    if listener.protocol != HTTPS:
        return None
    if listener.tls and listener.tls.mode not in ("", "Terminate"):
        return f"tls.mode: {listener.tls.mode[:40]} is not supported, only Terminate is"
    if gateway.spec.tls and gateway.spec.tls.frontend:
        return "spec.tls.frontend: VPC Lattice does not ask clients for certificates"
    return None
