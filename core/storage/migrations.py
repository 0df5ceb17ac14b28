"""The tables of the database, as numbered steps, and the list of steps a database has taken.

A step is written once and never changed; a change of the tables is one more step. A database that has
taken a step this program doesn't know was written by a later version and is refused untouched.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from core.domain.failure import Cause, GatewayError, Kind

from . import tables
from .search import create_index

Step = Callable[[sa.Connection], None]


def _requests(connection: sa.Connection) -> None:
    for table in (tables.labels, tables.requests, tables.hourly):
        table.create(connection)


def _works(connection: sa.Connection) -> None:
    tables.works.create(connection)
    create_index(connection, tables.WORKS_TEXT)


STEPS: tuple[tuple[str, Step], ...] = (
    ("0001_requests", _requests),
    ("0002_works", _works),
)


def migrate(engine: sa.Engine, steps: tuple[tuple[str, Step], ...] = STEPS) -> list[str]:
    """Take the steps that are missing, each in a transaction of its own; gives their names.

    Raises GatewayError(cause config) for a database of a later version.
    """
    with engine.begin() as connection:
        tables.applied.create(connection, checkfirst=True)
        done = set(connection.execute(sa.select(tables.applied.c.name)).scalars())
    unknown = sorted(done - {name for name, _ in steps})
    if unknown:
        raise GatewayError.of(
            Kind.UNAVAILABLE,
            f"The database was written by a later version of agtui (it has {unknown[-1]}). "
            "Update agtui, or move the database file away: the library's index is made anew from its files.",
            cause=Cause.CONFIG,
        )
    taken: list[str] = []
    for name, step in steps:
        if name in done:
            continue
        with engine.begin() as connection:
            step(connection)
            connection.execute(sa.insert(tables.applied).values(name=name))
        taken.append(name)
    return taken
