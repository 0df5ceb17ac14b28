"""From the name a client uses to the id that each account is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.models import Meaning, ModelInfo
from core.domain.ports import PoolEntry, PoolView
from core.domain.requests import Effort, ImageRequest, Thinking
from core.gateway.generation import GenerationService
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, caller, entry

OWN = {"fast": "m1", "gone": "m1", "gpt-*": "retired", "poster": "p1-16x9", "loop": "fast"}


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
        ("gone", "current"),
        ("alias-lacking", "sibling"),
        ("anything", "anything"),
    ],
)
async def test_what_is_retired_comes_first_then_own_names_then_known_names_then_siblings(
    asked: str, sent: str
) -> None:
    retired = {"retired": "alias-current", "gone": "current"}
    made, _ = service(entry("a", retired=retired, aliases={"lacking": "sibling"}))
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


@pytest.mark.parametrize("own", ["high", "alias-high"])
async def test_an_own_name_wins_over_what_an_account_has_instead(own: str) -> None:
    """`high` is what the account lacks: only an upstream's word that it is given up stands above the user."""
    pool, clock = FakePool(entry("a", aliases={"high": "agent"})), FakeClock()
    providers = {"fake": TieredProvider()}
    made = GenerationService(
        pool, providers, FakeRecorder(), FakeEvents(), clock, aliases=lambda: {own: "mine"}
    )
    assert (await made.explain(own)).model == "mine"


class TestLists:
    """`models(names=True)`: every name that leads to what is offered."""

    async def listed(self, *names: str, pool: FakePool | None = None) -> dict[str, str]:
        provider, own = FakeProvider(names=names), OWN | {"vanished": "nothing"}
        made = GenerationService(
            pool or FakePool(),
            {"fake": provider},
            FakeRecorder(),
            FakeEvents(),
            FakeClock(),
            aliases=lambda: own,
        )
        models = await made.models(names=True)
        assert [one.id for one in models] == sorted(one.id for one in models)
        assert {one.id for one in await made.models()} <= {one.id for one in models}
        return {one.id: one.leads_to for one in models}

    async def test_they_hold_ids_own_names_and_known_names_but_no_patterns(self) -> None:
        found = await self.listed("alias-m1", "alias-p1")
        assert found == {
            "m1": "",
            "p1": "",
            "fast": "m1",
            "gone": "m1",
            "alias-m1": "m1",
            "alias-p1": "p1",
        }

    async def test_a_name_that_leads_nowhere_is_left_out(self) -> None:
        found = await self.listed("alias-else", "gpt-4o")
        assert "alias-else" not in found
        assert "vanished" not in found
        assert "gpt-4o" not in found, "the pattern gpt-* takes it to what nobody offers"

    async def test_a_name_of_what_an_account_has_instead_is_listed(self) -> None:
        pool = FakePool(entry("a"), entry("b", aliases={"high": "m1"}))
        assert (await self.listed("alias-high", pool=pool))["alias-high"] == "m1"

    async def test_before_there_is_an_account_they_show_what_providers_know(self) -> None:
        pool = FakePool(models=())
        pool.view = lambda: PoolView(())
        assert {"m1", "alias-m1"} <= (await self.listed("alias-m1", pool=pool)).keys()


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("fast", Meaning("fast", "m1")),
        ("poster", Meaning("poster", "p1-16x9", "image", "16:9")),
        ("alias-p1", Meaning("alias-p1", "p1", "image")),
        ("new-image-4k", Meaning("new-image-4k", "new-image-4k", "image", "", "4K")),
        ("unheard-of", Meaning("unheard-of", "unheard-of")),
    ],
)
async def test_what_a_name_means_is_told_without_asking_for_anything(asked: str, meant: Meaning) -> None:
    made, provider = service(entry("a"), models=(ModelInfo("p1", "fake", kind="image"),))
    assert await made.meaning(asked) == meant
    assert provider.requests == []
