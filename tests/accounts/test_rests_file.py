"""Cooldowns over a restart: what the upstream said yesterday holds today, whatever the clocks did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.accounts.cooldowns import GRACE_S, LONGEST_S
from core.domain.accounts import Realm
from core.domain.failure import Cause, Failure, Kind, Scope

from .world import START, HandClock, World, account

HOUR = 3600.0
Start = Callable[[HandClock], Awaitable[World]]


def quota(after: float | None = None, scope: Scope = Scope.ACCOUNT_MODEL) -> Failure:
    return Failure(Kind.QUOTA, "The quota is used up.", scope, Cause.QUOTA, after, 429, "secret detail")


def left(world: World) -> dict[str, float]:
    (entry,) = world.pool.view().entries
    return {model: round(seconds, 3) for model, seconds in entry.resting.items()}


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    world = World(tmp_path / "home")
    await world.roster.put(account("ada"))
    await world.aclose()
    return world.home


@pytest.fixture
async def start(home: Path) -> AsyncIterator[Start]:
    """Starts the program anew over the same state, on a monotonic clock of its own."""
    async with AsyncExitStack() as stack:

        async def started(clock: HandClock) -> World:
            world = World(home, clock=clock)
            stack.push_async_callback(world.aclose)
            return world

        yield started


def later(clock: HandClock, seconds: float) -> HandClock:
    """The clocks of a process that begins `seconds` after now; its monotonic one begins anywhere."""
    after = HandClock()
    after.wall, after.steady = clock.wall + seconds, 7.0
    return after


async def test_a_reset_in_120_hours_survives_restart(start: Start) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota(120 * HOUR))
    await world.aclose()
    again = await start(later(world.clock, 20 * HOUR))
    assert left(again) == {"m": 100 * HOUR + GRACE_S}
    (entry,) = again.pool.view().entries
    assert (entry.why["m"].cause, entry.why["m"].public_message) == (Cause.QUOTA, "The quota is used up.")
    again.clock.pass_time(100 * HOUR + 1)
    assert left(again) == {}
    third = await start(later(world.clock, 121 * HOUR))
    assert left(third) == {}


async def test_a_killed_program_leaves_its_rests_too(start: Start, home: Path) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota(HOUR))
    await until(lambda: (home / "cooldowns.json").exists())
    assert (home / "cooldowns.json").stat().st_mode & 0o777 == 0o600
    assert b"secret detail" not in (home / "cooldowns.json").read_bytes()
    assert left(await start(later(world.clock, 60))) == {"m": HOUR + GRACE_S - 60}


async def test_failures_in_a_row_are_counted_over_a_restart(start: Start) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota())
    world.clock.pass_time(30)
    await world.aclose()
    again = await start(later(world.clock, 1))
    assert left(again) == {"m": 29}
    again.clock.pass_time(29)
    again.pool.note_failure("ada", "m", quota())
    assert left(again) == {"m": 300}


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 3.2e8, -3.2e8])
async def test_a_clock_that_was_set_while_it_ran_changes_nothing(start: Start, jump: float) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota(10 * HOUR))
    world.clock.jump(jump)
    await world.aclose()
    assert left(await start(later(world.clock, HOUR))) == {"m": 9 * HOUR + GRACE_S}


async def test_a_clock_that_was_set_back_in_between_jails_nobody_for_ever(start: Start) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota(10 * HOUR))
    await world.aclose()
    assert left(await start(later(world.clock, -3.2e8))) == {"m": LONGEST_S}


async def test_who_was_switched_on_again_stays_free(start: Start) -> None:
    world = await start(HandClock())
    world.pool.note_failure("ada", "m", quota(HOUR))
    world.pool.note_failure("ada", "", quota(HOUR, Scope.ACCOUNT))
    await world.service.enable("ada", True)
    await world.aclose()
    assert left(await start(later(world.clock, 1))) == {}


async def test_rests_of_the_sandbox_and_of_nobody_stay_off_the_disk(start: Start, home: Path) -> None:
    world = await start(HandClock())
    await world.roster.put(account("sandy", realm=Realm.SANDBOX))
    world.pool.note_failure("sandy", "m", quota(HOUR))
    await world.aclose()
    assert not (home / "cooldowns.json").exists()
    rest = {"account": "gone", "model": "m", "until": START + HOUR, "noted": START, "count": 1, "told": True}
    failure = {"kind": "quota", "public_message": "x", "scope": "account_model", "cause": "quota"}
    (home / "cooldowns.json").write_text(json.dumps({"rests": [rest | {"failure": failure}]}))
    again = await start(later(world.clock, 1))
    assert left(again) == {}
    await again.aclose()
    assert json.loads((home / "cooldowns.json").read_text())["rests"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rests": [{}]}', b"\xff\xfe", b"[" * 100_000])
async def test_a_broken_file_stops_nobody(start: Start, home: Path, content: bytes) -> None:
    (home / "cooldowns.json").write_bytes(content)
    world = await start(HandClock())
    assert left(world) == {}
    world.pool.note_failure("ada", "m", quota(HOUR))
    await world.aclose()
    assert left(await start(later(world.clock, 0))) == {"m": HOUR + GRACE_S}


async def test_a_storm_of_failures_is_a_handful_of_writes(start: Start, home: Path) -> None:
    world = await start(HandClock())
    generations: set[int] = set()
    for number in range(2000):
        world.pool.note_failure("ada", f"m{number % 7}", quota(HOUR))
        if number % 100 == 0:
            await asyncio.sleep(0)
            generations.add(inode(home / "cooldowns.json"))
    assert len(generations) <= 3
    await until(lambda: (home / "cooldowns.json").exists())


def inode(file: Path) -> int:
    return file.stat().st_ino if file.exists() else 0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 (a thread writes it)
            await asyncio.sleep(0.005)
