"""The database: one writer thread that gathers rows into transactions, and a few readers.

`post` is for rows of the request path: it puts the row into a bounded queue and never waits. `write` and
`read` are for who needs the outcome. Statements live beside this module; this one knows threads, queues
and failures. SQLAlchemy is imported by the writer thread, once somebody uses the database.

A full disk or a broken database costs rows, counted in `dropped`, and never a request.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock

from .files import quarantine
from .full import is_full, storage_failure

if TYPE_CHECKING:
    from sqlalchemy import Connection as Connection
    from sqlalchemy import Engine

log = logging.getLogger("agtui.storage")

T = TypeVar("T")
QUEUE_LIMIT: Final = 10_000
BATCH: Final = 500
GATHER_S: Final = 0.05
"""How long the writer lets rows gather after the first one, unless somebody waits."""
RETRY_S: Final = 2.0
"""How long a database that could not be opened is left alone."""
READERS: Final = 2

Sink = Callable[["Connection", list[Any]], None]


class _Row(NamedTuple):
    sink: Sink
    row: Any


class _Job(NamedTuple):
    work: Callable[[Connection], Any] | None
    done: Future[Any]


class Database:
    """Rows in, answers out. `url` is SQLAlchemy's; for a file use `Database.at`."""

    def __init__(self, url: str, clock: Clock, limit: int = QUEUE_LIMIT) -> None:
        self._url = url
        self._clock = clock
        self._limit = limit
        self._queue: deque[_Row | _Job] = deque()
        self._awake = threading.Event()
        self._hurry = threading.Event()
        self._opened = threading.Event()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._writer: Engine | None = None
        self._reading: Engine | None = None
        self._broken: GatewayError | None = None
        self._tried_at: float | None = None
        self._busy = False
        self._closing = False
        self._full = False
        self.dropped = 0
        self.notices: tuple[str, ...] = ()

    @classmethod
    def at(cls, file: Path, clock: Clock, limit: int = QUEUE_LIMIT) -> Database:
        return cls(f"sqlite:///{file}", clock, limit)

    def start(self) -> None:
        """Open the database in the background; without it, its first use does."""
        with self._start_lock:
            if self._thread is None and not self._closing:
                self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="agtui-db-read")
                self._thread = threading.Thread(target=self._run, name="agtui-db-write", daemon=True)
                self._thread.start()

    def post(self, sink: Callable[[Connection, list[T]], None], row: T, *, keep: bool = False) -> bool:
        """Queue `row` for `sink`, which gets all gathered rows at once, in the writer's thread.

        False when the row was dropped: the queue is full (unless `keep`) or the database is closed.
        Never blocks and never raises; the order of rows is kept.
        """
        if (len(self._queue) >= self._limit and not keep) or self._closing:
            self.dropped += 1
            return False
        self._queue.append(_Row(sink, row))
        if not self._awake.is_set():
            self._awake.set()
            if self._thread is None:
                self.start()
        return True

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own, after everything posted before, and wait for it.

        Raises GatewayError if it was not kept (code STORAGE_FULL when the disk is full).
        """
        return await self._submit(work)

    async def flush(self) -> None:
        """Wait until everything posted so far has been written, or dropped."""
        if self._queue or self._busy:
            await self._submit(None)

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Run `question` in a reader's thread; it sees everything that was posted before."""
        await self.flush()
        self.start()
        if self._readers is None:
            raise _closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._answer, question)

    async def close(self) -> None:
        """Write what is queued, then end the threads."""
        with self._start_lock:
            self._closing = True
        self._awake.set()
        self._hurry.set()
        thread, readers = self._thread, self._readers
        if thread is not None:
            await asyncio.to_thread(thread.join)
        if readers is not None:
            await asyncio.to_thread(readers.shutdown)
        for engine in (self._reading, self._writer):
            if engine is not None:
                await asyncio.to_thread(engine.dispose)
        self._reading = self._writer = None

    async def _submit(self, work: Callable[[Connection], Any] | None) -> Any:
        if self._closing:
            raise _closed()
        done: Future[Any] = Future()
        self._queue.append(_Job(work, done))
        self._hurry.set()
        self._awake.set()
        self.start()
        return await asyncio.wrap_future(done)

    # --- reader threads

    def _answer(self, question: Callable[[Connection], T]) -> T:
        self._opened.wait()
        if self._reading is None:
            self._hurry.set()
            self._awake.set()  # the writer tries to open it again, for the next one who asks
            raise self._broken or _closed()
        try:
            with self._reading.connect() as connection:
                return question(connection)
        except GatewayError:
            raise
        except Exception as error:
            log.error("A question to the database failed: %s", error)
            raise _unreadable(error) from error

    # --- the writer's thread

    def _run(self) -> None:
        self._open()
        self._opened.set()
        while True:
            self._awake.wait()
            if not self._hurry.is_set():
                self._hurry.wait(GATHER_S)
            # Cleared before looking, so that what comes while we look wakes us again.
            self._awake.clear()
            self._hurry.clear()
            self._busy = True
            if self._writer is None:
                self._open()
            while self._queue:
                self._take()
            self._busy = False
            if self._closing and not self._queue:
                return

    def _open(self) -> None:
        """Open and migrate. A damaged file is kept aside and a new one begun."""
        now = self._clock.monotonic()
        if self._tried_at is not None and now - self._tried_at < RETRY_S:
            return
        self._tried_at = now
        from .engine import database_file, is_damaged

        try:
            try:
                self._connect()
            except Exception as error:
                file = database_file(self._url)
                if file is None or not is_damaged(error):
                    raise
                for leftover in ("-wal", "-shm"):
                    file.with_name(file.name + leftover).unlink(missing_ok=True)
                aside = quarantine(file, self._clock)
                notice = f"The database is damaged. It was kept as {aside} and a new one begun."
                self.notices += (notice,)
                log.error("%s", notice)
                self._connect()
        except GatewayError as error:
            self._broken = error
            log.error("%s", error.failure.public_message)
        except Exception as error:
            # Whatever keeps the database shut must not end this thread: rows are counted as dropped.
            self._broken = storage_failure(error, "log of requests") if is_full(error) else _unreadable(error)
            log.error("The database can't be opened: %s", error)
        else:
            self._broken = None

    def _connect(self) -> None:
        from .engine import open_engine
        from .migrations import migrate

        writer = open_engine(self._url, writer=True)
        try:
            migrate(writer)
        except BaseException:
            writer.dispose()
            raise
        self._reading = open_engine(self._url, writer=False, connections=READERS)
        self._writer = writer

    def _take(self) -> None:
        """Write the next rows of the queue, at most a batch, or do the next job."""
        head = self._queue.popleft()
        if isinstance(head, _Job):
            self._do(head)
            return
        rows = [head]
        while self._queue and len(rows) < BATCH:
            follower = self._queue[0]
            if not isinstance(follower, _Row):
                break
            rows.append(follower)
            self._queue.popleft()
        groups = [(sink, [row.row for row in group]) for sink, group in groupby(rows, lambda row: row.sink)]
        try:
            self._write(groups)
        except Exception as error:
            if self._writer is None or is_full(error):
                self._lost(len(rows), error)
                return
            # One row that can't be written must not take its neighbours with it.
            for row in rows:
                try:
                    self._write([(row.sink, [row.row])])
                except Exception as reason:
                    self._lost(1, reason)

    def _write(self, groups: list[tuple[Sink, list[Any]]]) -> None:
        if self._writer is None:
            raise self._broken or _closed()
        with self._writer.begin() as connection:
            for sink, rows in groups:
                sink(connection, rows)
        if self._full:
            self._full = False
            log.info("There is room on the disk again; rows are kept. %d were dropped so far.", self.dropped)

    def _lost(self, count: int, error: BaseException) -> None:
        self.dropped += count
        if is_full(error):
            if not self._full:
                log.error("The disk is full: log rows are dropped until there is room.")
            self._full = True
        elif self._writer is not None:
            log.error("A row could not be written: %s", error)

    def _do(self, job: _Job) -> None:
        if not job.done.set_running_or_notify_cancel():
            return
        if job.work is None:
            job.done.set_result(None)
            return
        try:
            if self._writer is None:
                raise self._broken or _closed()
            with self._writer.begin() as connection:
                outcome = job.work(connection)
        except GatewayError as error:
            job.done.set_exception(error)
        except Exception as error:
            log.error("A change of the database failed: %s", error)
            job.done.set_exception(storage_failure(error, "change"))
        else:
            job.done.set_result(outcome)


def _closed() -> GatewayError:
    return GatewayError.of(Kind.UNAVAILABLE, "The database is closed.")


def _unreadable(error: BaseException) -> GatewayError:
    reason = getattr(error, "orig", None) or error
    return GatewayError.of(Kind.UNAVAILABLE, f"The database can't be read: {reason}.")
