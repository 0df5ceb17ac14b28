"""What may be kept of what was said: headers and bodies without secrets, short. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode

from core.domain.bodies import Bodies, Heard, RawHeaders, Said, Sent, Tape
from core.redact import MASK, redact

LONGEST: Final = 64 * 1024
"""Characters that are kept of a side."""
READ: Final = 4 * LONGEST
"""Bytes that are looked at for them, once base64 is out."""
WORD: Final = 8 * 1024
"""Bytes of the longest word that is kept whole where a body is cut."""
BLOB: Final = 1024
"""Bytes from which on a string without anything but base64 is one."""
PIECE: Final = 1024 * 1024

SHOWN: Final = frozenset(
    (
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-encoding"),
        *("content-length", "content-type", "host", "origin", "originator", "referer", "retry-after"),
        *("server-timing", "transfer-encoding", "user-agent", "x-account-email", "x-app", "x-initiator"),
        *("x-goog-api-client", "x-goog-user-project", "x-mapped-model", "x-request-id", "x-should-retry"),
    )
)
SHOWN_FAMILIES: Final = ("anthropic-", "openai-", "x-stainless-", "x-cursor-", "x-agtui-", "x-ratelimit-")
"""Headers of clients whose values are kept; of all others only the names are."""

_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
_DATA_URL: Final = re.compile(rb"data:[\w/+.\-;=]{0,200};base64,")
_ENDS: Final = re.compile(rb"[\s\"]")
_MARK: Final = "<base64, "


def bodies(tape: Tape) -> Bodies:
    """What is kept of a request."""
    query = [(name, value) for name, value in parse_qsl(tape.query.decode("latin-1")) if name != "key"]
    path = f"{tape.path}?{urlencode(query)}" if query else tape.path
    return Bodies(
        id=tape.id,
        at=tape.at,
        method=tape.method,
        path=redact(path),
        headers=_headers(tape.headers),
        asked=said(tape.asked, _type(tape.headers)),
        sent=tuple(Sent(redact(url), said(body)) for url, body in tape.sent),
        status=tape.status,
        answer_headers=tuple(
            (name.decode("latin-1"), redact(value.decode("latin-1"))) for name, value in tape.answer_headers
        ),
        answer=said(tape.answer, _type(tape.answer_headers)),
    )


def said(heard: Heard, kind: str = "application/json") -> Said:
    """One side's body; of what is no text only kind and size."""
    if not _is_text(kind):
        return Said(
            f"<{kind or 'no type'}, {heard.size} bytes>" if heard.size else "", heard.size, blobs=True
        )
    raw = b"".join(heard.pieces)
    slim = _without_blobs(raw)
    part = _beginning(slim)
    text = part.decode("utf-8", "replace")
    shown = redact(text)
    blobs = slim is not raw or shown.count(_MARK) > text.count(_MARK)
    masked = shown.count(MASK) > text.count(MASK)
    cut = len(raw) < heard.size or len(part) < len(slim) or len(shown) > LONGEST
    return Said(shown[:LONGEST], heard.size, cut, blobs, masked)


def _beginning(content: bytes) -> bytes:
    """What is looked at of a long body, up to the end of a word: half a secret would not be recognised."""
    if len(content) <= READ:
        return content
    end = _ENDS.search(content, READ - WORD, READ)
    return content[: end.start()] if end else content[: READ - 2 * WORD]


def _without_blobs(raw: bytes) -> bytes:
    """The same JSON with long base64 cut to its length: pictures never reach the patterns, which would take
    their time. `raw` itself if there is none."""
    if len(raw) < BLOB:
        return raw
    pieces = raw.split(b'"')
    found = False
    for place, piece in enumerate(pieces):
        if len(piece) < BLOB:
            continue
        lead = _DATA_URL.match(piece)
        start = lead.end() if lead else 0
        if _is_base64(memoryview(piece)[start:]):
            found = True
            pieces[place] = b"%b<base64, %d characters>" % (piece[:start], len(piece) - start)
    return b'"'.join(pieces) if found else raw


def _is_base64(piece: memoryview) -> bool:
    return all(
        not bytes(piece[start : start + PIECE]).translate(None, _BASE64)
        for start in range(0, len(piece), PIECE)
    )


def _is_text(kind: str) -> bool:
    return "json" in kind or kind.startswith("text/") or not kind


def _type(headers: RawHeaders) -> str:
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return kind.decode("latin-1").partition(";")[0].strip().lower()


def _headers(headers: RawHeaders) -> tuple[tuple[str, str], ...]:
    return tuple(
        (lower, redact(value.decode("latin-1")) if _is_shown(lower) else MASK)
        for name, value in headers
        for lower in (name.decode("latin-1").lower(),)
    )


def _is_shown(name: str) -> bool:
    return name in SHOWN or name.startswith(SHOWN_FAMILIES)
