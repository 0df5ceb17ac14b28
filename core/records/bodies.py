"""Recorded bodies: what was said in a request, a private file a day, gone by age and by size.

Off by default. On a request's own path bytes are only held on to; a thread reads, redacts and writes them
once the request is over. What may be kept of them is `saying`'s business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from core.config.settings import RecordsSettings
from core.domain.bodies import Bodies, Heard, Tape
from core.domain.failure import GatewayError, Kind
from core.domain.network import Call, Transport, UpstreamReply
from core.domain.ports import Clock
from core.storage.files import ensure_dir
from core.storage.journal import Journal

from .saying import bodies

log = logging.getLogger("agtui.records")

ALL: Final = "*"
OURS: Final = ("", "local")
"""Names of keys that need no mention: the local one, and none."""
OFF: Final = "Bodies are recorded while records.bodies is on: `agtui config set records.bodies true`."
RECORDED: Final = (
    "Recorded are requests over HTTP, for a while, with the local key or one of records.bodies_keys."
)
MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes that may wait for the disk; above it, bodies are not kept."""
MOST_CALLS: Final = 16
"""Upstream calls that are kept of a request."""
SUFFIX: Final = ".jsonl"
MIB: Final = 1024 * 1024
DAY_S: Final = 86_400.0


class BodyLog:
    """Implements the port `BodyRecorder`; `find` gives back what was kept."""

    def __init__(self, folder: Path, clock: Clock, settings: Callable[[], RecordsSettings]) -> None:
        self._folder, self._clock, self._settings = folder, clock, settings
        self._open: dict[str, Tape] = {}
        self._waiting: list[Tape] = []
        self._held = 0
        self._writing: asyncio.Task[None] | None = None
        self._warned = False
        self.dropped = 0

    @property
    def on(self) -> bool:
        return self._settings().bodies

    # --- while a request runs ------------------------------------------------------------------

    def begin(self, tape: Tape) -> None:
        self._open[tape.id] = tape

    def sent(self, call: Call) -> None:
        """Note a call to an upstream, if the request that it is made for is recorded."""
        tape = self._open.get(call.trace.partition(".")[0]) if self._open else None
        if tape is not None and len(tape.sent) < MOST_CALLS:
            body = Heard()
            body.add(call.body)
            tape.sent.append((call.url, body))

    def end(self, tape: Tape, key: str | None) -> None:
        self._open.pop(tape.id, None)
        names = self._settings().bodies_keys
        if key is None or (key not in OURS and key not in names and ALL not in names):
            return
        if self._held + tape.held > MOST_WAITING:
            self.dropped += 1
            self._warn("bodies come faster than they can be written: not all of them are kept")
            return
        self._held += tape.held
        self._waiting.append(tape)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting:
            tapes, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._store, tapes)
            except (OSError, GatewayError) as error:
                self.dropped += len(tapes)
                self._warn(f"bodies are not recorded: {error}")
            self._held -= sum(tape.held for tape in tapes)
        self._writing = None

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("%s", text)

    # --- on disk, blocking ---------------------------------------------------------------------

    def _store(self, tapes: list[Tape]) -> None:
        ensure_dir(self._folder)
        lines: dict[Path, list[bytes]] = {}
        for tape in tapes:
            lines.setdefault(self._file(tape.at), []).append(msgspec.json.encode(bodies(tape)))
        for path, of_day in lines.items():
            Journal(path).append(of_day)
        self._trim()

    def _file(self, at: float) -> Path:
        return self._folder / (time.strftime("%Y-%m-%d", time.gmtime(at)) + SUFFIX)

    def _files(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob("????-??-??" + SUFFIX)) if self._folder.is_dir() else []

    def _trim(self) -> int:
        """Delete what is too old or too much; how many files went or became shorter."""
        settings = self._settings()
        oldest = self._file(self._clock.now() - settings.bodies_keep_days * DAY_S)
        files = self._files()
        sizes = {path: path.stat().st_size for path in files}
        most, gone = settings.bodies_max_mb * MIB, 0
        for path in files:
            total = sum(sizes.values())
            if path >= oldest and total <= most:
                break
            gone += 1
            if path == files[-1] and path >= oldest:
                _halve(path, most)
                break
            path.unlink(missing_ok=True)
            del sizes[path]
        return gone

    def _purge(self) -> int:
        files = self._files()
        for path in files:
            path.unlink(missing_ok=True)
        return len(files)

    def _find(self, request_id: str) -> Bodies | None:
        start = b'{"id":%b,' % msgspec.json.encode(request_id)
        for path in reversed(self._files()):
            if (line := Journal(path).find(start)) is not None:
                return _line(line)
        return None

    # --- afterwards ----------------------------------------------------------------------------

    async def find(self, request_id: str) -> Bodies:
        """What was kept of a request. Raises GatewayError `not_found` that says why there may be nothing."""
        await self.written()
        # Each of several answers has a record of its own; what was said is the request's.
        found = await asyncio.to_thread(self._find, request_id.partition(".")[0])
        if found is None:
            why = RECORDED if self.on else OFF
            raise GatewayError.of(Kind.NOT_FOUND, f"No body is recorded of {request_id:.80}. {why}")
        return found

    async def written(self) -> None:
        """Once everything that has ended is on disk."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def tidy(self) -> None:
        """Delete what has grown old."""
        await asyncio.to_thread(self._trim)

    async def purge(self) -> int:
        """Delete all of it; how many days went."""
        await self.written()
        return await asyncio.to_thread(self._purge)


def _halve(path: Path, most: int) -> None:
    """The latest lines of a file, half of what it may hold."""
    journal, kept, size = Journal(path), list[bytes](), 0
    for line in reversed(journal.read()):
        size += len(line) + 1
        if size > most // 2:
            break
        kept.append(line)
    journal.rewrite(reversed(kept))


def _line(line: bytes) -> Bodies | None:
    """A line as it was written; None for one that a crash has torn."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_DECODER: Final = msgspec.json.Decoder(Bodies)


class TappedTransport:
    """A transport that tells of every call which is made for a request."""

    def __init__(self, transport: Transport, sent: Callable[[Call], None]) -> None:
        self._transport, self._sent = transport, sent

    async def send(self, call: Call) -> UpstreamReply:
        if call.trace:
            self._sent(call)
        return await self._transport.send(call)

    async def read(self, call: Call, limit: int = 64 * MIB) -> tuple[int, Mapping[str, str], bytes]:
        if call.trace:
            self._sent(call)
        return await self._transport.read(call, limit)

    async def aclose(self) -> None:
        await self._transport.aclose()
