"""The keys by which a cluster's OpenID Connect issuer signs the tokens of service accounts.

Tokens are checked against real time, because that is what they are issued in.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import RSAKey

_ALGORITHM = "RS256"


class InvalidAccountTokenError(Exception):
    """A token that this issuer did not sign, or that is for another audience; `expired` where it is only too late."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class AccountTokens:
    """Signs and checks the tokens of one issuer; the key is made when it is first needed."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    @cached_property
    def _key(self) -> RSAKey:
        return RSAKey.generate_key(2048)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JSON web token with these claims and the issuer."""
        return jwt.encode({"alg": _ALGORITHM}, {**claims, "iss": self._issuer}, self._key)

    def claims(self, token: str, *, audience: str) -> Mapping[str, Any]:
        """The claims of a token that is for the audience; raises InvalidAccountTokenError."""
        required = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        try:
            found = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            required.validate(found.claims)
        except ExpiredTokenError as error:
            raise InvalidAccountTokenError(str(error), expired=True) from error
        except JoseError as error:
            raise InvalidAccountTokenError(str(error)) from error
        return found.claims
