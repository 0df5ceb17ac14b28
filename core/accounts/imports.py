"""Reading the account files of other programs, and of our own: bytes in, what was found out.

Opens no file and asks nobody. A file is known by its content, never by its name (see `import_shapes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from core.domain.failure import GatewayError, Kind
from core.domain.secret import Secret

from .exports import FORMAT, VERSION
from .import_shapes import EXPECTED, SHAPES, Members, Shape, is_index
from .packed import unpack

MOST_ENTRIES: Final = 10_000
MOST_VALUES: Final = 2_000_000
"""Brackets and commas of a file: ten thousand accounts with all their quotas stay far below."""
LONGEST_EMAIL: Final = 254
LONGEST_PROJECT: Final = 128


class Found(Struct, frozen=True):
    """One account of a file. Without a token, `note` says why; `email` is empty where the file has none.

    `source` is the program, `disabled` whether it had the account switched off, `client` the fingerprint
    of the OAuth client id that issued the token (only our own files know it).
    """

    email: str
    refresh_token: Secret
    project: str = ""
    managed_project: str = ""
    source: str = ""
    file: str = ""
    note: str = ""
    disabled: bool = False
    provider: str = "antigravity"
    client: str = ""


class Contents(Struct, frozen=True):
    """What a file holds. `beside` names the files of an index, relative to it, with the e-mail of each."""

    found: tuple[Found, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()


class NotAccounts(GatewayError):
    """A file that can be read but holds no accounts: in a directory, somebody else's business."""


def read_file(content: bytes, name: str) -> Contents:
    """The accounts in the bytes of a file that is called `name`.

    Raises NotAccounts for a file of another kind and GatewayError(bad_request, too_large) for one that
    can't be read; both name the file and say what was expected, and repeat nothing of its content.
    """
    document = _decode(content, name)
    if document.get("format") == FORMAT and document.get("version") != VERSION:
        raise _refused(name, f"it is an export of another version than {VERSION}.")
    if not isinstance(document.get("accounts", []), list):
        raise _refused(name, "its `accounts` is not a list.")
    if is_index(document):
        return Contents(beside=tuple(_beside(_bounded(document["accounts"], name))))
    for shape in SHAPES:
        if shape.fits(document):
            entries = _bounded(shape.entries(document), name)
            return Contents(tuple(_found(entry, shape, name) for entry in entries))
    raise NotAccounts(_refused(name, "it holds no accounts that agtui knows.").failure)


def _decode(content: bytes, name: str) -> Members:
    content = content.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")
    if not content:
        raise _refused(name, "it is empty.")
    if sum(content.count(mark) for mark in (b"{", b"[", b",")) > MOST_VALUES:
        raise _too_large(name)
    try:
        document = msgspec.json.decode(content)
    except RecursionError:
        raise _refused(name, "it is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Not the parser's words: they may quote what the file holds.
        raise _refused(name, "it is not valid JSON; it may be cut off.") from None
    if isinstance(document, list):
        return {"accounts": document}
    if not isinstance(document, dict):
        raise _refused(name, "it is neither a JSON object nor a list.")
    return cast("Members", document)


def _beside(entries: Sequence[Any]) -> list[tuple[str, str]]:
    return [(f"accounts/{entry['id']}.json", _email(entry.get("email"))[0]) for entry in entries]


def _bounded(entries: Sequence[Any], name: str) -> Sequence[Any]:
    if len(entries) > MOST_ENTRIES:
        raise _too_large(name)
    return entries


def _found(entry: object, shape: Shape, file: str) -> Found:
    if not isinstance(entry, dict):
        return Found("", Secret(""), source=shape.source, file=file, note="it is not a JSON object")
    names, entry = shape.names, cast("Members", entry)
    email, doubt = _email(_at(entry, names.email))
    notes = [doubt] if doubt else []
    off = [why for path, value, why in names.off if _at(entry, (path,)) == value]
    notes += off
    token, project, managed = _token(_at(entry, names.token), notes)
    if entry.get("type", "antigravity") not in ("antigravity", "oauth"):
        token = Secret("")
        notes.append("it belongs to another service")
    return Found(
        email,
        token,
        _project(_at(entry, names.project), notes) or project,
        _project(_at(entry, names.managed), notes) or managed,
        shape.source,
        file,
        "; ".join(notes),
        bool(off),
        _plain(_at(entry, names.provider)) or "antigravity",
        _plain(_at(entry, names.client)),
    )


def _at(entry: Any, paths: tuple[str, ...]) -> Any:
    """The first member that is there; None when there is none."""
    for path in paths:
        value = entry
        for name in path.split("."):
            value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _token(value: Any, notes: list[str]) -> tuple[Secret, str, str]:
    """(token, project, managed project); an empty token leaves its reason in `notes`."""
    if value is None or value == "":
        notes.append("the file has no refresh token for it")
    elif not isinstance(value, str):
        notes.append("its refresh token is not a text")
    else:
        try:
            token, project, managed = unpack(value)
            return Secret(token), _project(project, notes), _project(managed, notes)
        except GatewayError:
            notes.append("what stands for its refresh token can't be one")
    return Secret(""), "", ""


def _email(value: Any) -> tuple[str, str]:
    """(e-mail or empty, what is wrong with it)."""
    if value is None or value == "":
        return "", ""
    if isinstance(value, str) and len(value) <= LONGEST_EMAIL:
        email = value.strip()
        if email.isprintable() and "@" in email and " " not in email:
            return email, ""
    return "", "what stands for its e-mail can't be one"


def _project(value: Any, notes: list[str]) -> str:
    if value is None or value == "":
        return ""
    if _plain(value, LONGEST_PROJECT):
        return str(value)
    notes.append("its project is left out: that can't be one")
    return ""


def _plain(value: Any, longest: int = 64) -> str:
    """The text if it is one word of printable ASCII, else empty."""
    if isinstance(value, str) and len(value) <= longest and value.isascii() and value.isprintable():
        return "" if " " in value else value
    return ""


def _refused(name: str, why: str) -> GatewayError:
    return GatewayError.of(
        Kind.BAD_REQUEST,
        f"{name} can't be imported: {why} {EXPECTED}",
        params={"param": "path", "why": why},
    )


def _too_large(name: str) -> GatewayError:
    return GatewayError.of(
        Kind.TOO_LARGE,
        f"{name} can't be imported: it holds more than {MOST_ENTRIES} accounts, or more than accounts need.",
        params={"param": "path"},
    )
