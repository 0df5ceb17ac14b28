"""A text that must not be shown: it prints as `***` and no encoder takes it by accident."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NoReturn


class Secret:
    """Wraps a credential. Only `reveal()` gives the text back, so that every use can be found by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def fingerprint(self) -> str:
        """The first 6 hex digits of SHA-256: enough to tell two apart, useless to anybody else."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:6]

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret can't be pickled")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self
