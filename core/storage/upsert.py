"""INSERT ... ON CONFLICT for the engine in use. Imports sqlalchemy: import it late.

Both engines say it in the same words, but SQLAlchemy has an insert for each, and the one of PostgreSQL
brings 2 MB that a program on SQLite never needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.dialects import sqlite


def upsert(dialect: str, table: sa.Table) -> sqlite.Insert:
    """An insert into `table` that has `on_conflict_do_update` and `on_conflict_do_nothing`."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)  # type: ignore[return-value]
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
