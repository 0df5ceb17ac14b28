"""A clock that stands still until it is told otherwise, and a database in a temporary directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.storage.database import Database


class HandClock:
    def __init__(self) -> None:
        self.at = 1_767_225_600.0  # 2026-01-01T00:00:00Z
        self.ticks = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def pass_seconds(self, seconds: float) -> None:
        self.at += seconds
        self.ticks += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def database(tmp_path: Path, clock: HandClock) -> AsyncIterator[Database]:
    database = Database.at(tmp_path / "records.db", clock)
    yield database
    await database.close()
