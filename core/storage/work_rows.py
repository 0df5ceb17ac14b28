"""Rows of the library's index: one a chat or picture. Imports sqlalchemy: import it late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import sqlalchemy as sa

from .search import matching, rebuild_index, searchable
from .tables import WORKS_TEXT, works
from .upsert import upsert
from .works import Work

_AT_ONCE = 500  # ids in one statement


def put(connection: sa.Connection, rows: Sequence[Work]) -> None:
    """Add rows, or replace those with the same id."""
    latest = {row.id: row for row in rows}
    if not latest:
        return
    connection.execute(
        _replacing(connection.dialect.name),
        [
            {
                "id": row.id,
                "kind": row.kind,
                "at": row.at,
                "sandbox": row.sandbox,
                "body": row.body,
                "words": searchable(row.words),
            }
            for row in latest.values()
        ],
    )


@cache
def _replacing(dialect: str) -> sa.Insert:
    """Built once, as building it takes longer than running it."""
    statement = upsert(dialect, works)
    columns = ("kind", "at", "sandbox", "body", "words")
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={name: statement.excluded[name] for name in columns}
    )


def remove(connection: sa.Connection, ids: Iterable[str]) -> None:
    gone = list(ids)
    for start in range(0, len(gone), _AT_ONCE):
        connection.execute(sa.delete(works).where(works.c.id.in_(gone[start : start + _AT_ONCE])))


def page(
    connection: sa.Connection,
    *,
    kinds: Sequence[str] = (),
    text: str = "",
    limit: int = 100,
    before_id: str = "",
    before_at: float = 0.0,
) -> list[tuple[str, bytes]]:
    """(kind, body) of the newest rows that hold every word of `text`.

    `before_id` is the row the page before ended with, `before_at` a time; both are exclusive.
    """
    statement = sa.select(works.c.kind, works.c.body).order_by(works.c.at.desc(), works.c.id.desc())
    if kinds:
        statement = statement.where(works.c.kind.in_(kinds))
    if before_id:
        at = connection.execute(sa.select(works.c.at).where(works.c.id == before_id)).scalar()
        if at is None:
            return []
        statement = statement.where(sa.tuple_(works.c.at, works.c.id) < sa.tuple_(sa.literal(at), before_id))
    if before_at:
        statement = statement.where(works.c.at < before_at)
    if text.strip():
        statement = statement.where(matching(connection, text, WORKS_TEXT))
    return [(row[0], row[1]) for row in connection.execute(statement.limit(limit))]


def one(connection: sa.Connection, work_id: str) -> tuple[str, bytes] | None:
    row = connection.execute(sa.select(works.c.kind, works.c.body).where(works.c.id == work_id)).first()
    return None if row is None else (row[0], row[1])


def ids(connection: sa.Connection) -> dict[str, str]:
    """The kind of every row, by id."""
    return {row[0]: row[1] for row in connection.execute(sa.select(works.c.id, works.c.kind))}


def of_sandbox(connection: sa.Connection) -> list[tuple[str, str]]:
    """(kind, id) of everything the sandbox made."""
    statement = sa.select(works.c.kind, works.c.id).where(works.c.sandbox)
    return [(row[0], row[1]) for row in connection.execute(statement)]


def refresh_text(connection: sa.Connection) -> None:
    """Make the text index anew from the rows."""
    rebuild_index(connection, WORKS_TEXT)
