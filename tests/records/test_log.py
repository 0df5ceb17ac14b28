"""Every request leaves one row that says all of it, and one line in the log."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from core.domain.failure import GatewayError, Kind
from core.domain.plan import Attempt, Candidate, Plan, RecordQuery, Step
from core.records.lines import request_line
from core.records.log import RequestLog
from core.records.ring import LogRing
from core.records.service import RecordsService
from core.storage.database import Database
from tests.storage.conftest import HandClock

from .conftest import ATTEMPTS, PLAN, row


def everything_beside(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.glob("records.db*"))


async def test_a_row_comes_back_whole_with_plan_and_every_attempt(
    log: RequestLog, service: RecordsService
) -> None:
    log.record(row(1))
    kept = await service.request("r00001")
    assert kept == row(1)
    assert (kept.plan, kept.attempts) == (PLAN, ATTEMPTS)


async def test_an_unknown_request_is_said_to_be_unknown(service: RecordsService) -> None:
    with pytest.raises(GatewayError, match="r404") as caught:
        await service.request("r404")
    assert caught.value.failure.kind is Kind.NOT_FOUND


async def test_pages_follow_each_other_without_gap_or_overlap(
    log: RequestLog, service: RecordsService
) -> None:
    for number in range(25):
        log.record(row(number))
    seen: list[str] = []
    before = ""
    while page := await service.requests(RecordQuery(before=before, limit=10)):
        seen += [record.id for record in page]
        before = page[-1].id
        log.record(row(100 + len(seen)))  # what comes meanwhile does not shift the pages
    assert seen == [f"r{number:05}" for number in reversed(range(25))]
    assert await service.requests(RecordQuery(before="never there")) == []


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (RecordQuery(errors=True), ["r00002"]),
        (RecordQuery(account="a9"), ["r00003"]),
        (RecordQuery(account="grace@x.test"), ["r00003"]),
        (RecordQuery(account="a1", errors=True), ["r00002"]),
        (RecordQuery(text="QUOTA"), ["r00002"]),
        (RecordQuery(text="429 local"), ["r00002"]),
        (RecordQuery(text="grace"), ["r00003"]),
        (RecordQuery(text="v1/images"), ["r00003"]),
        (RecordQuery(text="r00001"), ["r00001"]),
        (RecordQuery(text="100%"), []),
        (RecordQuery(limit=1), ["r00003"]),
        (RecordQuery(limit=0), ["r00003"]),
    ],
)
async def test_filters_narrow_the_list(
    log: RequestLog, service: RecordsService, query: RecordQuery, ids: list[str]
) -> None:
    log.record(row(1))
    log.record(row(2, status=429, kind="quota", cause="quota", message="Used up until noon."))
    log.record(row(3, account="a9", email="grace@x.test", path="/v1/images/generations"))
    assert [record.id for record in await service.requests(query)] == ids


async def test_no_secret_reaches_the_database_or_a_line(
    log: RequestLog, service: RecordsService, ring: LogRing, tmp_path: Path
) -> None:
    token = "ya29.secret-Canary-0123456789"
    attempt = Attempt("a1", "ada@x.test", "https://one.test", "server", 500, message=f"Bearer {token}")
    log.record(
        row(
            1,
            client=f"curl {token}",
            path=f"/v1beta/models?key={token}",
            asked=token,
            message=f"refused {token}",
            kind="upstream",
            attempts=(attempt,),
            plan=Plan(token, token, (Candidate("a1", "ada@x.test", "p", token),), (Step("chat", token),)),
        )
    )
    (record,) = await service.requests(RecordQuery())
    line = ring.since(0).lines[-1]
    assert "Canary" not in repr(record)
    assert "Canary" not in repr(line)
    assert b"Canary" not in everything_beside(tmp_path)


async def test_hours_are_added_up_with_the_rows(log: RequestLog) -> None:
    log.record(row(0))
    log.record(row(10, kind="quota", status=429, ttft_ms=None))
    log.record(row(3_700))
    log.record(row(11, model="other", account="a2", attempts=()))
    (first, second) = await log.totals(0, "model")
    assert (first["model"], first["requests"], first["errors"], first["attempts"]) == (
        "gemini-3-pro-high",
        3,
        1,
        6,
    )
    assert (first["input"], first["output"], first["ttft_count"]) == (360, 2712, 2)
    assert (second["model"], second["requests"]) == ("other", 1)
    assert [hour["requests"] for hour in await log.totals(1_767_225_600 + 3_600, "hour")] == [1]
    assert {account["account"]: account["requests"] for account in await log.totals(0, "account")} == {
        "a1": 3,
        "a2": 1,
    }


async def test_a_clock_that_jumps_back_never_makes_a_sum_smaller(log: RequestLog) -> None:
    log.record(row(0, duration_ms=-5_000.0, ttft_ms=-1.0))
    (total,) = await log.totals(0)
    assert (total["duration_ms"], total["ttft_ms"]) == (0, 0)


async def test_old_rows_go_and_their_sums_stay(
    log: RequestLog, service: RecordsService, clock: HandClock
) -> None:
    log.record(row(0))
    log.record(row(86_400 * 5))
    clock.pass_seconds(86_400 * 6)
    assert await log.prune(keep_days=3) == 1
    assert [record.id for record in await service.requests(RecordQuery())] == ["r432000"]
    (total,) = await log.totals(0)
    assert total["requests"] == 2


async def test_what_the_sandbox_did_can_be_purged_with_its_sums(
    log: RequestLog, service: RecordsService
) -> None:
    log.record(row(1, sandbox=True))
    log.record(row(2))
    assert await log.purge_sandbox() == 1
    assert [record.id for record in await service.requests(RecordQuery())] == ["r00002"]
    (total,) = await log.totals(0)
    assert total["requests"] == 1


async def test_recording_goes_on_when_there_is_no_database(
    tmp_path: Path, clock: HandClock, ring: LogRing
) -> None:
    (tmp_path / "file").write_text("in the way")
    database = Database.at(tmp_path / "file" / "records.db", clock)
    log = RequestLog(database, ring, clock)
    for number in range(5):
        log.record(row(number))
    await database.flush()
    assert log.dropped == 5
    assert len(ring.since(0).lines) == 5
    await database.close()


def test_a_finished_request_reads_as_one_line() -> None:
    line = request_line(row(1, attempts=ATTEMPTS[1:]), 7)
    assert line.text == "POST /v1/chat/completions 200 812 ms ada@… gpt-4o → gemini-3-pro-high ↑120 ↓904"
    assert (line.seq, line.level, line.source, line.request_id, line.account) == (
        7, "info", "requests", "r00001", "a1",
    )  # fmt: skip


def test_a_failed_request_says_what_happened_and_how_often_it_was_tried() -> None:
    line = request_line(
        row(
            1,
            status=429,
            kind="quota",
            cause="quota",
            message="Used up until noon.",
            asked="",
            usage=row(0).usage,
        ),
        1,
    )
    assert line.level == "warning"
    assert line.text.endswith("↑120 ↓904 2 attempts quota (quota): Used up until noon.")
    assert request_line(row(1, status=502, kind="upstream"), 1).level == "error"
    assert request_line(row(1, status=499, kind="cancelled"), 1).level == "info"


def test_pictures_and_long_waits_are_told() -> None:
    line = request_line(row(1, pictures=2, duration_ms=23_456.0, attempts=(), usage=type(row(0).usage)()), 1)
    assert line.text == "POST /v1/chat/completions 200 23.5 s ada@… gpt-4o → gemini-3-pro-high 2 pictures"


async def test_a_page_is_the_newest_of_all_kinds_that_a_filter_lets_through(
    log: RequestLog, service: RecordsService
) -> None:
    for number in range(300):
        model = f"model-{number % 120}"
        log.record(row(number, model=model, asked=model, kind="upstream" if number % 3 == 0 else "ok"))
    for query in (RecordQuery(errors=True), RecordQuery(text="model-11"), RecordQuery(text="upstream model")):
        wanted = [
            f"r{number:05}"
            for number in reversed(range(300))
            if (number % 3 == 0 or not (query.errors or "upstream" in query.text))
            and (query.text != "model-11" or f"model-{number % 120}".startswith("model-11"))
        ]
        seen: list[str] = []
        while page := await service.requests(
            RecordQuery(query.text, query.errors, before=seen[-1] if seen else "", limit=7)
        ):
            seen += [record.id for record in page]
        assert seen == wanted


async def test_an_id_is_found_within_what_the_other_filters_allow(
    log: RequestLog, service: RecordsService
) -> None:
    log.record(row(1))
    assert [record.id for record in await service.requests(RecordQuery(text=" r00001 "))] == ["r00001"]
    assert [record.id for record in await service.requests(RecordQuery(text="r00001", account="a1"))] == [
        "r00001"
    ]
    assert await service.requests(RecordQuery(text="r00001", account="a2")) == []
    assert await service.requests(RecordQuery(text="r00001", errors=True)) == []


def many(count: int) -> Plan:
    """A plan over `count` accounts, of which the first rests and the rest may answer."""
    model = "gemini-3-pro-high"
    rests = Candidate("z", "z@x.test", "antigravity", model, "rests for 29 s")
    free = [Candidate(f"a{number}", f"a{number}@x.test", "antigravity", model) for number in range(count - 2)]
    return Plan(
        "gpt-4o",
        model,
        (*free, rests, structs.replace(rests, account="y", passed_over="rests for 4 h 10 min")),
    )


async def test_a_row_of_a_hundred_accounts_keeps_the_best_the_tried_and_a_count_of_the_rest(
    log: RequestLog, service: RecordsService
) -> None:
    tried = structs.replace(ATTEMPTS[1], account="a90")
    log.record(row(1, plan=many(100), attempts=(tried,)))
    kept = await service.request("r00001")
    assert kept.plan is not None
    assert [one.account for one in kept.plan.candidates] == [*(f"a{at}" for at in range(7)), "a90"]
    assert kept.plan.notes == ("92 more accounts: 90 could have answered, 2 rests for a while",)
    assert len(msgspec.json.encode(kept)) < 4_000


async def test_a_line_in_the_ring_does_not_keep_the_plan_alive(log: RequestLog) -> None:
    plan = many(100)
    before = sys.getrefcount(plan)
    log.record(row(1, plan=plan))
    await log.page(RecordQuery())
    async with asyncio.timeout(5):
        while sys.getrefcount(plan) > before:  # noqa: ASYNC110 (the writer's thread lets go of it)
            await asyncio.sleep(0.005)


async def test_a_line_in_the_ring_says_how_often_the_web_was_searched(ring: LogRing, log: RequestLog) -> None:
    steps = (Step("chat", "m"), Step("search", "s"), Step("search", "s"), Step("tool", "m"))
    log.record(row(1, plan=Plan("m", "m", steps=steps)))
    (line,) = ring.since(0).lines
    assert "2 searches" in line.text
