"""The cooldowns file: rests outlive the program, so that a restart asks nobody who said "not for 120 hours".

Written in a thread, at most once a second and only after a change; read once, at the start. Losing it
costs one refused call an account, so a broken one is left behind with a word in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from core.domain.failure import Failure, GatewayError
from core.storage.files import disk_work, ensure_dir, read_bytes, write_atomic

from .cooldowns import Cooldowns, KeptRest

_log = logging.getLogger("agtui.accounts")

VERSION = 1
PAUSE_S = 1.0


class _File(Struct, frozen=True):
    rests: tuple[KeptRest, ...] = ()
    version: int = VERSION


class RestsFile:
    """Keeps the rests of `cooldowns` in `file`, those of accounts that `keeps` says yes to.

    `pause` is how many seconds of changes are written at once.
    """

    def __init__(
        self, file: Path, cooldowns: Cooldowns, keeps: Callable[[str], bool], pause: float = PAUSE_S
    ) -> None:
        self._file = file
        self._cooldowns = cooldowns
        self._keeps = keeps
        self._pause = pause
        self._writer: asyncio.Task[None] | None = None
        self._dirty = False
        self._closing = asyncio.Event()
        self._holds_some = False

    def load(self) -> None:
        """Restore what the process before left (blocking), and keep what changes from here on."""
        try:
            with disk_work(f"Reading {self._file}"):
                content = read_bytes(self._file)
            if content is not None:
                rests = msgspec.json.decode(content, type=_File).rests
                self._holds_some = bool(rests)
                self._cooldowns.restore(one for one in rests if self._keeps(one.account))
        except (GatewayError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("the cooldowns of the last run are lost: %s", error)
        self._cooldowns.changed = self._changed

    async def aclose(self) -> None:
        """Write a last time: wall-clock times are truest when they are taken last."""
        self._closing.set()
        if self._writer is not None:
            await self._writer
        await self._write()

    def _changed(self) -> None:
        self._dirty = True
        if self._writer is None and not self._closing.is_set():
            self._writer = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._dirty:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._closing.wait()
            self._dirty = False
            await self._write()
        self._writer = None

    async def _write(self) -> None:
        rests = tuple(_bare(one) for one in self._cooldowns.kept() if self._keeps(one.account))
        if not rests and not self._holds_some:
            return
        self._holds_some = bool(rests)
        await asyncio.to_thread(self._put, msgspec.json.encode(_File(rests)))

    def _put(self, content: bytes) -> None:
        try:
            with disk_work(f"Writing {self._file}"):
                ensure_dir(self._file.parent)
                write_atomic(self._file, content)
        except GatewayError as error:
            _log.warning("%s", error.failure.public_message)


def _bare(rest: KeptRest) -> KeptRest:
    """Without what the upstream said: that was for the log."""
    failure = rest.failure
    told = Failure(failure.kind, failure.public_message, failure.scope, failure.cause, status=failure.status)
    return msgspec.structs.replace(rest, failure=told)
