"""What may be shown or logged: the only place that decides it.

Everything on its way to a log line, an error message, a database row or a crash report goes through
`redact`. Secrets are found in two ways: by their form (tokens, keys, header and query values), and by
their text, once somebody has registered it. Pictures in base64 are cut to their size, since nobody
reads them. What a terminal may be sent is another question, asked where text is drawn.
"""

from __future__ import annotations

import base64
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from core.domain.secret import Secret

MASK: Final = "***"
SHORTEST_SECRET: Final = 6
"""Registered texts below this length are ignored: masking them would eat ordinary words."""

LONG: Final = 16

_START: Final = r"(?:(?<![\w.\-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
"""Where a token may begin: not inside a word, but after a percent escape or an escaped line break."""
_QUOTE: Final = r"(?:b(?=[\"']))?(?:\\?[\"'])?"
_VALUE: Final = r"[^\s\"'\\&,;)}\]]+"
_NAMES: Final = (
    r"(?:access|refresh|id|auth|session)[_-]?token|client[_-]?secret|code[_-]?verifier|private[_-]?key"
    r"|(?:x-)?(?:goog-)?api[_-]?key|x-admin-token|admin[_-]?password|password|passwd|secret"
)

Rule = tuple[tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _rule(
    triggers: str, pattern: str, replacement: str | Callable[[re.Match[str]], str], flags: int = 0
) -> Rule:
    """A pattern is searched only in a text (in lower case) that holds one of its `triggers`."""
    return tuple(triggers.split()), re.compile(pattern, flags), replacement


def _shorten(match: re.Match[str]) -> str:
    return f"<base64, {len(match[0])} characters>"


def _shorten_url(match: re.Match[str]) -> str:
    return f"{match[1]}<base64, {len(match[0]) - len(match[1])} characters>"


RULES: Final[tuple[Rule, ...]] = (
    _rule(
        "-----begin",
        r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)",
        r"-----BEGIN \1----- " + MASK,
        re.DOTALL,
    ),
    # header values, as text, as JSON, and as Python prints tuples of them
    _rule(
        "authorization",
        rf"((?:proxy-)?authorization{_QUOTE}\s*[:=,]\s*{_QUOTE})((?:bearer|basic|digest|token)\s+)?{_VALUE}",
        rf"\1\2{MASK}",
        re.IGNORECASE,
    ),
    _rule("bearer", r"\b(bearer(?:\s|%20|\+)+)[\w.~+/=%\-]{6,}", rf"\1{MASK}", re.IGNORECASE),
    _rule(
        "cookie", rf"\b((?:set-)?cookie{_QUOTE}\s*[:=,]\s*{_QUOTE})[^\"'\r\n]+", rf"\1{MASK}", re.IGNORECASE
    ),
    # pairs: query strings, forms, JSON, struct reprs
    _rule(
        "token secret key verifier passw",
        rf"((?<![A-Za-z])(?:{_NAMES}){_QUOTE}(?:\s*[:=,]\s*|%3d|%22%3a%22){_QUOTE}){_VALUE}",
        rf"\1{MASK}",
        re.IGNORECASE,
    ),
    _rule("://", r"(://[^\s/@:\"'?#]*:)[^\s/@\"']+@", rf"\1{MASK}@"),
    _rule("key= token= code=", rf"([?&](?:key|token|code)=){_VALUE}", rf"\1{MASK}", re.IGNORECASE),
    # tokens by their form
    _rule("ya29.", r"ya29\.[\w.\-]{4,}", "ya29." + MASK),
    _rule(
        r"1// 1%2f 1\/",
        rf"{_START}1(?:/|%2[fF]|\\u002[fF]|\\/){{2}}[\w.%\-]{{4,}}",
        "1//" + MASK,
    ),
    _rule("4/0", rf"{_START}4(?:/|%2[fF])0[\w\-]{{16,}}", "4/" + MASK),
    _rule("aiza", r"AIza[\w\-]{16,}", "AIza" + MASK),
    _rule("sk-", rf"{_START}sk-[\w\-]{{12,}}", "sk-" + MASK),
    _rule("xai-", rf"{_START}xai-[\w\-]{{16,}}", "xai-" + MASK),
    _rule("gocspx-", r"GOCSPX-[\w\-]{8,}", "GOCSPX-" + MASK),
    _rule("gho_ ghp_ ghs_ ghu_ github_pat_", rf"{_START}(gh[opsu]_|github_pat_)\w{{16,}}", rf"\1{MASK}"),
    _rule("eyj", r"eyJ[\w\-]{8,}\.[\w\-]{8,}(?:\.[\w\-]*)*", "eyJ" + MASK),
)
_DATA_URL: Final = _rule(
    ";base64,", r"(data:[\w/+.\-]*(?:;[\w=.\-]+)*;base64,)[\w+/=\-]{64,}", _shorten_url, re.ASCII
)
_BLOB: Final = _rule("", r"[A-Za-z0-9+/_\-]{200,}={0,2}", _shorten)


