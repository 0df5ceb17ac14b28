"""Stored turns and stream events as what the transcript shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.content import (
    AssetRef,
    Media,
    Part,
    Refusal,
    Role,
    Search,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Url,
)
from core.domain.events import Usage
from core.domain.failure import Failure
from core.domain.searches import sources_markdown
from core.domain.works import Chat, ChatTurn, Note
from tui import format as say
from tui.widgets.turn import ImageView, State, ToolView, TurnView
from tui.widgets.turn import Role as Voice


@dataclass(frozen=True)
class Unanswered:
    """A question without a whole answer: sending the same text again asks the stored turn once more."""

    chat: str
    turn: str
    text: str


NOTHING = "The model answered nothing. Press enter to ask it again, or choose another model with ctrl+t."

NO_ANSWER = "No answer yet. ctrl+r asks again."

VOICES: dict[Role, Voice] = {Role.USER: "you", Role.MODEL: "model", Role.SYSTEM: "note"}
STATES: dict[str, State] = {"complete": "done", "stopped": "stopped", "failed": "failed"}


def turn_view(turn: ChatTurn) -> TurnView:
    """One stored turn."""
    return TurnView(
        id=turn.id,
        role=VOICES[turn.role],
        text=text_of_parts(turn.parts),
        thoughts="".join(part.text for part in turn.parts if isinstance(part, Thought)),
        tools=tools_of(turn.parts),
        images=tuple(image_view(part) for part in turn.parts if isinstance(part, Media)),
        footer=footer(turn.note) if turn.role is Role.MODEL else "",
        error=error_text(turn.failure) if turn.failure else NOTHING if answered_nothing(turn) else "",
        state=STATES[turn.state],
    )


def path_views(chat: Chat) -> list[TurnView]:
    """What the conversation says, from its first turn to its head."""
    views = [turn_view(turn) for turn in chat.path()]
    if views and views[-1].role == "you":
        views.append(TurnView(f"{views[-1].id}-open", "note", NO_ANSWER))
    return views


def vain_attempt(chat: Chat, shown: Sequence[TurnView]) -> TurnView | None:
    """The shown attempt that came to nothing, if the conversation goes on with an earlier answer."""
    last = shown[-1] if shown else None
    if last is None or last.state not in ("failed", "stopped") or last.text or last.thoughts or last.tools:
        return None
    path = chat.path()
    return last if path and path[-1].role is Role.MODEL and path[-1].parts else None


def answered_nothing(turn: ChatTurn) -> bool:
    """A model's turn that came to its end without a word."""
    return turn.role is Role.MODEL and turn.state == "complete" and not turn.parts


def unanswered(chat: Chat) -> Unanswered | None:
    """The last question of a conversation, if nothing came back for it or what came broke off."""
    path = chat.path()
    if path and path[-1].role is Role.MODEL and (not path[-1].parts or path[-1].state == "failed"):
        path = path[:-1]
    if not path or path[-1].role is not Role.USER:
        return None
    return Unanswered(chat.id, path[-1].id, text_of_parts(path[-1].parts))


def text_of_parts(parts: Sequence[Part]) -> str:
    """The text of some parts; what a grounded answer found follows as a list of sources."""
    text = "".join(part.text for part in parts if isinstance(part, Text | Refusal))
    for part in parts:
        if isinstance(part, Search):
            text += sources_markdown(part)
    return text


def tools_of(parts: Sequence[Part]) -> tuple[ToolView, ...]:
    results = {part.call_id: part for part in parts if isinstance(part, ToolResult)}
    return tuple(
        ToolView(
            part.name,
            part.arguments,
            text_of_parts(results[part.id].parts) if part.id in results else "",
            part.id in results and results[part.id].is_error,
        )
        for part in parts
        if isinstance(part, ToolCall)
    )


def image_view(media: Media) -> ImageView:
    """A picture by its best label; nothing is decoded here."""
    match media.data:
        case AssetRef(id=asset_id):
            label = asset_id
        case Url(url=url):
            label = url
        case _:
            label = media.mime
    return ImageView(media.name or label)


def footer(note: Note) -> str:
    """`↑12 ↓180 tok · 2.1 s · ada@… · sandbox-thinking`; what is unknown is left out, and so is the time
    that a refusal took, unless somebody waited for it."""
    facts = (
        [tokens(Usage(note.input_tokens, note.output_tokens))]
        if note.output_tokens or note.input_tokens
        else []
    )
    answered = bool(facts or note.account or note.model)
    if note.seconds >= (0.001 if answered else 1.0):
        facts.append(say.milliseconds(note.seconds * 1000))
    facts += [say.short_email(note.account)] if note.account else []
    facts += [note.model] if note.model else []
    return " · ".join(facts)


def tokens(usage: Usage) -> str:
    return f"↑{say.count(usage.input)} ↓{say.count(usage.output)} tok"


def running(usage: Usage, letters: int, seconds: float, first: float | None) -> str:
    """The figures of an answer that is still coming; its tokens are estimated from its letters until told."""
    written = usage.output or letters // 4
    facts = [f"↑{say.count(usage.input)} ↓{say.count(written)} tok"]
    if first is not None and seconds - first > 0.5:
        facts.append(f"{written / (seconds - first):.0f} tok/s")
    if first is not None:
        facts.append(f"first after {first:.1f} s")
    return "  ".join(facts)


def error_text(failure: Failure) -> str:
    """What a person reads when an answer failed: the message, and when to come back if that is known."""
    text = failure.public_message
    if failure.retry_after and "again" not in text and "reset" not in text.lower():
        text += f" Try again in {say.span(failure.retry_after)}."
    if url := failure.params.get("url"):
        text += f" {url}"
    return text
