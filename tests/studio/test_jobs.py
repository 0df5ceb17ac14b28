"""Picture jobs: the queue, its limit, cancelling, watching, and what is kept."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from core.config.settings import LibrarySettings, StudioSettings
from core.domain.content import Base64Text
from core.domain.events import Finished, JobEvent, Made, NotMade, Phase
from core.domain.failure import Cause, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.requests import ImageRequest
from core.domain.works import Job
from core.gateway.generation import GenerationService
from core.studio.jobs import StudioService
from core.studio.sizes import ASPECTS, pixels
from core.studio.styles import styled
from tests.fakes import (
    PNG,
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    FakeShelf,
    Ids,
    caller,
    failing,
)

MADE: Any = [[Finished()]]


class World:
    def __init__(self, provider: FakeProvider | None = None, parallel: int = 2, keep: bool = True) -> None:
        self.clock, self.events, self.shelf = FakeClock(), FakeEvents(), FakeShelf()
        self.provider = provider or FakeProvider(MADE)
        models = [ModelInfo("p1", "fake", kind="image", sandbox=True), ModelInfo("m1", "fake")]
        self.generation = GenerationService(
            FakePool(clock=self.clock, models=models), {"fake": self.provider}, FakeRecorder(), self.events,
            self.clock, parallel=lambda: parallel,
        )  # fmt: skip
        settings = StudioSettings(model="p1", parallel=parallel)
        self.studio = StudioService(
            self.generation, self.shelf, self.events, self.clock, Ids("j"), lambda: settings,
            lambda: LibrarySettings(keep_api_pictures=keep),
        )  # fmt: skip

    async def job(self, job_id: str) -> Job:
        return next(job for job in await self.studio.jobs() if job.id == job_id)

    async def ended(self, job_id: str) -> Job:
        await poll(lambda: self.studio._entries[job_id].over)  # pyright: ignore[reportPrivateUsage]
        return await self.job(job_id)


async def poll(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


def kite(n: int = 1, **fields: Any) -> ImageRequest:
    return ImageRequest("a kite", n=n, **fields)


async def test_a_job_is_queued_made_and_kept() -> None:
    world = World()
    job = await world.studio.submit(kite(2))
    assert (job.state, job.request.model) in (("queued", "p1"), ("running", "p1"))
    done = await world.ended(job.id)
    assert (done.state, done.phase, len(done.assets), done.failure) == ("done", "done", 2, None)
    assert done.ended_at
    assert [data for _, data in world.shelf.assets.values()] == [b64decode(PNG)] * 2
    assert all(asset.sandbox and asset.account == "a@test" for asset in done.assets)
    states = [facts["state"] for topic, facts in world.events.seen if topic == "job.changed"]
    assert states[0] == "queued"
    assert states[-1] == "done"


async def test_jobs_wait_for_their_turn() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *MADE]), parallel=2)
    jobs = [await world.studio.submit(kite()) for _ in range(5)]
    await world.provider.until_open(2)
    assert [(await world.job(job.id)).state for job in jobs] == ["running"] * 2 + ["queued"] * 3
    gate.set()
    for job in jobs:
        assert (await world.ended(job.id)).state == "done"
    assert world.provider.most_open == 2


async def test_the_newest_job_is_listed_first() -> None:
    world = World()
    jobs = [await world.studio.submit(kite()) for _ in range(3)]
    assert [job.id for job in await world.studio.jobs(2)] == [jobs[2].id, jobs[1].id]


@pytest.mark.parametrize("running", [False, True])
async def test_a_cancelled_job_stops_and_makes_room(running: bool) -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *MADE]), parallel=1)
    first, second = await world.studio.submit(kite()), await world.studio.submit(kite())
    await world.provider.until_open(1)
    victim, other = (first, second) if running else (second, first)
    await world.studio.cancel(victim.id)
    cancelled = await world.job(victim.id)
    assert (cancelled.state, cancelled.phase) == ("cancelled", "cancelled")
    gate.set()
    assert (await world.ended(other.id)).state == "done"
    await world.studio.cancel(victim.id)
    assert world.provider.open == 0


async def test_a_job_that_is_cancelled_before_its_first_step_makes_room_for_the_next() -> None:
    world = World(parallel=1)
    first, second = await world.studio.submit(kite()), await world.studio.submit(kite())
    await world.studio.cancel(first.id)
    assert (await world.job(first.id)).state == "cancelled"
    assert (await world.ended(second.id)).state == "done"


async def test_closing_right_after_a_wish_ends_it_and_starts_nothing() -> None:
    world = World(parallel=1)
    jobs = [await world.studio.submit(kite()) for _ in range(3)]
    await world.studio.close()
    assert [(await world.job(job.id)).state for job in jobs] == ["cancelled"] * 3
    assert world.provider.calls == []
    with pytest.raises(GatewayError) as refused:
        await world.studio.submit(kite())
    assert refused.value.failure.kind is Kind.UNAVAILABLE


async def test_what_was_made_before_a_cancel_stays() -> None:
    world = World(FakeProvider(MADE, [asyncio.Event()]), parallel=1)
    job = await world.studio.submit(kite(2))
    await poll(lambda: world.shelf.assets)
    await world.provider.until_open(1)
    await world.studio.cancel(job.id)
    assert len((await world.job(job.id)).assets) == 1


async def listen(world: World, job_id: str) -> list[JobEvent]:
    return [event async for event in world.studio.watch(job_id)]


async def test_watchers_hear_everything_and_then_the_end() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *MADE]))
    job = await world.studio.submit(kite())
    listening = asyncio.create_task(listen(world, job.id))
    await world.provider.until_open(1)
    gate.set()
    heard = await asyncio.wait_for(listening, 5)
    names = [event.name for event in heard if isinstance(event, Phase)]
    assert names[-2:] == ["saving", "done"]
    (made,) = [event for event in heard if isinstance(event, Made)]
    assert made.asset
    assert [event async for event in world.studio.watch(job.id)] == []


async def test_a_job_without_a_picture_has_failed() -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400, message="not that")
    world = World(FakeProvider([bad]))
    done = await world.ended((await world.studio.submit(kite(2))).id)
    assert done.state == "failed"
    assert done.failure
    assert done.failure.public_message == "not that"


async def test_a_job_that_nobody_can_do_has_failed_and_says_so() -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([gate, *MADE]), parallel=1)
    await world.studio.submit(kite())
    job = await world.studio.submit(kite(model="m1"))
    heard = asyncio.create_task(listen(world, job.id))
    await world.provider.until_open(1)
    gate.set()
    assert (await world.ended(job.id)).state == "failed"
    (failed,) = [event for event in await heard if isinstance(event, NotMade)]
    assert failed.index == -1
    assert failed.failure.kind is Kind.BAD_REQUEST


async def test_some_pictures_are_enough() -> None:
    bad = failing(Kind.BAD_REQUEST, Scope.REQUEST, Cause.NONE, 400)
    world = World(FakeProvider([bad], MADE))
    done = await world.ended((await world.studio.submit(kite(3))).id)
    assert (done.state, len(done.assets)) == ("done", 2)
    assert done.failure


async def test_a_full_disk_loses_the_copy_and_not_the_picture(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.shelf.error = GatewayError.of(Kind.INTERNAL, "The disk is full.")
    events = [event async for event in world.studio.make(kite(), caller(family="cli"))]
    (made,) = [event for event in events if isinstance(event, Made)]
    assert made.asset is None
    assert made.not_kept == world.shelf.error.failure
    assert made.media.data == Base64Text(PNG)
    assert "disk is full" in caplog.text


async def test_a_job_whose_picture_could_not_be_kept_has_failed_and_says_why() -> None:
    world = World()
    world.shelf.error = GatewayError.of(Kind.INTERNAL, "The disk is full.")
    done = await world.ended((await world.studio.submit(kite())).id)
    assert (done.state, done.failure) == ("failed", world.shelf.error.failure)


@pytest.mark.parametrize(("family", "kept"), [("openai", 0), ("tui", 1), ("cli", 1)])
async def test_pictures_for_other_programs_are_kept_only_if_wanted(family: str, kept: int) -> None:
    world = World(keep=False)
    events = [event async for event in world.studio.make(kite(), caller(family=family))]
    assert sum(isinstance(event, Made) for event in events) == 1
    assert len(world.shelf.assets) == kept


async def test_words_for_the_style_are_sent_but_not_kept() -> None:
    world = World()
    async for _ in world.studio.make(kite(style="vivid", quality="hd"), caller()):
        pass
    (asked,) = world.provider.requests
    assert isinstance(asked, ImageRequest)
    assert asked.prompt == styled("a kite", "vivid", "hd") != "a kite"
    assert next(iter(world.shelf.assets.values()))[0].prompt == "a kite"


async def test_an_empty_wish_and_an_unknown_job_are_refused() -> None:
    world = World()
    with pytest.raises(GatewayError):
        await world.studio.submit(ImageRequest("  "))
    with pytest.raises(GatewayError):
        await world.studio.cancel("nope")
    with pytest.raises(GatewayError):
        await anext(world.studio.watch("nope"))


async def test_closing_cancels_what_runs_and_what_waits() -> None:
    world = World(FakeProvider([asyncio.Event()]), parallel=1)
    jobs = [await world.studio.submit(kite()) for _ in range(3)]
    await world.provider.until_open(1)
    await world.studio.close()
    assert [(await world.job(job.id)).state for job in jobs] == ["cancelled"] * 3
    assert world.provider.open == 0


async def test_old_jobs_are_forgotten() -> None:
    world = World(parallel=50)
    for _ in range(230):
        job = await world.studio.submit(kite())
        await world.ended(job.id)
    assert len(await world.studio.jobs(1000)) <= 201


@pytest.mark.parametrize(
    ("style", "quality", "words"),
    [
        ("", "", ""),
        ("odd", "low", ""),
        ("VIVID", "", "vivid"),
        ("natural", "", "natural"),
        ("", "hd", "detail"),
    ],
)
def test_styles_add_words(style: str, quality: str, words: str) -> None:
    prompt = styled("a kite", style, quality)
    assert prompt.startswith("a kite")
    assert (prompt == "a kite") is (words == "")
    assert words in prompt


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("size", "factor"), [("", 1), ("1K", 1), ("2K", 2), ("4K", 4)])
def test_every_shape_has_its_pixels(aspect: str, size: str, factor: int) -> None:
    width, height = pixels(aspect, size)
    across, down = (int(number) for number in aspect.split(":"))
    assert abs(width / height - across / down) < 0.06
    assert (width, height) == tuple(factor * side for side in pixels(aspect))
