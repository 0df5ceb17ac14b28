"""Signatures by key, in memory and on disk: bounded, private, the same after a restart.

What a signature is good for and which key finds it is `signatures`' business. Signatures are opaque and
can be made do without, so a disk that fails costs a warning and nothing else. Keys hold no text of any
conversation: ids that the upstream made up, and digests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from core.domain.ports import Clock
from core.storage.journal import Journal

log = logging.getLogger("agtui.signatures")

T = TypeVar("T")

MOST: Final = 20_000
"""Signatures that are kept; the oldest go first."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""Bytes that they may take in all."""
LONGEST: Final = 256 * 1024
"""Characters; one that is longer is not kept."""
WRITE_AFTER_S: Final = 1.0
"""Seconds that signatures wait for others to be written with."""
OVERHEAD: Final = 64
"""Bytes that each takes beside its text and its key."""
SLACK: Final = 64 * 1024
"""Bytes by which a file may be more than twice what is in it before it is written anew."""


class Kept(Struct, frozen=True, array_like=True):
    """A signature, the family of models that made it, and when (unix seconds)."""

    key: str
    text: str
    family: str
    at: float


class SignatureStore:
    """Signatures by key. `find` and `put` never wait; `ready` reads the file, once.

    Without a `path` it lives in memory. `ttl` is how many seconds a signature is good for.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Clock,
        ttl: Callable[[], float],
        *,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        write_after: float = WRITE_AFTER_S,
    ) -> None:
        self._journal = Journal(path) if path is not None else None
        self._clock, self._ttl = clock, ttl
        self._most, self._most_bytes, self._write_after = most, most_bytes, write_after
        self._kept: dict[str, Kept] = {}
        self._bytes = 0
        self._read = False
        self._pending: list[Kept] = []
        self._writing: asyncio.Task[None] | None = None
        self._disk = asyncio.Lock()
        self._closing = asyncio.Event()
        self._warned = False

    def find(self, key: str) -> Kept | None:
        """What was kept under `key` and is still good."""
        found = self._kept.get(key)
        return found if found is not None and self._is_good(found) else None

    def put(self, keys: Iterable[str], text: str, family: str) -> None:
        """Keep a signature under each of `keys`; it reaches the disk a little later."""
        if len(text) > LONGEST:
            return
        now = self._clock.now()
        for key in keys:
            kept = Kept(key, text, family, now)
            self._take(kept)
            self._pending.append(kept)
        self._trim()
        if self._writing is None and self._journal is not None and not self._closing.is_set():
            self._writing = asyncio.create_task(self._write_later(self._journal))

    async def ready(self) -> None:
        """Read what is on disk, unless that has been done."""
        if self._journal is None or self._read:
            return
        async with self._disk:
            if not self._read:
                self._merge(await self._at_disk(self._journal.read) or [])
                self._read = True

    async def aclose(self) -> None:
        """Write what waits to be written."""
        self._closing.set()
        if self._writing is not None:
            await self._writing

    def _is_good(self, kept: Kept) -> bool:
        return kept.at >= self._clock.now() - self._ttl()

    def _merge(self, lines: list[bytes]) -> None:
        """Put what was on disk before what has come since."""
        younger = list(self._kept.values())
        self._kept, self._bytes = {}, 0
        for kept in (*filter(None, map(_line, lines)), *younger):
            if self._is_good(kept):
                self._take(kept)
        self._trim()

    def _take(self, kept: Kept) -> None:
        """The latest one comes last, so that the first one is the oldest."""
        if (before := self._kept.pop(kept.key, None)) is not None:
            self._bytes -= _size(before)
        self._kept[kept.key] = kept
        self._bytes += _size(kept)

    def _trim(self) -> None:
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= _size(self._kept.pop(next(iter(self._kept))))

    async def _write_later(self, journal: Journal) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._write_after):
                await self._closing.wait()
        while self._pending:
            await self._write(journal)
        self._writing = None

    async def _write(self, journal: Journal) -> None:
        pending, self._pending = self._pending, []
        async with self._disk:
            await self._at_disk(lambda: journal.append(map(msgspec.json.encode, pending)))
        if journal.size > 2 * self._bytes + SLACK:
            # Only who knows all that is in the file may write it anew.
            await self.ready()
            kept = [one for one in self._kept.values() if self._is_good(one)]
            async with self._disk:
                await self._at_disk(lambda: journal.rewrite(map(msgspec.json.encode, kept)))

    async def _at_disk(self, work: Callable[[], T]) -> T | None:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            if not self._warned:
                self._warned = True
                log.warning("signatures are kept in memory only: %s", error.strerror or error)
            return None


def _size(kept: Kept) -> int:
    return len(kept.text) + len(kept.key) + OVERHEAD


def _line(line: bytes) -> Kept | None:
    """A line as it was written; None for one that a crash has torn."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


_DECODER: Final = msgspec.json.Decoder(Kept)
