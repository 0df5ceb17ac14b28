"""What people paste to go on with a sign-in: an address, a query, or a bare code (upstream notes 1.4)."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret

LONGEST: Final = 8192
SHORTEST_CODE: Final = 10


class Pasted(Struct, frozen=True):
    """Either a code or the word for an error; `state` is empty where the text has none."""

    code: Secret = Secret("")
    state: str = ""
    error: str = ""


def read(text: str) -> Pasted:
    """Raises GatewayError(bad_request) that says what to copy instead."""
    # A terminal may have broken a long address into lines; none of the three forms holds white space.
    text = "".join(text.split())
    if len(text) > LONGEST or not text.isprintable():
        raise _unusable("That is no address of a sign-in.")
    if text.startswith(("http://", "https://")):
        return _of_query(_query_of(text))
    if "code=" in text or "error=" in text:
        return _of_query(text.partition("?")[2] or text)
    if text.startswith("1//"):
        raise _unusable("That is a refresh token, not a code: `agtui accounts add` takes it.")
    if len(text) < SHORTEST_CODE or not text.isascii():
        raise _unusable("That is no code.")
    return Pasted(Secret(unquote(text) if "%2f" in text.lower() else text))


def _query_of(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        raise _unusable("That is no address.") from None


def _of_query(query: str) -> Pasted:
    fields = {name: values[0] for name, values in parse_qs(query.partition("#")[0].lstrip("?")).items()}
    pasted = Pasted(Secret(fields.get("code", "")), fields.get("state", ""), fields.get("error", ""))
    if not pasted.code and not pasted.error:
        raise _unusable("There is no code in that address yet.")
    return pasted


def _unusable(what: str) -> GatewayError:
    return GatewayError.of(
        Kind.BAD_REQUEST,
        f"{what} Agree in the browser, then copy the whole address that it ends at.",
        params={"param": "text"},
    )
