"""SQLAlchemy engines, set up for one writer and a few readers. Imports sqlalchemy: import it late.

SQLite runs in WAL with transactions begun by us (the driver would leave DDL outside of them). The
database file is created private, and its WAL takes over its mode.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .files import PRIVATE_FILE, ensure_dir

# synchronous=NORMAL in WAL may lose the last rows in a power cut but never the database.
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-2000", "mmap_size=0")


def database_file(url: str) -> Path | None:
    """The file of a SQLite address; None for a server."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def open_engine(url: str, *, writer: bool, connections: int = 1) -> sa.Engine:
    """An engine for the database at `url`, with at most `connections` open. Readers can't write."""
    file = database_file(url)
    if file is None:
        return sa.create_engine(url, pool_size=connections, max_overflow=0, pool_pre_ping=True)
    ensure_dir(file.parent)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, PRIVATE_FILE))
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 5.0},
    )

    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if not writer:
            connection.execute("PRAGMA query_only=ON")

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def is_damaged(error: BaseException) -> bool:
    """Whether SQLite says that its file is no database, or a broken one."""
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorcode", None)
    return isinstance(cause, sqlite3.Error) and code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
