"""A row of the library's index, as those who fill it write it; free of SQL and of sqlalchemy."""

from __future__ import annotations

from typing import NamedTuple


class Work(NamedTuple):
    """`at` (unix seconds) sorts; `words` is the text it is found by; `body` belongs to the library."""

    id: str
    kind: str
    at: float
    sandbox: bool
    body: bytes
    words: str
