"""Rows arrive in order, nobody on the request path waits, and neither a full disk nor a broken file hurts."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain.failure import Cause, GatewayError
from core.storage.database import Database
from core.storage.migrations import STEPS, migrate

from .conftest import HandClock

notes = sa.table("notes", sa.column("text", sa.Text))


def keep(connection: sa.Connection, rows: list[str]) -> None:
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)")
    connection.execute(sa.insert(notes), [{"text": row} for row in rows])


def beside(home: Path, ending: str = "*") -> list[Path]:
    """The database's file and what lies beside it."""
    return list(home.glob(f"records.db{ending}"))


def texts(connection: sa.Connection) -> list[str]:
    return [str(text) for text in connection.execute(sa.select(notes.c.text)).scalars()]


async def test_a_question_sees_every_row_posted_before_it(database: Database) -> None:
    rows = [f"row {number}" for number in range(1_200)]
    assert all(database.post(keep, row) for row in rows)
    assert await database.read(texts) == rows
    assert database.dropped == 0


async def test_rows_are_written_many_to_a_transaction(database: Database) -> None:
    batches: list[int] = []

    def count(connection: sa.Connection, rows: list[str]) -> None:
        batches.append(len(rows))

    for number in range(1_000):
        database.post(count, str(number))
    await database.flush()
    assert sum(batches) == 1_000
    assert len(batches) <= 3


async def test_close_writes_what_is_queued(tmp_path: Path, clock: HandClock) -> None:
    database = Database.at(tmp_path / "records.db", clock)
    database.post(keep, "last words")
    await database.close()
    with sqlite3.connect(tmp_path / "records.db") as file:
        found = file.execute("SELECT text FROM notes").fetchall()
    file.close()
    assert found == [("last words",)]


async def test_after_closing_a_row_is_counted_as_dropped_and_a_question_refused(database: Database) -> None:
    await database.close()
    assert not database.post(keep, "late")
    assert database.dropped == 1
    with pytest.raises(GatewayError, match="closed"):
        await database.read(texts)
    with pytest.raises(GatewayError, match="closed"):
        await database.write(texts)


async def test_a_full_queue_drops_and_counts_but_never_blocks(tmp_path: Path, clock: HandClock) -> None:
    database = Database.at(tmp_path / "records.db", clock, limit=10)
    entered, go_on = threading.Event(), threading.Event()

    def hold(connection: sa.Connection, rows: list[str]) -> None:
        entered.set()
        assert go_on.wait(10)

    database.post(hold, "first")
    assert await asyncio.to_thread(entered.wait, 10)
    accepted = [database.post(keep, str(number)) for number in range(15)]
    assert accepted == [True] * 10 + [False] * 5
    assert database.dropped == 5
    assert database.post(keep, "must stay", keep=True)
    go_on.set()
    assert (await database.read(texts))[-1] == "must stay"
    await database.close()


async def test_one_row_that_can_not_be_written_does_not_take_its_neighbours_along(database: Database) -> None:
    def picky(connection: sa.Connection, rows: list[str]) -> None:
        keep(connection, rows)
        if "bad" in rows:
            raise ValueError("bad row")

    for row in ("one", "bad", "two"):
        database.post(picky, row)
    assert await database.read(texts) == ["one", "two"]
    assert database.dropped == 1


async def test_a_failed_change_leaves_nothing_behind_and_says_so(database: Database) -> None:
    def half(connection: sa.Connection) -> None:
        keep(connection, ["half"])
        raise ValueError("no")

    database.post(keep, "whole")
    with pytest.raises(GatewayError, match="could not be kept"):
        await database.write(half)
    assert await database.read(texts) == ["whole"]


async def test_a_reader_can_not_write(database: Database) -> None:
    database.post(keep, "one")
    with pytest.raises(GatewayError, match="can't be read"):
        await database.read(lambda connection: keep(connection, ["two"]))
    assert await database.read(texts) == ["one"]


