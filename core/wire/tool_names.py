"""Function names on Gemini's wire, and the way back to the names the client knows.

Source: seed 001 (function name rules): `[A-Za-z_][A-Za-z0-9_.:-]{0,63}`; Claude behind the gateway
takes no dots and colons. The same set of names gives the same map on every turn.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Final

MAX_LENGTH: Final = 64
KEPT_WHEN_SHORTENED: Final = 55
DEFAULT: Final = "tool"

FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_.:-]")
FORBIDDEN_STRICT: Final = re.compile(r"[^A-Za-z0-9_-]")

PREFIXES: Final = ("default_api:", "default_api.")
"""Namespaces that models put before a name on their own account."""


def wire_name(name: str, strict: bool = False) -> str:
    """A legal name for `name`, by itself; `strict` for Claude."""
    legal = (FORBIDDEN_STRICT if strict else FORBIDDEN).sub("_", name)
    if not legal:
        return DEFAULT
    if not (legal[0].isalpha() or legal[0] == "_"):
        legal = "_" + legal
    return legal if len(legal) <= MAX_LENGTH else _marked(legal, name)


def _marked(legal: str, original: str) -> str:
    """Short enough, and told apart by a hash of the original."""
    digest = hashlib.sha256(original.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{legal[:KEPT_WHEN_SHORTENED]}_{digest}"


class ToolNames:
    """The names of one request, both ways. Give it every name: declared, called and chosen."""

    def __init__(self, names: Iterable[str], strict: bool = False) -> None:
        self._strict = strict
        self._wire: dict[str, str] = {}
        self._original: dict[str, str] = {}
        distinct = list(dict.fromkeys(names))
        legal = [name for name in distinct if wire_name(name, strict) == name]
        for name in legal + sorted(set(distinct) - set(legal)):
            self._add(name)

    def wire(self, name: str) -> str:
        """The name to send for `name`."""
        return self._wire.get(name) or wire_name(name, self._strict)

    def twin(self, wire: str, number: int) -> str:
        """Another legal name for the tool that is sent as `wire`; `number` tells its twins apart."""
        twin = _marked(wire, f"{wire}#{number}")
        self._original[twin] = self._original.get(wire, wire)
        return twin

    def original(self, wire: str) -> str:
        """The client's name for what the model called. A name that nobody declared comes back as it is."""
        if (name := self._original.get(wire)) is not None:
            return name
        for prefix in PREFIXES:
            if wire.startswith(prefix) and (name := self._original.get(wire.removeprefix(prefix))):
                return name
        return self._unique(wire, str.lower) or self._unique(wire, _flattened) or wire

    def _add(self, name: str) -> None:
        wire = wire_name(name, self._strict)
        if wire in self._original:
            wire = _marked(wire, name)
        self._wire[name] = wire
        self._original[wire] = name

    def _unique(self, wire: str, form: Callable[[str], str]) -> str | None:
        wanted = form(wire)
        found = {name for known, name in self._original.items() if form(known) == wanted}
        return found.pop() if len(found) == 1 else None


def _flattened(name: str) -> str:
    return re.sub(r"[.:-]", "_", name).lower()