class _Known(NamedTuple):
    """Registered texts, the few short ones apart. The long ones, longest first, stand under their first
    `LONG` characters: so a search takes as long for thousands of them as for one. A text without a word
    of `least` characters can't hold any, which spares most log lines that search."""

    short: tuple[str, ...]
    long: dict[str, list[str]]
    least: int

    def mask(self, text: str) -> str:
        """`text` without the long ones."""
        pieces: list[str] = []
        start = at = 0
        last = len(text) - LONG
        while at <= last:
            for form in self.long.get(text[at : at + LONG], ()):
                if text.startswith(form, at):
                    pieces += (text[start:at], MASK)
                    start = at = at + len(form)
                    break
            else:
                at += 1
        return "".join((*pieces, text[start:]))


class Redactor:
    """Masks secrets in texts. `register` may be called from any thread at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: dict[str, frozenset[str]] = {}
        self._known = _Known((), {}, 0)

    def register(self, *secrets: str | Secret) -> None:
        """From here on these are masked wherever they appear: plain, in base64, or percent-encoded."""
        fresh = [text for text in _texts(secrets) if len(text) >= SHORTEST_SECRET and text not in self._forms]
        if not fresh:
            return
        with self._lock:
            self._forms |= {text: frozenset(_forms(text)) for text in fresh}
            self._compile()

    def forget(self, *secrets: str | Secret) -> None:
        """Stop looking for these, once they open nothing any more."""
        with self._lock:
            for text in _texts(secrets):
                self._forms.pop(text, None)
            self._compile()

    def _compile(self) -> None:
        forms = sorted({form for forms in self._forms.values() for form in forms}, key=len, reverse=True)
        long: dict[str, list[str]] = {}
        short: list[str] = []
        least = 0
        for form in forms:
            if len(form) >= LONG and not re.search(r"\s", form):
                long.setdefault(form[:LONG], []).append(form)
                least = len(form)
            else:
                short.append(form)
        self._known = _Known(tuple(short), long, least)

    def redact(self, text: str) -> str:
        """`text` without secrets, fit for a log, an error or a row. Clean text comes back as it is."""
        known = self._known
        for form in known.short:
            if form in text:
                text = text.replace(form, MASK)
        if known.least and len(text) >= known.least and max(map(len, text.split()), default=0) >= known.least:
            text = known.mask(text)
        lower = text.lower()
        for triggers, pattern, replacement in RULES:
            for trigger in triggers:
                if trigger in lower:
                    text = pattern.sub(replacement, text)
                    break
        if len(text) > 64:
            if ";base64," in lower:
                text = _DATA_URL[1].sub(_DATA_URL[2], text)
            if len(text) >= 200:
                text = _BLOB[1].sub(_BLOB[2], text)
        return text

    def exception(self, exc: BaseException) -> str:
        """The traceback with causes and source lines, without values of variables, redacted."""
        report = traceback.TracebackException.from_exception(exc, capture_locals=False)
        return self.redact("".join(report.format())).rstrip()


def _texts(secrets: Iterable[str | Secret]) -> set[str]:
    return {secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets}


def _forms(text: str) -> Iterator[str]:
    """How a text looks once something has encoded it."""
    yield text
    for safe in ("", "/"):
        percent = quote(text, safe=safe)
        yield percent
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), percent)
        yield quote(percent, safe=safe)
    yield text.replace("/", "\\/")
    yield text.replace("\\", "\\\\").replace('"', '\\"')
    raw = text.encode()
    for shift in range(3):  # a secret inside a longer text starts at any of three places of a group
        whole = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        # characters that also hold bits of the neighbours are left out
        first = (0, 2, 3)[shift]
        last = len(whole) - (1 if (shift + len(raw)) % 3 else 0)
        if last - first >= SHORTEST_SECRET:
            yield whole[first:last]
            yield whole[first:last].replace("+", "-").replace("/", "_")


_default: Final = Redactor()
"""One for the process, on purpose: a secret that one part has registered must be unknown to every log,
whoever writes it, so there is nobody to hand another one to."""

register = _default.register
forget = _default.forget
redact = _default.redact
redact_exception = _default.exception


def mask_email(email: str) -> str:
    """`ada@example.com` -> `a•••@example.com`: enough to recognise one's own, useless to others."""
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"{email[:1]}•••" if email else ""


def short_email(email: str) -> str:
    """`ada@example.com` -> `ada@…`: for a line in the log of the person whose accounts these are."""
    name, at, _ = email.rpartition("@")
    return f"{name}@…" if at else email
