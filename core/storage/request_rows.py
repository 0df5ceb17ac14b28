"""Rows of the request log and their hourly sums. Imports sqlalchemy: import it late."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import takewhile
from typing import Any, Final, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from core.domain.plan import RecordQuery, RequestRecord

from .search import like_every, searchable
from .tables import MEASURES, hourly, labels, requests
from .upsert import upsert

HOUR_S: Final = 3600
MERGED: Final = 50
NEAR: Final = 10_000
"""Up to `MERGED` labels, the newest rows of each are merged. More labels may stand for so many rows that
the `NEAR` newest rows already hold a page of them; only if not, they are merged, too."""
PRUNED: Final = 100_000
LONGEST_MESSAGE: Final = 160
"""Characters of a failure's message that can be searched."""
_KEY: Final = ("hour", "model", "account", "key", "sandbox")
_record = msgspec.json.Decoder(RequestRecord)
Sums = dict[tuple[Any, ...], dict[str, float]]


def insert(connection: sa.Connection, rows: list[RequestRecord]) -> None:
    """Add rows and what they mean for the hours they fall into."""
    if not rows:
        return
    ids: dict[_Label, int] = {}
    values: list[dict[str, Any]] = []
    for row in rows:
        label = _label(row)
        known = ids.get(label)
        if known is None:
            known = ids[label] = _hash(label)
        values.append({"id": row.id, "at": row.at, "label": known, "body": msgspec.json.encode(row)})
    connection.execute(
        _new_labels(connection.dialect.name),
        [{"id": known, **label._asdict()} for label, known in ids.items()],
    )
    connection.execute(sa.insert(requests), values)
    add_up(connection, rows)


def page(connection: sa.Connection, query: RecordQuery) -> list[RequestRecord]:
    """At most `query.limit` records, newest first, found by key and never by reading through all of them."""
    before = None
    if query.before:
        before = connection.execute(sa.select(requests.c.seq).where(requests.c.id == query.before)).scalar()
        if before is None:
            return []
    newest = (
        sa.select(requests.c.body)
        .where(_below(requests, before))
        .order_by(requests.c.seq.desc())
        .limit(query.limit)
    )
    chosen = _chosen(query)
    if chosen is None:
        return _read(connection, newest)
    count = connection.execute(sa.select(sa.func.count()).select_from(chosen.subquery())).scalar_one()
    if count == 0:
        return [] if query.before else _by_id(connection, query)
    if count > MERGED:
        last = before or connection.execute(sa.select(sa.func.max(requests.c.seq))).scalar() or 0
        near = newest.where(requests.c.seq >= last - NEAR, requests.c.label.in_(chosen))
        found = _read(connection, near)
        if len(found) == query.limit:
            return found
    return _read(connection, newest.where(requests.c.seq.in_(_newest_of_each(chosen, before, query.limit))))


def _read(connection: sa.Connection, bodies: sa.Select[Any]) -> list[RequestRecord]:
    return [_record.decode(body) for body in connection.execute(bodies).scalars()]


def _below(table: sa.FromClause, before: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if before is None else table.c.seq < before


def _chosen(query: RecordQuery) -> sa.Select[Any] | None:
    """The labels that a query's filters let through; None when it has no filter."""
    conditions: list[sa.ColumnElement[bool]] = []
    if query.errors:
        conditions.append(labels.c.failed)
    if query.account:
        conditions.append(sa.or_(labels.c.account == query.account, labels.c.email == query.account))
    if query.text.strip():
        conditions.append(like_every(query.text, labels.c.words))
    return sa.select(labels.c.id).where(*conditions) if conditions else None


def _newest_of_each(chosen: sa.Select[Any], before: int | None, count: int) -> sa.Select[Any]:
    """The numbers of the newest `count` rows of each label, read from its index alone."""
    own = requests.alias("own")
    last = (
        sa.select(own.c.seq)
        .where(own.c.label == labels.c.id, _below(own, before))
        .order_by(own.c.seq.desc())
        .offset(count - 1)
        .limit(1)
        .correlate(labels)
        .scalar_subquery()
    )
    return (
        sa.select(requests.c.seq)
        .select_from(labels.join(requests, requests.c.label == labels.c.id))
        .where(labels.c.id.in_(chosen), requests.c.seq >= sa.func.coalesce(last, 0), _below(requests, before))
    )


def _by_id(connection: sa.Connection, query: RecordQuery) -> list[RequestRecord]:
    """A search that no label answers may be for the id of one request."""
    row = one(connection, query.text.strip())
    if row is None or (query.errors and row.kind == "ok"):
        return []
    return [row] if query.account in ("", row.account, row.email) else []


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
    """Delete the rows from before `before`, at most `PRUNED` at once; their sums stay."""
    oldest = sa.select(requests.c.seq, requests.c.at).order_by(requests.c.seq).limit(PRUNED)
    # Rows stand in the order of their ends; the first one that is young enough ends the search.
    old = list(takewhile(lambda row: row[1] < before, connection.execute(oldest)))
    if not old:
        return 0
    gone = connection.execute(sa.delete(requests).where(requests.c.seq <= old[-1][0])).rowcount
    _drop_unused(connection)
    return gone


def purge_sandbox(connection: sa.Connection) -> int:
    """Delete the rows the sandbox made, with their sums."""
    simulated = sa.select(labels.c.id).where(labels.c.sandbox)
    gone = connection.execute(sa.delete(requests).where(requests.c.label.in_(simulated))).rowcount
    connection.execute(sa.delete(hourly).where(hourly.c.sandbox))
    _drop_unused(connection)
    return gone


def _drop_unused(connection: sa.Connection) -> None:
    used = sa.exists().where(requests.c.label == labels.c.id)
    connection.execute(sa.delete(labels).where(~used))


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
    statement = _added_sums(connection.dialect.name)
    connection.execute(statement, [dict(zip(_KEY, key, strict=True), **into) for key, into in sums.items()])


class _Label(NamedTuple):
    account: str
    email: str
    failed: bool
    sandbox: bool
    words: str


def _label(row: RequestRecord) -> _Label:
    words = searchable(
        row.asked,
        row.model,
        row.provider,
        row.email,
        row.door,
        row.path,
        row.client,
        row.key,
        row.endpoint,
        str(row.status),
        row.kind,
        row.cause,
        row.message[:LONGEST_MESSAGE],
    )
    return _Label(row.account, row.email, row.kind != "ok", row.sandbox, words)


def _hash(label: _Label) -> int:
    digest = hashlib.blake2b("\0".join(map(str, label)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


# The same statements serve every batch: building them takes longer than running them.


@cache
def _new_labels(dialect: str) -> sa.Insert:
    return upsert(dialect, labels).on_conflict_do_nothing(index_elements=["id"])


@cache
def _added_sums(dialect: str) -> sa.Insert:
    statement = upsert(dialect, hourly)
    return statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: hourly.c[name] + statement.excluded[name] for name in MEASURES},
    )
