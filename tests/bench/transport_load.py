"""A process that calls an upstream through one transport and says what that cost. Run as a module.

Arguments: transport (pool or httpx), port, path, calls, calls in flight. Prints a line of JSON.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

import msgspec
from msgspec import Struct

from core.domain.ports import Call, Transport
from core.transport.client import HttpxTransport
from core.transport.pool import PoolTransport

TRANSPORTS = {"pool": PoolTransport, "httpx": HttpxTransport}
HEADERS = (
    ("Authorization", "Bearer " + "x" * 120),
    ("Content-Type", "application/json"),
    ("User-Agent", "bench/1 linux/amd64"),
    ("X-Goog-Api-Client", "bench/1"),
)
BODY = b'{"x":"' + b"x" * 2000 + b'"}'


class Cost(Struct, frozen=True):
    """CPU microseconds a call, user and system, and what came."""

    cpu_us: float
    rps: float
    reads: float
    size: float


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(transport: Transport, call: Call, calls: int, flying: int) -> Cost:
    reads = size = left = 0

    async def worker() -> None:
        nonlocal reads, size, left
        while left > 0:
            left -= 1
            reply = await transport.send(call)
            async for read in reply.reads():
                reads += 1
                size += len(read)

    left = flying
    await asyncio.gather(*(worker() for _ in range(flying)))
    reads, size, left = 0, 0, calls
    spent, began = cpu(), time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(flying)))
    spent, seconds = cpu() - spent, time.perf_counter() - began
    await transport.aclose()
    return Cost(spent / calls * 1e6, calls / seconds, reads / calls, size / calls)


def main() -> None:
    name, port, path, calls, flying = sys.argv[1:]
    call = Call("POST", f"http://127.0.0.1:{port}{path}", HEADERS, BODY, "account")
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        cost = runner.run(measure(TRANSPORTS[name](), call, int(calls), int(flying)))
    print(msgspec.json.encode(cost).decode())


if __name__ == "__main__":
    main()
