"""A program that is told to stop gives every open answer its ending, and ends in time."""

from __future__ import annotations

import asyncio
import signal
import time

from tests.runtime.conftest import Programs

from .asking import chat, head
from .conftest import keep_accounts, settings_of
from .figures import DRAIN_S, STOPPED_IN_S, STREAMS_AT_STOP
from .upstream import Upstream


async def test_a_signal_under_many_streams_leaves_none_without_an_ending(programs: Programs) -> None:
    upstream = Upstream()
    keep_accounts(programs.home, 4)
    env = settings_of(await upstream.start())
    env |= {"AGTUI_SERVER__DRAIN_S": str(DRAIN_S), "AGTUI_GATEWAY__PER_ACCOUNT": str(STREAMS_AT_STOP)}
    try:
        process, port = await asyncio.to_thread(lambda: programs.serve(**env))
        key = (programs.home / "api.key").read_text().strip()
        readers = await asyncio.gather(*(begin(port, key) for _ in range(STREAMS_AT_STOP)))
        begun = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DRAIN_S + STOPPED_IN_S):
            endings = await asyncio.gather(*(reader.read() for reader, _ in readers))
        assert await asyncio.to_thread(process.wait, 10) == 0
        assert time.perf_counter() - begun < DRAIN_S + STOPPED_IN_S
        assert [ending.count(b"The gateway is being stopped") for ending in endings] == [1] * STREAMS_AT_STOP
        assert upstream.hanging == 0
    finally:
        await upstream.stop()
    for _, writer in readers:
        writer.close()


async def begin(port: int, key: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun and goes on for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(chat(key, "begin", stream=True))
    assert b" 200 " in await head(reader)
    return reader, writer
