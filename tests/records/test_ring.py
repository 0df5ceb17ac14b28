"""The last lines are there, numbered, redacted, and cheap to follow."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from core.domain.plan import RequestRecord
from core.domain.state import LogLine, LogSlice
from core.records.bodies import BodyLog
from core.records.lines import request_line
from core.records.log import RequestLog
from core.records.ring import LONGEST, LogRing, RingHandler, install
from core.records.service import RecordsService
from tests.storage.conftest import HandClock

from .conftest import row


def fill(ring: LogRing, count: int) -> None:
    for number in range(count):
        ring.append(float(number), "info", "test", f"line {number}")


def numbers(held: LogSlice) -> list[int]:
    return [line.seq for line in held.lines]


@pytest.fixture
def logger(ring: LogRing) -> Iterator[logging.Logger]:
    undo = install(ring, logging.DEBUG)
    yield logging.getLogger("agtui.gateway.test")
    undo()


def test_lines_are_numbered_from_one_and_old_ones_give_way() -> None:
    ring = LogRing(capacity=10)
    assert ring.since(0) == LogSlice((), 1, 0)
    fill(ring, 25)
    held = ring.since(0)
    assert (numbers(held), held.first, held.last) == (list(range(16, 26)), 16, 25)
    assert held.lines[0].text == "line 15"


def test_a_reader_goes_on_where_it_stopped() -> None:
    ring = LogRing(capacity=10)
    fill(ring, 8)
    assert numbers(ring.since(0, limit=3)) == [1, 2, 3]
    assert numbers(ring.since(3, limit=3)) == [4, 5, 6]
    assert numbers(ring.since(8)) == []
    assert numbers(ring.since(99)) == []
    assert numbers(ring.since(0, limit=0)) == []


def test_threads_lose_no_line_and_share_no_number() -> None:
    ring = LogRing(capacity=10_000)
    threads = [threading.Thread(target=fill, args=(ring, 2_000)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(ring.since(0, 10_000)) == list(range(1, 8_001))


def test_a_deferred_line_is_written_out_by_who_reads_it_and_keeps_its_number(
    ring: LogRing, log: RequestLog
) -> None:
    fill(ring, 1)
    log.record(row(5))
    (line,) = ring.since(1).lines
    assert (line.seq, line.request_id) == (2, "r00005")
    assert ring.since(1).lines[0] is line


def test_a_deferred_line_is_written_out_once_and_only_while_it_is_held() -> None:
    ring, made = LogRing(capacity=2), list[int]()

    def make(seq: int) -> LogLine:
        made.append(seq)
        return LogLine(seq, 0.0, "info", "test", f"line {seq}")

    for _ in range(3):
        ring.defer(make)
    ring.write_out([1, 2, 3])
    assert [line.text for line in ring.since(0).lines] == ["line 2", "line 3"]
    assert made == [2, 3]


async def test_a_row_that_is_on_disk_is_not_held_in_memory_for_its_line(
    ring: LogRing, log: RequestLog, service: RecordsService
) -> None:
    told: list[RequestRecord] = [row(number, client=f"client {number}") for number in range(50)]

    def holders() -> int:
        return sum(sys.getrefcount(one.client) for one in told)

    mine = holders()
    for one in told:
        log.record(one)
    queued = holders()
    await service.request("r00005")
    stored = holders()
    assert stored == mine < queued
    assert len(ring.since(0).lines) == 50


def test_logging_goes_to_the_ring_with_its_level_source_and_request(
    ring: LogRing, logger: logging.Logger
) -> None:
    logger.warning("Account %s rests for %d s.", "a1", 30, extra={"request_id": "r1", "account": "a1"})
    (line,) = ring.since(0).lines
    assert (line.level, line.source, line.text) == ("warning", "gateway.test", "Account a1 rests for 30 s.")
    assert (line.request_id, line.account) == ("r1", "a1")


def test_what_is_logged_is_redacted_in_arguments_and_tracebacks(
    ring: LogRing, logger: logging.Logger
) -> None:
    logger.info("refused: %s", "Authorization: Bearer canary-abcdef")
    try:
        raise ValueError("https://x.test/?key=canary-abcdef")
    except ValueError:
        logger.exception("It failed.")
    text = "\n".join(line.text for line in ring.since(0).lines)
    assert "canary" not in text
    assert "ValueError: https://x.test/?key=***" in text


def test_a_line_holds_no_control_characters_and_no_novel(ring: LogRing, logger: logging.Logger) -> None:
    logger.info("a\x1b]0;title\x07b\x9bc\td\ne")
    logger.info("z " * LONGEST)
    first, second = ring.since(0).lines
    assert first.text == "a]0;titlebc\td\ne"
    assert len(second.text) < LONGEST + 50


def test_a_line_that_does_not_fit_its_arguments_is_kept_and_hurts_nobody(ring: LogRing) -> None:
    handler = RingHandler(ring)
    handler.handle(
        logging.LogRecord("agtui.x", logging.INFO, "", 0, "%d of sk-abcdefghijklmnop", ("no",), None)
    )
    assert ring.since(0).lines[0].text == "(unprintable line) %d of sk-***"


def test_installing_sends_lines_nowhere_else_and_can_be_undone(
    ring: LogRing, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("agtui")
    before = (logger.level, logger.propagate, list(logger.handlers))
    undo = install(ring)
    logging.getLogger("agtui.x").error("only here")
    undo()
    assert capsys.readouterr().err == ""
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
    assert len(ring.since(0).lines) == 1


# --- the service


async def following(tail: AsyncIterator[LogSlice], count: int) -> list[LogSlice]:
    slices: list[LogSlice] = []
    async with asyncio.timeout(10):
        while sum(len(held.lines) for held in slices) < count:
            slices.append(await anext(tail))
    return slices


async def test_a_tail_gives_what_is_there_and_then_what_comes(ring: LogRing, service: RecordsService) -> None:
    fill(ring, 3)
    tail = service.tail(1)
    assert numbers((await following(tail, 2))[0]) == [2, 3]
    more = asyncio.ensure_future(following(tail, 1))
    await asyncio.sleep(0)
    assert not more.done()
    threading.Thread(target=fill, args=(ring, 1)).start()
    assert numbers((await more)[0]) == [4]


async def test_a_flood_arrives_in_few_slices(ring: LogRing, service: RecordsService) -> None:
    ring_service = service.tail()
    fill(ring, 1)
    first = await following(ring_service, 1)

    async def flood() -> None:
        for _ in range(80):
            fill(ring, 1)
            await asyncio.sleep(0)

    started = asyncio.get_running_loop().time()
    task = asyncio.ensure_future(flood())
    slices = await following(ring_service, 80)
    await task
    elapsed = asyncio.get_running_loop().time() - started
    assert first[0].last == 1
    assert len(slices) <= elapsed / 0.1 + 1


async def test_an_idle_tail_lets_the_loop_sleep(ring: LogRing, service: RecordsService) -> None:
    loop = asyncio.get_running_loop()
    waiting = asyncio.ensure_future(anext(service.tail()))
    await asyncio.sleep(0)
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_tail_of_an_earlier_run_begins_at_the_beginning(
    ring: LogRing, service: RecordsService
) -> None:
    fill(ring, 2)
    assert numbers((await following(service.tail(5_000), 2))[0]) == [1, 2]


async def test_a_door_may_log_and_is_redacted(ring: LogRing, service: RecordsService) -> None:
    await service.log("warning", "tui", "pasted sk-abcdefghijklmnopqrst")
    held = await service.lines()
    assert [(line.level, line.source, line.text) for line in held.lines] == [
        ("warning", "tui", "pasted sk-***")
    ]
    assert held.lines[0].at == 1_767_225_600.0


@pytest.mark.parametrize("way", ["lines", "tail"])
async def test_reading_thousands_of_lines_lets_others_run(
    ring: LogRing, log: RequestLog, said: BodyLog, clock: HandClock, way: str
) -> None:
    long = LogRing(capacity=6_000)
    service, lines = RecordsService(long, log, said, clock), 5_000
    for _ in range(lines):
        long.defer(partial(request_line, row(1)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    held = await service.lines(0, lines) if way == "lines" else await anext(service.tail())
    running.cancel()
    assert numbers(held) == list(range(1, lines + 1))
    assert (held.first, held.last) == (1, lines)
    assert turns >= lines / 1_000


LIBRARIES = """
import asyncio, logging
from core.records.ring import LogRing, install

ring = LogRing()
undo = install(ring)
logging.getLogger("uvicorn.error").warning("Invalid HTTP request: Bearer %s", "ya29.a0AfH6SMBsecret")
logging.getLogger("httpx").info("GET https://example.test/?key=AIzaSyA1234567890123456789")

async def main():
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError("token ya29.aAsecret")}
    )

asyncio.run(main())
for line in ring.since(0).lines:
    print(line.level, line.source, line.text)
undo()
assert logging.getLogger().handlers == []
"""


def test_what_libraries_warn_of_is_redacted_and_never_printed() -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LIBRARIES], cwd=root, capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stderr == ""
    assert "warning uvicorn.error Invalid HTTP request: Bearer ***" in done.stdout
    assert "error asyncio Task exception was never retrieved" in done.stdout
    assert "ValueError: token ya29.***" in done.stdout
    assert "secret" not in done.stdout
    assert "example.test" not in done.stdout
