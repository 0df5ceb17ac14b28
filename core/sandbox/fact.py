"""One entry of the sandbox's shelf of knowledge."""

from msgspec import Struct


class Fact(Struct, frozen=True):
    """One subject. `words` name it in a question; `rows` are a table, `code` is (language, text)."""

    title: str
    words: tuple[str, ...]
    short: str
    points: tuple[str, ...]
    head: tuple[str, str]
    rows: tuple[tuple[str, str], ...]
    code: tuple[str, str]
