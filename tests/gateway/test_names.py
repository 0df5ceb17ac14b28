"""From the name a client uses to the id that each account is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.models import ModelInfo
from core.domain.ports import PoolEntry
from core.domain.requests import Effort, ImageRequest, Thinking
from core.gateway.generation import GenerationService
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, caller, entry

OWN = {"fast": "m1", "gpt-*": "retired", "poster": "p1-16x9", "loop": "fast"}


class TieredProvider(FakeProvider):
    """`tier` stands for `small` where little effort is asked for, else for `large`; `-16x9` is a shape."""

    def resolve(self, model: str, kind: str = "chat", effort: Effort | None = None) -> str:
        if model == "tier":
            return "small" if effort == "low" else "large"
        return model.removeprefix("alias-").removesuffix("-16x9")


def service(
    *entries: PoolEntry, models: tuple[ModelInfo, ...] | None = None
) -> tuple[GenerationService, Any]:
    provider = TieredProvider()
    pool, clock = FakePool(*entries, models=models), FakeClock()
    made = GenerationService(
        pool, {"fake": provider}, FakeRecorder(), FakeEvents(), clock, aliases=lambda: OWN
    )
    return made, provider


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("fast", "m1"),
        ("loop", "fast"),
        ("gpt-5", "current"),
        ("retired", "current"),
        ("alias-lacking", "sibling"),
        ("anything", "anything"),
    ],
)
async def test_own_names_come_first_then_what_is_retired_then_known_names_then_siblings(
    asked: str, sent: str
) -> None:
    made, _ = service(entry("a", aliases={"retired": "alias-current", "lacking": "sibling"}))
    plan = await made.explain(asked)
    assert (plan.asked, plan.model) == (asked, sent)


async def test_each_account_is_asked_for_what_it_has() -> None:
    new = entry("new", offers=frozenset({"agent"}), aliases={"high": "agent"})
    old = entry("old", offers=frozenset({"high"}))
    made, _ = service(new, old)
    plan = await made.explain("high")
    assert {one.account: (one.model, one.passed_over) for one in plan.candidates} == {
        "new": ("agent", ""),
        "old": ("high", ""),
    }


@pytest.mark.parametrize(("effort", "sent"), [("low", "small"), ("high", "large"), (None, "large")])
async def test_the_effort_of_a_request_chooses_between_tiers(effort: Effort | None, sent: str) -> None:
    made, _ = service(entry("a"))
    answer = await made.answer(asking(model="tier", thinking=Thinking(effort)), caller())
    assert answer.started.model == sent


async def test_a_provider_reads_the_name_that_an_alias_leads_to() -> None:
    made, provider = service(entry("a"), models=(ModelInfo("p1", "fake", kind="image"),))
    await made.answer(asking(model="fast"), caller())
    async for _ in made.pictures(ImageRequest("A cat", "poster"), caller()):
        pass
    assert [one.model for one in provider.requests] == ["m1", "p1-16x9"]


async def test_a_name_with_a_shape_is_explained_as_the_picture_model_it_is() -> None:
    made, _ = service(entry("a"), models=(ModelInfo("p1", "fake", kind="image"),))
    plan = await made.explain("poster")
    assert plan.steps[0].kind == "image"
