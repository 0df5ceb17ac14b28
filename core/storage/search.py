"""Finding rows by words: every word of the query has to occur, in any case, anywhere in a row's text.

SQLite answers from an FTS5 index over trigrams, which gives exactly the rows that LIKE would; where
there is no such index (an older SQLite, PostgreSQL, words of one or two letters), LIKE itself does it.
"""

from __future__ import annotations

import logging
import sqlite3
from functools import reduce
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

log = logging.getLogger("agtui.storage")

_SHORTEST = 3  # a trigram index knows nothing shorter
_LONGEST = 32_000  # characters of one row that can be found


class TextIndex(NamedTuple):
    """An index `name` over the text column `words` of `table`, whose integer key is `seq`."""

    name: str
    table: sa.Table
    seq: sa.Column[int]
    words: sa.Column[str]


def searchable(*texts: str) -> str:
    """What the column that is searched holds for these texts."""
    return "\n".join(texts)[:_LONGEST].casefold().replace("\0", " ")


def create_index(connection: sa.Connection, index: TextIndex) -> None:
    """Make the index and the triggers that keep it true. Without FTS5 there is none, and no error."""
    if connection.dialect.name != "sqlite":
        return
    name, table, seq, words = index.name, index.table.name, index.seq.name, index.words.name
    drop = f"INSERT INTO {name}({name}, rowid, {words}) VALUES ('delete', old.{seq}, old.{words});"
    add = f"INSERT INTO {name}(rowid, {words}) VALUES (new.{seq}, new.{words});"
    try:
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE {name} USING fts5({words}, content='{table}', content_rowid='{seq}', "
            "tokenize='trigram case_sensitive 1')"
        )
    except OperationalError as error:
        if not isinstance(error.orig, sqlite3.OperationalError):
            raise
        log.info("No text index: this SQLite can't make one (%s). Searches read every row.", error.orig)
        return
    for event, statements in (("INSERT", add), ("DELETE", drop), (f"UPDATE OF {words}", drop + add)):
        trigger = f"{name}_{event.split()[0].lower()}"
        connection.exec_driver_sql(
            f"CREATE TRIGGER {trigger} AFTER {event} ON {table} BEGIN {statements} END"
        )


def matching(connection: sa.Connection, text: str, index: TextIndex) -> sa.ColumnElement[bool]:
    """The condition that a row of `index.table` holds every word of `text`; true for no words."""
    words = [word.casefold() for word in text.replace("\0", " ").split()]
    conditions: list[sa.ColumnElement[bool]] = []
    long = [word for word in words if len(word) >= _SHORTEST]
    if long and has_index(connection, index):
        query = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        fts = sa.table(index.name, sa.column("rowid", sa.Integer))
        found = sa.select(fts.c.rowid).where(
            sa.column(index.name, is_literal=True).op("MATCH")(sa.bindparam(None, query, sa.Text))
        )
        conditions.append(index.seq.in_(found))
        words = [word for word in words if len(word) < _SHORTEST]
    return reduce(_both, conditions, _every(words, index.words))


def like_every(text: str, words: sa.Column[str]) -> sa.ColumnElement[bool]:
    """The same condition for a text column without an index."""
    return _every([word.casefold() for word in text.replace("\0", " ").split()], words)


def rebuild_index(connection: sa.Connection, index: TextIndex) -> None:
    """Fill the index anew from its table, if there is one."""
    if has_index(connection, index):
        connection.exec_driver_sql(f"INSERT INTO {index.name}({index.name}) VALUES ('rebuild')")


def has_index(connection: sa.Connection, index: TextIndex) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    known: Any = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (index.name,)
    ).scalar()
    return known is not None


def _every(words: list[str], column: sa.Column[str]) -> sa.ColumnElement[bool]:
    likes = (column.like(f"%{_escaped(word)}%", escape="\\") for word in words)
    return reduce(_both, likes, sa.true())


def _both(left: sa.ColumnElement[bool], right: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(left, right)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
