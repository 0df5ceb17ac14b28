"""Cooldowns: how long an account rests, and that no clock frees or jails it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts.cooldowns import FLOOR_S, GRACE_S, LONGEST_S, Cooldowns
from core.domain.failure import Cause, Failure, Kind, Scope

from .world import START, HandClock

HOUR = 3600.0
ROUNDING = 1e-6  # of a difference of large floats


def refused(
    cause: Cause = Cause.RATE, after: float | None = None, scope: Scope = Scope.ACCOUNT_MODEL
) -> Failure:
    return Failure(Kind.RATE, "Too fast.", scope, cause, retry_after=after)


def left(rests: Cooldowns, model: str = "m") -> float | None:
    return rests.resting("a").get(model)


def test_the_upstreams_reset_wins_however_far_away_it_is() -> None:
    rests = Cooldowns(HandClock())
    rests.note("a", "m", refused(Cause.QUOTA, 120 * HOUR))
    assert left(rests) == 120 * HOUR + GRACE_S


def test_a_later_failure_without_a_time_does_not_shorten_it() -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    rests.note("a", "m", refused(Cause.QUOTA, 2 * HOUR))
    clock.pass_time(10)
    rests.note("a", "m", refused(Cause.SOFT))
    assert left(rests) == 2 * HOUR + GRACE_S - 10


def test_a_tiny_reset_still_rests_for_a_moment_and_an_absurd_one_ends() -> None:
    rests = Cooldowns(HandClock())
    assert rests.note("a", "m", refused(after=0.001)) == FLOOR_S
    assert rests.note("b", "m", refused(after=1e12)) == LONGEST_S
    assert rests.note("c", "m", refused(after=0.0)) == 30.0


@pytest.mark.parametrize(
    ("cause", "seconds"),
    [
        (Cause.QUOTA, [60, 300, 1800, 7200, 7200]),
        (Cause.SOFT, [5, 15, 60, 60]),
        (Cause.RATE, [30, 30]),
        (Cause.CONNECT, [30, 30]),
    ],
)
def test_without_a_time_the_rest_grows_with_failures_in_a_row(cause: Cause, seconds: list[float]) -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    seen: list[float] = []
    for _ in seconds:
        seen.append(rests.note("a", "m", refused(cause)))
        clock.pass_time(seen[-1] + 3)
    assert seen == seconds


def test_parallel_failures_count_once() -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    for _ in range(50):
        rests.note("a", "m", refused(Cause.QUOTA))
        clock.pass_time(0.02)
    clock.pass_time(59.5)
    assert left(rests) is not None
    clock.pass_time(1)
    assert rests.note("a", "m", refused(Cause.QUOTA)) == 300


def test_old_failures_are_forgotten() -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    rests.note("a", "m", refused(Cause.SOFT))
    clock.pass_time(5 + 121)
    assert rests.note("a", "m", refused(Cause.SOFT)) == 5


def test_a_success_forgets_failures_but_does_not_end_a_running_rest() -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    rests.note("a", "m", refused(Cause.SOFT))
    rests.succeeded("a", "m")
    assert left(rests) == 5
    clock.pass_time(6)
    rests.succeeded("a", "m")
    assert rests.note("a", "m", refused(Cause.SOFT)) == 5


def test_scopes_say_what_rests() -> None:
    rests = Cooldowns(HandClock())
    rests.note("a", "m", refused(scope=Scope.ACCOUNT_MODEL))
    rests.note("b", "m", refused(scope=Scope.ACCOUNT))
    for scope in (Scope.ENDPOINT, Scope.MODEL, Scope.REQUEST, Scope.PROVIDER, Scope.KEY):
        assert rests.note("c", "m", refused(scope=scope)) == 0
    assert [list(rests.resting(name)) for name in "abc"] == [["m"], [""], []]


def test_quota_that_is_back_ends_a_guess_but_not_what_the_upstream_said() -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    rests.note("a", "guess", refused(Cause.QUOTA))
    rests.note("a", "told", refused(Cause.QUOTA, 100))
    rests.note("a", "rate", refused(Cause.RATE))
    clock.pass_time(1)
    for model in ("guess", "told", "rate"):
        rests.has_quota("a", model, clock.monotonic())
    assert sorted(rests.resting("a")) == ["rate", "told"]


def test_names_that_clients_make_up_do_not_fill_the_memory_nor_free_the_account() -> None:
    rests = Cooldowns(HandClock())
    rests.note("a", "", refused(after=HOUR, scope=Scope.ACCOUNT))
    for number in range(5000):
        rests.note("a", f"made-up-{number}", refused(Cause.MISSING))
    assert len(rests.resting("a")) <= 200
    assert "" in rests.resting("a")


@pytest.mark.parametrize("seconds", [3600, -3600, 10 * 365 * 86400, -10 * 365 * 86400])
def test_a_clock_that_jumps_neither_frees_nor_jails(seconds: float) -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    rests.note("a", "m", refused(after=99.5))
    clock.jump(seconds)
    assert left(rests) == 100
    assert rests.views("a")[0].until == START + seconds + 100
    clock.pass_time(100)
    assert left(rests) is None
    assert rests.views("a") == ()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Cause)),
            st.one_of(st.none(), st.floats(allow_nan=False)),
            st.floats(0, 1e6),
        ),
        max_size=30,
    )
)
def test_a_rest_is_never_negative_nor_longer_than_eight_days(
    steps: list[tuple[Cause, float | None, float]],
) -> None:
    clock = HandClock()
    rests = Cooldowns(clock)
    for cause, after, pause in steps:
        assert FLOOR_S <= rests.note("a", "m", refused(cause, after)) <= LONGEST_S + ROUNDING
        assert all(0 < seconds <= LONGEST_S + ROUNDING for seconds in rests.resting("a").values())
        clock.pass_time(pause)
