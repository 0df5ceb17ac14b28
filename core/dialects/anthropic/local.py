"""Turns of coding agents that need not cost a large model anything.

Warm-ups and quota probes want no answer at all: they are answered here. Titles, summaries and the like may
be sent to a small model instead, if the person who runs the gateway wants that; a short question of a person
can look like one, so it is off unless switched on. Only the last message counts: what stands earlier in a
conversation says nothing about this turn.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from core.domain.content import Role, Text, ToolResult, Turn
from core.domain.requests import ChatRequest, Thinking, ToolChoice

WARMUP: Final = "Warmup"
LONGEST_WARMUP: Final = 100
PROBES: Final = frozenset({"quota", "."})

BACKGROUND_MODEL: Final = "internal-background-task"
"""The model that background turns are sent to; an alias of this name says which one that is."""

LONGEST_BACKGROUND: Final = 800
"""Bytes; a longer text is a person's own."""
LOOKED_AT: Final = 500
BACKGROUND: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("system", ("Warmup", "<system-reminder>", "This is a system message")),
    (
        "title",
        (
            "write a 5-10 word title",
            "Respond with the title",
            "Generate a title for",
            "Create a brief title",
            "title for the conversation",
            "conversation title",
        ),
    ),
    (
        "summary",
        (
            "Summarize this coding conversation",
            "Summarize the conversation",
            "Concise summary",
            "in under 50 characters",
            "compress the context",
            "Provide a concise summary",
            "condense the previous messages",
            "shorten the conversation history",
            "extract key points from",
        ),
    ),
    (
        "suggestion",
        (
            "prompt suggestion generator",
            "suggest next prompts",
            "what should I ask next",
            "generate follow-up questions",
            "recommend next steps",
            "possible next actions",
        ),
    ),
    (
        "probe",
        ("check current directory", "list available tools", "verify environment", "test connection"),
    ),
)
"""What such turns say, by kind, in the order in which they are looked for (the compatible API's table)."""


def is_warmup(request: ChatRequest) -> bool:
    """Whether the turn only keeps a connection or a cache warm."""
    last = request.turns[-1]
    texts = [part.text for part in last.parts if isinstance(part, Text)]
    if len(last.parts) == len(texts) == 1 and texts[0].startswith(WARMUP):
        return len(texts[0]) < LONGEST_WARMUP
    if any(text == WARMUP or text.startswith(WARMUP + "\n") for text in texts):
        return True
    return any(
        isinstance(part, ToolResult)
        and part.is_error
        and any(isinstance(inner, Text) and inner.text.startswith(WARMUP) for inner in part.parts)
        for part in last.parts
    )


def is_probe(request: ChatRequest) -> bool:
    """Whether the turn only asks whether the key still works: one token about nothing."""
    if request.sampling.max_output_tokens != 1 or len(request.turns) != 1:
        return False
    (turn,) = request.turns
    return len(turn.parts) == 1 and isinstance(turn.parts[0], Text) and turn.parts[0].text in PROBES


def background(request: ChatRequest) -> str:
    """The kind of background turn this is; empty: none."""
    text = _last_text(request.turns)
    if not text or len(text.encode("utf-8", "surrogatepass")) > LONGEST_BACKGROUND:
        return ""
    start = text[:LOOKED_AT]
    return next((kind for kind, phrases in BACKGROUND if any(one in start for one in phrases)), "")


def downgraded(request: ChatRequest) -> ChatRequest:
    """The same turn for the small model: without tools and thinking."""
    return structs.replace(
        request, model=BACKGROUND_MODEL, tools=(), tool_choice=ToolChoice(), thinking=Thinking()
    )


def _last_text(turns: tuple[Turn, ...]) -> str:
    """The last text of the user's, system turns passed over."""
    for turn in reversed(turns):
        if turn.role is Role.USER:
            texts = [part.text for part in turn.parts if isinstance(part, Text)]
            return texts[-1] if texts else ""
    return ""
