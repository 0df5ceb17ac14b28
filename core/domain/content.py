"""What is said: parts and the turns they make up.

The meaning follows Gemini's parts, the vocabulary is ours. Identity (ids of turns, of chats) is the
library's concern, not a property of content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, structs

__all__ = [
    "AssetRef",
    "Base64Text",
    "Citation",
    "Media",
    "MediaData",
    "Opaque",
    "Part",
    "Refusal",
    "Retrieved",
    "Role",
    "Search",
    "Source",
    "Text",
    "Thought",
    "ToolCall",
    "ToolResult",
    "Turn",
    "media_of",
    "text_of",
    "with_media",
]


class Role(StrEnum):
    USER = "user"
    MODEL = "model"
    SYSTEM = "system"


class Source(Struct, frozen=True):
    """A page that grounds an answer. `uri` is shown as it came and never followed."""

    uri: str
    title: str = ""


class Citation(Struct, frozen=True):
    """`start` and `end` count characters of the text part it belongs to."""

    start: int
    end: int
    source: Source


class Base64Text(Struct, frozen=True, tag="base64"):
    """Base64 as received: it passes from client to upstream and back untouched."""

    text: str


class Url(Struct, frozen=True, tag="url"):
    """A reference that only the guarded fetcher may resolve. `at` is the member of the client's request
    that held it."""

    url: str
    at: str = ""


class AssetRef(Struct, frozen=True, tag="asset"):
    """A picture or video of the library, by its id."""

    id: str


MediaData = Base64Text | Url | AssetRef | bytes


class Text(Struct, frozen=True, tag="text"):
    text: str
    citations: tuple[Citation, ...] = ()
    signature: str = ""


class Thought(Struct, frozen=True, tag="thought"):
    """A summary of the model's thinking. `signature` is opaque: kept and replayed, never read."""

    text: str
    signature: str = ""


class Media(Struct, frozen=True, tag="media"):
    """A picture, sound, video or document. `mime` is lower case, for example `image/png`."""

    mime: str
    data: MediaData
    role: Literal["content", "reference", "mask"] = "content"
    name: str = ""


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """`arguments` is the text as received; it need not be JSON for a `custom` tool."""

    id: str
    name: str
    arguments: str = ""
    kind: Literal["function", "custom", "builtin"] = "function"
    signature: str = ""


class ToolResult(Struct, frozen=True, tag="tool_result"):
    call_id: str
    name: str = ""
    parts: tuple[Text | Media, ...] = ()
    is_error: bool = False


class Retrieved(Struct, frozen=True):
    """A page that a model was asked to read. `trouble` says why it could not; empty: it has read it."""

    url: str
    trouble: str = ""


class Search(Struct, frozen=True, tag="search"):
    """What a grounded answer searched for, found and read."""

    queries: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    pages: tuple[Retrieved, ...] = ()


class Refusal(Struct, frozen=True, tag="refusal"):
    text: str


class Opaque(Struct, frozen=True, tag="opaque"):
    """A part of `family`'s own wire format (JSON text), replayed only to that family."""

    family: str
    raw: str


Part = Text | Thought | Media | ToolCall | ToolResult | Search | Refusal | Opaque


class Turn(Struct, frozen=True):
    """One voice's contribution. System turns keep their place among the others."""

    role: Role
    parts: tuple[Part, ...]

    @staticmethod
    def of(role: Role, text: str) -> Turn:
        return Turn(role, (Text(text),))


def text_of(parts: tuple[Part, ...] | list[Part]) -> str:
    """The visible text of some parts, thoughts and media left out."""
    return "".join(part.text for part in parts if isinstance(part, Text | Refusal))


def media_of(parts: Sequence[Part]) -> Iterator[Media]:
    """The media among some parts and inside their tool results, in order."""
    for part in parts:
        for inner in part.parts if isinstance(part, ToolResult) else (part,):
            if isinstance(inner, Media):
                yield inner


def with_media(turns: Sequence[Turn], replace: Callable[[Media], Media]) -> tuple[Turn, ...]:
    """The turns with each of their media, those inside tool results included, as `replace` gives it."""

    def replaced(part: Any) -> Any:
        if isinstance(part, ToolResult):
            return structs.replace(part, parts=tuple(replaced(inner) for inner in part.parts))
        return replace(part) if isinstance(part, Media) else part

    return tuple(structs.replace(turn, parts=tuple(map(replaced, turn.parts))) for turn in turns)


JsonObject = dict[str, Any]
