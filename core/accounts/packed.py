"""The packed form of refresh tokens in other programs' files: `token|project|managed project`.

Upstream notes 1.7. A plain token is the packed form of itself. And
what an account is called that nothing but its token is known of.
"""

from __future__ import annotations

from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret

_LONGEST = 4096


def unpack(text: str) -> tuple[str, str, str]:
    """(refresh token, project, managed project); what is absent is empty.

    Raises GatewayError(bad_request) for what can't be a token; the words don't repeat it.
    """
    text = text.strip()
    token, _, rest = text.partition("|")
    project, _, managed = rest.partition("|")
    if not token or len(text) > _LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            "That is not a refresh token: one line without spaces is expected.",
            params={"param": "refresh_token"},
        )
    return token, project.strip(), managed.strip("| ")


def placeholder(token: Secret) -> str:
    """The name of an account whose e-mail is not known yet; the same for the same token."""
    return f"unnamed-{token.fingerprint()}"
