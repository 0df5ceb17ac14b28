"""What a client never saw of a conversation, kept until it comes back with it.

A model that has searched may call functions of the client next. The client answers them with a history that
lacks the search: without it the model would search again, and its upstream would see calls in another order
than they were made. So the turns as they were are kept here, by the ids of the client's calls, and put back.
Lost turns (a restart, an old conversation) cost the knowledge of the search and nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from core.domain.content import Part, Text, Thought, ToolCall, ToolResult, Turn

MOST: Final = 1_000
"""Answers that are remembered."""

MOST_CHARACTERS: Final = 16_000_000
"""Of all their texts together."""

Key = tuple[str, frozenset[str]]
"""Whose conversation it is, and the calls that the client knows of."""


class Replays:
    """Remembers the latest answers. `owner` is the client's key: nobody is given another one's turns."""

    def __init__(self, most: int = MOST, characters: int = MOST_CHARACTERS) -> None:
        self._most, self._room = most, characters
        self._kept: OrderedDict[Key, tuple[tuple[Turn, ...], int]] = OrderedDict()
        self._size = 0

    def keep(self, owner: str, calls: frozenset[str], turns: tuple[Turn, ...]) -> None:
        """Remember `turns`: what the client knows as one turn of the model with the calls `calls`."""
        size = sum(_size(part) for turn in turns for part in turn.parts)
        self._forget((owner, calls))
        self._kept[owner, calls] = turns, size
        self._size += size
        while self._kept and (len(self._kept) > self._most or self._size > self._room):
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Key) -> None:
        if (found := self._kept.pop(key, None)) is not None:
            self._size -= found[1]

    def restored(self, owner: str, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The conversation with what is remembered in the place of what the client knows."""
        if not self._kept:
            return turns
        whole: list[Turn] = []
        for turn in turns:
            made = (part for part in turn.parts if isinstance(part, ToolCall) and part.kind != "builtin")
            calls = frozenset(call.id for call in made)
            kept = self._kept.get((owner, calls)) if calls else None
            if kept is None:
                whole.append(turn)
            else:
                self._kept.move_to_end((owner, calls))
                whole += kept[0]
        return tuple(whole)


def _size(part: Part) -> int:
    match part:
        case Text(text=text) | Thought(text=text):
            return len(text)
        case ToolCall(arguments=arguments):
            return len(arguments)
        case ToolResult(parts=parts):
            return sum(_size(inner) for inner in parts)
        case _:
            return 0
