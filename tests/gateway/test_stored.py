"""Answers that clients may come back to: whose they are, how long they stay, and how many."""

from __future__ import annotations

from core.domain.content import Role, Turn
from core.gateway.stored import KEPT_S, Stored, StoredAnswers
from tests.fakes import FakeClock, asking


def stored(size: int = 10) -> Stored:
    return Stored(asking(), Turn.of(Role.MODEL, "hi"), b"{}", size)


def test_an_answer_belongs_to_the_key_that_asked_for_it() -> None:
    answers, one = StoredAnswers(FakeClock()), stored()
    answers.keep("r1", "local", one)
    assert answers.find("r1", "local") is one
    assert answers.find("r1", "somebody") is None
    assert not answers.forget("r1", "somebody")
    assert answers.forget("r1", "local")
    assert answers.find("r1", "local") is None


def test_an_answer_is_kept_for_an_hour() -> None:
    clock = FakeClock()
    answers = StoredAnswers(clock)
    answers.keep("r1", "local", stored())
    clock.move(KEPT_S - 1)
    assert answers.find("r1", "local") is not None
    clock.move(1)
    assert answers.find("r1", "local") is None


def test_the_oldest_goes_when_there_is_no_room() -> None:
    answers = StoredAnswers(FakeClock(), most=2, most_bytes=100)
    for name in ("r1", "r2", "r3"):
        answers.keep(name, "local", stored())
    assert [answers.find(name, "local") is None for name in ("r1", "r2", "r3")] == [True, False, False]
    answers.keep("r4", "local", stored(95))
    assert [answers.find(name, "local") is None for name in ("r2", "r3", "r4")] == [True, True, False]
    answers.keep("r5", "local", stored(101))
    assert answers.find("r5", "local") is None
    assert answers.find("r4", "local") is not None