def limit_pages(connection: sa.Connection, spare: int) -> None:
    """Make SQLite itself believe that the disk has room for `spare` more pages."""
    used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={used + spare}")


async def test_a_full_disk_costs_rows_and_room_brings_them_back(database: Database) -> None:
    database.post(keep, "before")
    await database.flush()
    await database.write(lambda connection: limit_pages(connection, 0))
    for _ in range(20):
        database.post(keep, "x" * 100_000)
    await database.flush()
    assert database.dropped == 20
    with pytest.raises(GatewayError) as caught:
        await database.write(lambda connection: keep(connection, ["x" * 100_000]))
    assert caught.value.failure.params["code"] == "STORAGE_FULL"
    await database.write(lambda connection: limit_pages(connection, 100_000))
    database.post(keep, "after")
    assert await database.read(texts) == ["before", "after"]
    assert database.dropped == 20


async def test_the_file_is_private_from_the_start(database: Database, tmp_path: Path) -> None:
    database.post(keep, "one")
    await database.flush()
    for path in beside(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(tmp_path: Path, clock: HandClock) -> None:
    file = tmp_path / "records.db"
    file.write_bytes(b"this is no database" * 500)
    database = Database.at(file, clock)
    database.post(keep, "fresh")
    assert await database.read(texts) == ["fresh"]
    await database.close()
    (aside,) = beside(tmp_path, ".bad-*")
    assert aside.read_bytes().startswith(b"this is no database")
    (notice,) = database.notices
    assert str(aside) in notice


async def test_a_database_of_a_later_version_is_refused_untouched(tmp_path: Path, clock: HandClock) -> None:
    file = tmp_path / "records.db"
    later = sqlite3.connect(file)
    later.executescript(
        "CREATE TABLE applied (name TEXT PRIMARY KEY); INSERT INTO applied VALUES ('0999_more');"
    )
    later.close()
    before = file.read_bytes()
    database = Database.at(file, clock)
    database.post(keep, "lost")
    with pytest.raises(GatewayError, match=r"later version.*0999_more") as caught:
        await database.read(texts)
    assert caught.value.failure.cause is Cause.CONFIG
    assert database.dropped == 1
    await database.close()
    kept = sqlite3.connect(file)
    tables = {name for (name,) in kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    kept.close()
    assert tables == {"applied"}
    assert file.read_bytes()[:16] == before[:16]


async def test_a_place_that_can_not_be_written_is_tried_again_later(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    database = Database.at(tmp_path / "state" / "records.db", clock)
    with pytest.raises(GatewayError):
        await database.read(texts)
    (tmp_path / "state").unlink()
    clock.pass_seconds(3)
    database.post(keep, "at last")
    assert await database.read(texts) == ["at last"]
    await database.close()


def test_steps_are_taken_once_and_in_order(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'm.db'}")
    assert migrate(engine) == [name for name, _ in STEPS]
    assert migrate(engine) == []
    assert [name for name, _ in STEPS] == sorted(name for name, _ in STEPS)
    engine.dispose()


async def test_two_loops_one_after_the_other_may_use_it(tmp_path: Path, clock: HandClock) -> None:
    database = Database.at(tmp_path / "records.db", clock)

    def in_a_loop_of_its_own() -> list[str]:
        async def ask() -> list[str]:
            database.post(keep, "from another loop")
            return await database.read(texts)

        return asyncio.run(ask())

    assert await asyncio.to_thread(in_a_loop_of_its_own) == ["from another loop"]
    assert await database.read(texts) == ["from another loop"]
    await database.close()


def test_importing_the_rooms_does_not_import_what_is_slow() -> None:
    rooms = "core.redact, core.events, core.storage.database, core.records.service, core.library.service"
    probe = f"import {rooms}, sys; print(sorted(set(sys.modules) & {{'sqlalchemy', 'PIL'}}))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.strip() == "[]"
