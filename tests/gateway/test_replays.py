"""What a client never saw comes back with the calls that it answers."""

from __future__ import annotations

from core.domain.content import Role, Text, ToolCall, ToolResult, Turn
from core.gateway.replays import Replays

SEARCHED = (
    Turn(Role.MODEL, (ToolCall("g1", "google_search", '{"query":"tides"}'),)),
    Turn(Role.USER, (ToolResult("g1", "google_search", (Text("found"),)),)),
    Turn(Role.MODEL, (Text("So:"), ToolCall("c1", "note"), ToolCall("c2", "note"))),
)
SEEN = Turn(Role.MODEL, (Text("So:"), ToolCall("c1", "note"), ToolCall("c2", "note")))
ASKED, ANSWERED = Turn.of(Role.USER, "tides?"), Turn(Role.USER, (ToolResult("c1"), ToolResult("c2")))
CALLS = frozenset({"c1", "c2"})


def test_the_turns_stand_where_the_client_has_one() -> None:
    replays = Replays()
    replays.keep("local", CALLS, SEARCHED)
    again = replays.restored("local", (ASKED, SEEN, ANSWERED))
    assert again == (ASKED, *SEARCHED, ANSWERED)
    assert replays.restored("local", (ASKED, SEEN, ANSWERED)) == again, "every later turn tells it again"


def test_another_key_and_a_turn_with_other_calls_get_nothing() -> None:
    replays = Replays()
    replays.keep("local", CALLS, SEARCHED)
    changed = Turn(Role.MODEL, (ToolCall("c1", "note"),))
    assert replays.restored("other", (ASKED, SEEN)) == (ASKED, SEEN)
    assert replays.restored("local", (ASKED, changed)) == (ASKED, changed)


def test_old_answers_are_forgotten_by_number_and_by_size() -> None:
    few = Replays(most=1)
    few.keep("k", CALLS, SEARCHED)
    few.keep("k", frozenset({"c9"}), SEARCHED)
    assert few.restored("k", (SEEN,)) == (SEEN,)
    small = Replays(characters=100)
    small.keep("k", CALLS, SEARCHED)
    assert small.restored("k", (SEEN,)) == SEARCHED
    small.keep("k", frozenset({"c9"}), (Turn.of(Role.USER, "x" * 90),))
    assert small.restored("k", (SEEN,)) == (SEEN,)
