"""What the torture server does, a function a behaviour: the path of a call names it.

`/raw/<name>` sends an answer of answers.py, `/split/<name>/<n>` sends it in two reads, `/late/<name>/<n>`
with a pause between them, `/cut/<name>/<n>` only its first n bytes.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .answers import CHUNKED, END, OPEN, PIECES, RAW, chunk

if TYPE_CHECKING:
    from .torture import Torture

Writer = asyncio.StreamWriter
Behaviour = Callable[["Torture", Writer], Awaitable[None]]


async def send(writer: Writer, *pieces: bytes) -> None:
    """Write pieces so that each is a read of its own on the other side."""
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


async def whole(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Mixed-Case: Yes\r\n\r\nhello")


async def stream(_: Torture, writer: Writer) -> None:
    await send(writer, CHUNKED, *(chunk(piece) for piece in PIECES), END)


async def stepwise(server: Torture, writer: Writer) -> None:
    """The first piece at once, the others when the test says so."""
    await send(writer, CHUNKED, chunk(PIECES[0]))
    await server.proceed.wait()
    await send(writer, *(chunk(piece) for piece in PIECES[1:]), END)


async def bytewise(_: Torture, writer: Writer) -> None:
    """Every byte a packet, head and chunk sizes included."""
    for byte in CHUNKED + b"".join(chunk(piece) for piece in PIECES) + END:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)


async def one_packet(_: Torture, writer: Writer) -> None:
    await send(writer, CHUNKED + b"".join(chunk(piece) for piece in PIECES) + END)


async def extensions(_: Torture, writer: Writer) -> None:
    """Chunk extensions, an interim answer before, trailers after."""
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    pieces = b"".join(b"%x;k=v\r\n%b\r\n" % (len(piece), piece) for piece in PIECES)
    await send(writer, interim + CHUNKED + pieces + b"0\r\nX-Trailer: t\r\n\r\n")


async def until_close(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\n\r\n", *PIECES)


async def zipped(_: Torture, writer: Writer) -> None:
    """Encoded although nobody asked."""
    body = gzip.compress(b"".join(PIECES))
    await send(
        writer, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body
    )


async def cut_chunked(_: Torture, writer: Writer) -> None:
    await send(writer, CHUNKED, chunk(PIECES[0]), b"400\r\nhalf a chunk")


async def cut_sized(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"not a hundred")


async def bad_chunk(_: Torture, writer: Writer) -> None:
    await send(writer, CHUNKED, chunk(PIECES[0]), b"no size at all\r\n")


async def hang(_: Torture, writer: Writer) -> None:
    await send(writer, CHUNKED, chunk(PIECES[0]))
    await asyncio.Event().wait()


async def mute(_: Torture, writer: Writer) -> None:
    """Never a byte."""
    await asyncio.Event().wait()


async def trickle(_: Torture, writer: Writer) -> None:
    """A head that never ends, though something always comes."""
    await send(writer, b"HTTP/1.1 200 OK\r\n")
    while True:
        await send(writer, b"X-A: 1\r\n")


async def drip(_: Torture, writer: Writer) -> None:
    """A body that never ends."""
    await send(writer, CHUNKED)
    while True:
        await send(writer, chunk(b"."))


async def no_answer(_: Torture, writer: Writer) -> None:
    writer.close()


async def worked(_: Torture, writer: Writer) -> None:
    """Takes longer than a dead connection does, then closes without an answer."""
    await asyncio.sleep(0.4)
    writer.close()


async def not_http(_: Torture, writer: Writer) -> None:
    await send(writer, b"220 mail.example ESMTP\r\n")


async def forgetful(_: Torture, writer: Writer) -> None:
    """Promises to keep the connection and closes it after the answer."""
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello")
    writer.close()


async def redirect(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 302 Found\r\nLocation: /whole\r\nContent-Length: 0\r\n\r\n")


async def cookie(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok")


async def refusal(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nslow")


async def huge(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", b"x" * 3_000_000)


async def huge_chunk(_: Torture, writer: Writer) -> None:
    """16 MiB in one chunk."""
    writer.write(CHUNKED + b"%x\r\n" % HUGE)
    for _ in range(16):
        writer.write(b"x" * (HUGE // 16))
        await writer.drain()
    await send(writer, b"\r\n" + END)


async def empty(_: Torture, writer: Writer) -> None:
    await send(writer, b"HTTP/1.1 204 No Content\r\n\r\n")


async def reset(_: Torture, writer: Writer) -> None:
    """Promises to keep the connection and resets it after the answer."""
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    writer.transport.abort()


async def flood(server: Torture, writer: Writer) -> None:
    """More than a reader holds that does not read; `sent` says how much went out."""
    piece = b"x" * 65536
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % FLOOD)
    for _ in range(FLOOD // len(piece)):
        writer.write(piece)
        await writer.drain()
        server.sent += len(piece)


async def bomb(_: Torture, writer: Writer) -> None:
    """64 MiB of nothing in 64 KiB."""
    body = gzip.compress(bytes(64 * 1024 * 1024), 9)
    await send(
        writer, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body
    )


async def hinting(_: Torture, writer: Writer) -> None:
    """Interim answers without end."""
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)
        await writer.drain()
        await asyncio.sleep(0)


async def trailing(_: Torture, writer: Writer) -> None:
    """Trailers without end."""
    writer.write(CHUNKED + chunk(PIECES[0]) + b"0\r\n")
    while True:
        writer.write(b"X-T: 1\r\n" * 500)
        await writer.drain()
        await asyncio.sleep(0)


async def afterthought(server: Torture, writer: Writer) -> None:
    """A whole answer, and something more when the test says so."""
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    await server.proceed.wait()
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")


async def burst(_: Torture, writer: Writer) -> None:
    """2,000 chunks in one write."""
    writer.write(CHUNKED + chunk(PIECES[0]) * 2000 + END)
    await writer.drain()


async def head_only(_: Torture, writer: Writer) -> None:
    """What HEAD gets: the length of a body that does not follow."""
    await send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")


def raw(name: str) -> Behaviour:
    """An answer of answers.py at once."""

    async def answer(_: Torture, writer: Writer) -> None:
        writer.write(RAW[name])
        await writer.drain()
        await asyncio.sleep(0.01)

    return answer


def split(name: str, at: int) -> Behaviour:
    """An answer in two reads."""

    async def answer(_: Torture, writer: Writer) -> None:
        for part in (RAW[name][:at], RAW[name][at:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    return answer


def late(name: str, at: int) -> Behaviour:
    """An answer with a pause in it."""

    async def answer(_: Torture, writer: Writer) -> None:
        writer.write(RAW[name][:at])
        await writer.drain()
        await asyncio.sleep(0.05)
        await send(writer, RAW[name][at:])

    return answer


def cut(name: str, at: int) -> Behaviour:
    """The beginning of an answer, then the end of the connection."""

    async def answer(_: Torture, writer: Writer) -> None:
        writer.write(RAW[name][:at])
        await writer.drain()

    return answer


HUGE = 16 * 1024 * 1024
FLOOD = 48 * 1024 * 1024
BY_NAME: dict[str, Callable[..., Behaviour]] = {"raw": raw, "split": split, "late": late, "cut": cut}
BEHAVIOURS: dict[str, Behaviour] = {
    f"/{behaviour.__name__}": behaviour
    for behaviour in (
        whole,
        stream,
        stepwise,
        bytewise,
        one_packet,
        extensions,
        until_close,
        zipped,
        cut_chunked,
        cut_sized,
        bad_chunk,
        hang,
        mute,
        trickle,
        drip,
        no_answer,
        worked,
        not_http,
        forgetful,
        redirect,
        cookie,
        refusal,
        huge,
        huge_chunk,
        empty,
        reset,
        flood,
        bomb,
        hinting,
        trailing,
        head_only,
        afterthought,
        burst,
    )
}
KEPT = {
    "/burst",
    "/whole",
    "/stream",
    "/one_packet",
    "/cookie",
    "/refusal",
    "/redirect",
    "/huge",
    "/huge_chunk",
    "/empty",
    "/stepwise",
}


def named(path: str) -> tuple[Behaviour, bool]:
    """The behaviour of a path, and whether the connection goes on after it."""
    words = path.split("/")[1:]
    if len(words) == 1:
        return BEHAVIOURS[path], path in KEPT
    return BY_NAME[words[0]](words[1], *map(int, words[2:])), words[0] != "cut" and words[1] in OPEN
