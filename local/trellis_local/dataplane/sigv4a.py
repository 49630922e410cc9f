"""Signature Version 4A: an ECDSA signature that holds in every region of a set.

The key pair follows from the secret access key, by the counter-mode key derivation of NIST SP 800-108 that AWS' Common
Runtime uses (awslabs/aws-c-auth, key derivation); botocore signs with it but has no Python code for it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ALGORITHM = "AWS4-ECDSA-P256-SHA256"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
_KEY_BITS = 256
_MOST_ROUNDS = 254


def is_signature(signature: str, string_to_sign: str, *, access_key_id: str, secret: str) -> bool:
    """Whether the signature, DER in hexadecimal, is one of these credentials."""
    try:
        _public_key(access_key_id, secret).verify(bytes.fromhex(signature), string_to_sign.encode(), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_key(access_key_id: str, secret: str) -> ec.EllipticCurvePublicKey:
    for counter in range(1, _MOST_ROUNDS + 1):
        candidate = _candidate(access_key_id, secret, counter)
        if candidate <= _ORDER - 2:
            return ec.derive_private_key(candidate + 1, ec.SECP256R1()).public_key()
    raise ValueError(f"no key can be derived from the secret of {access_key_id}")


def _candidate(access_key_id: str, secret: str, counter: int) -> int:
    label, context = ALGORITHM.encode(), access_key_id.encode() + bytes([counter])
    message = (1).to_bytes(4, "big") + label + b"\x00" + context + _KEY_BITS.to_bytes(4, "big")
    return int.from_bytes(hmac.digest(f"AWS4A{secret}".encode(), message, hashlib.sha256), "big")
