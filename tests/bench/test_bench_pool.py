"""The account pool under stress: a storm of limits, tokens that end, crashes while accounts are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.accounts.test_vault_crashes import die
from tests.bar.conftest import House, house
from tests.bar.figures import REFRESH_ACCOUNTS, STORM_ACCOUNTS, STORM_REQUESTS
from tests.bar.test_refresh import refreshes
from tests.bar.test_storm import storm
from tests.bar.upstream import Upstream
from tests.bench.figures import Figures

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

__all__ = ["house"]

CRASHES = 8_000


@pytest.mark.parametrize("at_once", [1, 20, STORM_REQUESTS])
async def test_a_storm_of_429(house: House, at_once: int, figures: Figures) -> None:
    upstream = Upstream()
    waited = await storm(await house(upstream, STORM_ACCOUNTS), at_once)
    average, worst = sum(upstream.asked.values()) / STORM_REQUESTS, max(upstream.asked.values())
    name = f"429 storm, {STORM_ACCOUNTS} accounts, {at_once} of {STORM_REQUESTS} requests at once: "
    figures.add(
        f"{name}calls a request", f"{average:.2f}, worst {worst}", "1.2, 3", average <= 1.2 and worst <= 3
    )
    told = sorted(seconds for call, seconds in waited.items() if call not in upstream.asked)
    if told:
        middle, late = told[len(told) // 2] * 1e3, told[int(len(told) * 0.99)] * 1e3
        figures.add(f"{name}to the client's 429", f"p50 {middle:.0f} ms, p99 {late:.0f} ms", "1000 ms")


async def test_refreshes_when_tokens_end(tmp_path: Path, figures: Figures) -> None:
    each = [calls / REFRESH_ACCOUNTS for calls in await refreshes(tmp_path)]
    figures.add(
        "token refreshes an account, 500 requests at once in 4 processes",
        f"{each[0]:g} at the start, {each[1]:g} at the end of a token",
        "1",
        each == [1, 1],
    )


def test_crashes_while_accounts_are_written(tmp_path: Path, figures: Figures) -> None:
    deaths, lost, _ = die(tmp_path, CRASHES)
    figures.add("accounts lost in crashes while they are written", f"{lost} in {deaths}", "0", lost == 0)
