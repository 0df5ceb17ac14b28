"""A multipart form, read as it comes: counted like every body, and parsed beside the loop when it is large.

The parser is python-multipart's, imported when the first form comes. Files stay in memory, inside the budget
that all bodies share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from core.dialects.form import Form, Upload
from core.domain.failure import Failure, GatewayError, Kind

from .exchange import MIB, Exchange

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartParser

MOST_PARTS: Final = 200
MOST_TEXT: Final = MIB
AT_ONCE: Final = 256 * 1024
"""Bytes that are gathered before the parser gets them."""

INLINE: Final = 16 * 1024
"""Up to here parsing is done on the loop: it takes less time than going to a thread."""


async def read_form(exchange: Exchange, most_file: int = 0) -> Form:
    """The form. `most_file` is the most bytes of one file; 0: as many as a body may have.

    Raises GatewayError: bad_request (415 for a body that is no form), too_large as soon as it is seen.
    """
    parser = _Parser(_boundary(exchange), most_file)
    waiting: list[bytes] = []
    size = 0
    try:
        while not exchange.body_read:
            piece = await exchange.read()
            waiting.append(piece)
            size += len(piece)
            if size >= AT_ONCE or exchange.body_read:
                if size > INLINE:
                    await asyncio.to_thread(parser.feed, b"".join(waiting))
                else:
                    parser.feed(b"".join(waiting))
                waiting, size = [], 0
        return parser.form()
    finally:
        parser.let_go()


def is_form(exchange: Exchange) -> bool:
    return exchange.header(b"content-type").strip().lower().startswith("multipart/form-data")


def _boundary(exchange: Exchange) -> bytes:
    from python_multipart.multipart import parse_options_header

    coding = exchange.header(b"content-encoding").strip().lower()
    kind, options = parse_options_header(exchange.header(b"content-type"))
    if kind != b"multipart/form-data" or coding not in ("", "identity"):
        raise GatewayError.of(
            Kind.BAD_REQUEST,
            "Send the body as an uncompressed form, with `Content-Type: multipart/form-data`.",
            params={"status": "415"},
        )
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise _unreadable("its Content-Type names no boundary")
    return boundary


class _Parser:
    """Takes the body in pieces and gives the form once it is complete."""

    def __init__(self, boundary: bytes, most_file: int) -> None:
        self._most_file = most_file
        self._texts: list[tuple[str, str]] = []
        self._files: list[Upload] = []
        self._headers: dict[str, str] = {}
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._content = bytearray()
        self._field, self._name = "", None
        self._ended = False
        self._parser = self._made(boundary)

    def _made(self, boundary: bytes) -> MultipartParser:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser

        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._into(0),
                    "on_header_value": self._into(1),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._over,
                },
            )
        except FormParserError as error:
            raise _unreadable(str(error)) from error

    def feed(self, piece: bytes) -> None:
        from python_multipart.exceptions import FormParserError

        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _unreadable(str(error)) from error

    def form(self) -> Form:
        if not self._ended:
            raise _unreadable("it ends before its last boundary")
        return Form(tuple(self._texts), tuple(self._files))

    def let_go(self) -> None:
        """Hold no bytes any more: this object and its callbacks hold each other, so it may stay a while."""
        self._texts, self._files, self._content = [], [], bytearray()

    def _begin(self) -> None:
        if len(self._texts) + len(self._files) >= MOST_PARTS:
            raise _unreadable(f"it has more than {MOST_PARTS} parts")
        self._headers, self._content = {}, bytearray()

    def _into(self, which: int) -> Callable[[bytes, int, int], None]:
        def take(chunk: bytes, start: int, end: int) -> None:
            self._header[which].extend(chunk[start:end])

        return take

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").strip().lower()] = value.decode("utf-8", "replace").strip()
        self._header = (bytearray(), bytearray())

    def _headers_end(self) -> None:
        from python_multipart.multipart import parse_options_header

        said = self._headers.get("content-disposition", "")
        # The parser's words are Latin-1; what is not goes through as the bytes that it was.
        kind, options = parse_options_header(said.encode().decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise _unreadable("a part of it has no name")
        if self._headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
            raise _unreadable("a part of it is encoded; send its bytes as they are")
        self._field = options[b"name"].decode("utf-8", "replace")
        name = options.get(b"filename")
        self._name = None if name is None else name.decode("utf-8", "replace")

    def _data(self, chunk: bytes, start: int, end: int) -> None:
        size = len(self._content) + end - start
        if self._name is None and size > MOST_TEXT:
            raise _too_large(self._field, MOST_TEXT)
        if self._name is not None and self._most_file and size > self._most_file:
            raise _too_large(self._field, self._most_file)
        self._content += memoryview(chunk)[start:end]

    def _end(self) -> None:
        if self._name is not None:
            mime = self._headers.get("content-type", "").partition(";")[0].strip().lower()
            self._files.append(Upload(self._field, self._name, mime, bytes(self._content)))
        else:
            try:
                self._texts.append((self._field, self._content.decode()))
            except UnicodeDecodeError as error:
                raise _unreadable(f"its field {self._field!r:.80} is no UTF-8") from error
        self._content = bytearray()

    def _over(self) -> None:
        self._ended = True


def _unreadable(why: str) -> GatewayError:
    return GatewayError.of(
        Kind.BAD_REQUEST, f"The form can't be read: {why:.200}.", params={"code": "invalid_form"}
    )


def _too_large(field: str, most: int) -> GatewayError:
    return GatewayError(
        Failure(
            Kind.TOO_LARGE,
            f"`{field:.80}` is larger than {most // MIB} MiB, the most that is taken here.",
            params={"param": field[:80]},
        )
    )
