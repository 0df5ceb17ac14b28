"""A request log over a database in a temporary directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.config.settings import RecordsSettings
from core.domain.events import Usage
from core.domain.plan import Attempt, Candidate, Plan, RequestRecord
from core.records.bodies import BodyLog
from core.records.log import RequestLog
from core.records.ring import LogRing
from core.records.service import RecordsService
from core.storage.database import Database
from tests.storage.conftest import HandClock

PLAN = Plan(
    "gpt-4o",
    "gemini-3-pro-high",
    candidates=(Candidate("a1", "ada@x.test", "antigravity", "gemini-3-pro-high", score=0.5),),
    dropped=("logit_bias",),
)
ATTEMPTS = (
    Attempt("a2", "alan@x.test", "https://one.test", "quota", 429, 0.0, None, 120.0, "resets in 3 h"),
    Attempt("a1", "ada@x.test", "https://one.test", "ok", 200, 121.0, 300.0, 812.0),
)


def row(number: int, **facts: object) -> RequestRecord:
    """A finished chat request; `facts` replace its fields."""
    fields: dict[str, object] = {
        "id": f"r{number:05}",
        "at": 1_767_225_600.0 + number,
        "door": "openai",
        "client": "openai-python/1.2",
        "key": "local",
        "path": "/v1/chat/completions",
        "asked": "gpt-4o",
        "model": "gemini-3-pro-high",
        "provider": "antigravity",
        "account": "a1",
        "email": "ada@x.test",
        "duration_ms": 812.4,
        "ttft_ms": 300.0,
        "usage": Usage(120, 904, 10, 0, 300),
        "attempts": ATTEMPTS,
        "plan": PLAN,
    }
    return RequestRecord(**(fields | facts))  # type: ignore[arg-type]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ring() -> LogRing:
    return LogRing(capacity=100)


@pytest.fixture
async def log(tmp_path: Path, clock: HandClock, ring: LogRing) -> AsyncIterator[RequestLog]:
    database = Database.at(tmp_path / "records.db", clock)
    yield RequestLog(database, ring, clock)
    await database.close()


@pytest.fixture
def said(tmp_path: Path, clock: HandClock) -> BodyLog:
    return BodyLog(tmp_path / "bodies", clock, RecordsSettings)


@pytest.fixture
def service(ring: LogRing, log: RequestLog, said: BodyLog, clock: HandClock) -> RecordsService:
    return RecordsService(ring, log, said, clock)
