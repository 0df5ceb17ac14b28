"""Rows of the request log and their hourly sums. Imports sqlalchemy: import it late."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.domain.plan import RecordQuery, RequestRecord

from .search import like_every, searchable
from .tables import MEASURES, hourly, requests

HOUR_S: Final = 3600
_KEY: Final = ("hour", "model", "account", "key", "sandbox")
_record = msgspec.json.Decoder(RequestRecord)
Sums = dict[tuple[Any, ...], dict[str, float]]


def insert(connection: sa.Connection, rows: list[RequestRecord]) -> None:
    """Add rows and what they mean for the hours they fall into."""
    if not rows:
        return
    connection.execute(sa.insert(requests), [_columns(row) for row in rows])
    add_up(connection, rows)


def page(connection: sa.Connection, query: RecordQuery) -> list[RequestRecord]:
    """At most `query.limit` records, newest first, found by key and never by counting."""
    statement = sa.select(requests.c.body).order_by(requests.c.seq.desc()).limit(query.limit)
    if query.before:
        before = sa.select(requests.c.seq).where(requests.c.id == query.before)
        seq = connection.execute(before).scalar()
        if seq is None:
            return []
        statement = statement.where(requests.c.seq < seq)
    if query.errors:
        statement = statement.where(requests.c.failed)
    if query.account:
        column = requests.c.email if "@" in query.account else requests.c.account
        statement = statement.where(column == query.account)
    if query.text.strip():
        statement = statement.where(like_every(query.text, requests.c.words))
    return [_record.decode(body) for body in connection.execute(statement).scalars()]


def one(connection: sa.Connection, request_id: str) -> RequestRecord | None:
    body = connection.execute(sa.select(requests.c.body).where(requests.c.id == request_id)).scalar()
    return None if body is None else _record.decode(body)


def totals(
    connection: sa.Connection, since: float, by: Literal["model", "account", "key", "hour"]
) -> list[dict[str, Any]]:
    """The hourly measures since `since`, added up by one part of their key, most requests first."""
    part = hourly.c[by]
    sums = [sa.func.sum(hourly.c[name]).label(name) for name in MEASURES]
    statement = (
        sa.select(part.label(by), *sums)
        .where(hourly.c.hour >= int(since // HOUR_S))
        .group_by(part)
        .order_by(sa.desc("requests"))
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def prune(connection: sa.Connection, before: float) -> int:
    """Delete the rows from before `before`; their sums stay."""
    return connection.execute(sa.delete(requests).where(requests.c.at < before)).rowcount


def purge_sandbox(connection: sa.Connection) -> int:
    """Delete the rows the sandbox made, with their sums."""
    connection.execute(sa.delete(hourly).where(hourly.c.sandbox))
    return connection.execute(sa.delete(requests).where(requests.c.sandbox)).rowcount


def add_up(connection: sa.Connection, rows: list[RequestRecord]) -> None:
    """Add rows to the sums of their hours."""
    sums: Sums = {}
    for row in rows:
        key = (int(row.at // HOUR_S), row.model or row.asked, row.account, row.key, row.sandbox)
        into = sums.setdefault(key, dict.fromkeys(MEASURES, 0))
        usage = row.usage
        into["requests"] += 1
        into["errors"] += row.kind != "ok"
        into["attempts"] += len(row.attempts)
        into["input"] += usage.input
        into["output"] += usage.output
        into["cache_read"] += usage.cache_read
        into["cache_write"] += usage.cache_write
        into["thoughts"] += usage.thoughts
        into["pictures"] += row.pictures
        into["duration_ms"] += max(0.0, row.duration_ms)
        if row.ttft_ms is not None:
            into["ttft_ms"] += max(0.0, row.ttft_ms)
            into["ttft_count"] += 1
    # Both engines speak ON CONFLICT in the same words, but SQLAlchemy has an insert for each.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(hourly)
    statement = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: hourly.c[name] + statement.excluded[name] for name in MEASURES},
    )
    connection.execute(statement, [dict(zip(_KEY, key, strict=True), **into) for key, into in sums.items()])


def _columns(row: RequestRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "account": row.account,
        "email": row.email,
        "model": row.model or row.asked,
        "status": row.status,
        "failed": row.kind != "ok",
        "sandbox": row.sandbox,
        "words": searchable(
            row.asked,
            row.model,
            row.provider,
            row.email,
            row.path,
            row.client,
            row.kind,
            row.cause,
            row.message,
            row.id,
            str(row.status),
            row.endpoint,
            row.key,
        ),
        "body": msgspec.json.encode(row),
    }
