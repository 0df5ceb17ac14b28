"""How long a frame of a stream is under way, from the upstream's write to the client's read. Run as a module.

One process is both: an upstream in the shape of `v1internal` that writes the time into every frame, and
clients that read it, so nothing but the way between is measured. Arguments: port to listen on. Then a line
of JSON on standard input for each measurement, an `Order`; a line of JSON, `Ways`, answers it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

import msgspec
from msgspec import Struct

FRAME = (
    b'data: {"response":{"candidates":[{"content":{"role":"model","parts":[{"text":"at %d. "}]}%b}],'
    b'"modelVersion":"gemini-2.5-flash"},"traceId":"0123456789abcdef"}\n\n'
)
STAMP = re.compile(rb"at (\d+)\. ")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENCE_S = 10.0
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Order(Struct, frozen=True):
    """What to measure: who is asked and what with, how many streams, frames a second and frames in all."""

    port: int
    path: str
    body: str
    key: str
    streams: int
    rate: int
    frames: int


class Ways(Struct, frozen=True):
    """Milliseconds under way, sorted, without the first frame of each stream: it waits for the head."""

    took: list[float]


class Upstream:
    """Answers every request with frames in an even rhythm."""

    def __init__(self) -> None:
        self.rate, self.frames = 1, 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if found := LENGTH.search(head):
                    await reader.readexactly(int(found[1]))
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        writer.write(HEAD)
        began = loop.time()
        for number in range(1, self.frames + 1):
            await asyncio.sleep(began + number / self.rate - loop.time())
            ending = b',"finishReason":"STOP"' if number == self.frames else b""
            frame = FRAME % (time.monotonic_ns(), ending)
            writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        writer.write(b"0\r\n\r\n")


class Client(asyncio.Protocol):
    """Asks once, and notes how old each frame is when it comes."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._seen = b""
        self.took: list[float] = []
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.took += [(now - int(stamp)) / 1e6 for stamp in STAMP.findall(data)]
        self._seen = (self._seen + data)[-16:]
        if self._seen.endswith(b"0\r\n\r\n"):
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def measure(upstream: Upstream, order: Order) -> Ways:
    upstream.rate, upstream.frames = order.rate, order.frames
    loop = asyncio.get_running_loop()
    body = order.body.encode()
    request = (
        f"POST {order.path} HTTP/1.1\r\nHost: 127.0.0.1:{order.port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {order.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    clients: list[Client] = []
    for _ in range(order.streams):
        _, client = await loop.create_connection(lambda: Client(request), "127.0.0.1", order.port)
        clients.append(client)
        # Streams of many people are not in step.
        await asyncio.sleep(1 / order.rate / order.streams)
    async with asyncio.timeout(order.frames / order.rate + PATIENCE_S):
        await asyncio.gather(*(client.over for client in clients))
    took = [way for client in clients for way in client.took[1:]]
    return Ways(sorted(took))


async def main(port: int) -> None:
    upstream = Upstream()
    loop = asyncio.get_running_loop()
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", port, backlog=4096):
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            ways = await measure(upstream, msgspec.json.decode(line, type=Order))
            sys.stdout.buffer.write(msgspec.json.encode(ways) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        run = asyncio.run
    run(main(int(sys.argv[1])))
