"""Chat completions with thoughts where Cursor's user sees them: nowhere, apart, in tags, or in the text.

Works on the events of an answer, before they are written: a thought becomes text, or goes. Nobody has to
take frames apart again, and any batching of the events says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

from core.dialects.openai.reply import ChatReply
from core.domain.content import Part, Refusal, Search, Text, Thought
from core.domain.events import Answer, Finished, PartClosed, PartDelta, PartOpened, StreamEvent

Mode = Literal["hide", "raw", "think_tags", "inline"]

DEFAULT: Final[Mode] = "think_tags"
MODES: Final[dict[str, Mode]] = {
    "hide": "hide",
    "off": "hide",
    "disabled": "hide",
    "raw": "raw",
    "passthrough": "raw",
    "native": "raw",
    "think_tags": "think_tags",
    "think-tags": "think_tags",
    "fold": "think_tags",
    "cursor": "think_tags",
    "inline": "inline",
    "on": "inline",
    "enabled": "inline",
}
"""What people may write for a mode."""

OPEN: Final = "<think>\n"
CLOSE: Final = "\n</think>"
AFTER: Final = "\n\n"
CLOSE_LATE: Final = "</think>\n"
"""What closes thoughts that no text follows."""


def mode_of(*words: str) -> Mode:
    """The mode that the first word with a meaning names."""
    for word in words:
        if mode := MODES.get(word.strip().lower()):
            return mode
    return DEFAULT


class CursorReply:
    """A chat reply that shows thoughts as `mode` says."""

    def __init__(self, chat: ChatReply, mode: Mode) -> None:
        self._chat = chat
        self._mode: Mode = mode
        self._part: Part | None = None
        self._tag_open = False

    @property
    def content_type(self) -> str:
        return self._chat.content_type

    def heartbeat(self) -> bytes:
        return self._chat.heartbeat()

    def frames(self, batch: Sequence[object]) -> bytes:
        events = cast("Sequence[StreamEvent]", batch)
        plain = type(self._part) is Text and not self._tag_open
        if self._mode == "raw" or (plain and len(events) == 1 and type(events[0]) is PartDelta):
            return self._chat.frames(events)
        return b"".join(
            self._hidden(event) if self._mode == "hide" else self._frames(event) for event in events
        )

    def _frames(self, event: StreamEvent) -> bytes:
        return self._chat.frames(self._shown(event))

    def _hidden(self, event: StreamEvent) -> bytes:
        """An event without thoughts; a chunk without content tells that the answer goes on."""
        match event:
            case PartOpened(part=part):
                self._part = part
                return b"" if isinstance(part, Thought) else self._chat.frames([event])
            case PartDelta() if isinstance(self._part, Thought):
                return self._chat.nothing()
            case PartClosed() if isinstance(self._part, Thought):
                return b""
            case _:
                return self._chat.frames([event])

    def _shown(self, event: StreamEvent) -> list[StreamEvent]:
        """An event with thoughts turned into text."""
        match event:
            case PartOpened(part=Thought(text=text) as part):
                self._part = part
                return [PartOpened(Text("")), *self._reasoning(text)]
            case PartOpened(part=part):
                self._part = part
                said = isinstance(part, Search | Refusal) or (isinstance(part, Text) and bool(part.text))
                return [PartOpened(Text(self._closing())), PartClosed(), event] if said else [event]
            case PartDelta(text=text) if isinstance(self._part, Thought):
                return self._reasoning(text)
            case PartDelta(text=text) if isinstance(self._part, Text) and text:
                return [PartDelta(self._closing() + text, event.signature)]
            case Finished() if self._tag_open:
                self._tag_open = False
                return [PartOpened(Text(CLOSE_LATE)), PartClosed(), event]
            case _:
                return [event]

    def _reasoning(self, text: str) -> list[StreamEvent]:
        """A thought's text as text; blanks alone count as nothing."""
        if not text.strip():
            return []
        if self._mode == "think_tags" and not self._tag_open:
            self._tag_open = True
            return [PartDelta(OPEN + text)]
        return [PartDelta(text)]

    def _closing(self) -> str:
        """What has to stand before content."""
        if not self._tag_open:
            return ""
        self._tag_open = False
        return CLOSE + AFTER

    def body(self, answer: Answer) -> bytes:
        """The whole answer."""
        return self._chat.body(folded(answer, self._mode))


def folded(answer: Answer, mode: Mode) -> Answer:
    """The answer with its thoughts moved into the text, or left out."""
    if mode == "raw":
        return answer
    reasoning = "".join(part.text for part in answer.parts if isinstance(part, Thought))
    others = tuple(part for part in answer.parts if not isinstance(part, Thought))
    content = "".join(part.text for part in others if isinstance(part, Text | Refusal))
    lead = ""
    if mode != "hide" and reasoning.strip():
        lead = f"{OPEN}{reasoning}{CLOSE}" if mode == "think_tags" else reasoning
        if content:
            lead = "" if mode == "inline" and content.startswith(reasoning) else lead + AFTER
    parts = (Text(lead), *others) if lead else others
    return Answer(answer.started, parts, answer.usage, answer.finish)
