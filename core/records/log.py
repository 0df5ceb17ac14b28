"""The request log: one row a request in the database and one line in the ring.

On the request's own path a row is only queued; it is redacted, encoded and added up in the database's
writer thread.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec.structs import replace

from core.domain.failure import GatewayError, Kind
from core.domain.plan import Plan, RecordQuery, RequestRecord
from core.domain.ports import Clock
from core.storage.database import Database

from .keeping import kept
from .lines import request_line
from .ring import LogRing

if TYPE_CHECKING:
    from core.storage.database import Connection

LONGEST_PAGE: Final = 1_000
_DAY_S: Final = 86_400.0


class RequestLog:
    """Implements the port `Recorder`, and answers questions about the rows."""

    def __init__(self, database: Database, ring: LogRing, clock: Clock) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock

    @property
    def dropped(self) -> int:
        """Rows that were not kept, because the disk was full or the queue was."""
        return self._database.dropped

    def record(self, row: RequestRecord) -> None:
        """Keep `row`. Costs the caller two appends; never blocks and never raises."""
        # A line may wait long to be written out, and a plan over many accounts weighs 20 kB: the steps stay.
        plan = None if row.plan is None else Plan(row.plan.asked, row.plan.model, steps=row.plan.steps)
        seq = self._ring.defer(partial(request_line, replace(row, plan=plan)))
        self._database.post(self._insert, (seq, row))

    def _insert(self, connection: Connection, rows: list[tuple[int, RequestRecord]]) -> None:
        from core.storage import request_rows

        request_rows.insert(connection, [kept(row) for _, row in rows])
        # A line takes a fifth of the memory of the row that it is made from.
        self._ring.write_out(seq for seq, _ in rows)

    async def page(self, query: RecordQuery) -> list[RequestRecord]:
        """A page of rows, newest first."""
        query = replace(query, limit=max(1, min(query.limit, LONGEST_PAGE)))
        return await self._database.read(partial(_page, query))

    async def one(self, request_id: str) -> RequestRecord:
        row = await self._database.read(partial(_one, request_id))
        if row is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"No request has the id {request_id}.")
        return row

    async def totals(
        self, since: float, by: Literal["model", "account", "key", "hour"] = "model"
    ) -> list[dict[str, Any]]:
        """What was used since `since` (unix seconds, rounded down to the hour), added up."""
        return await self._database.read(partial(_totals, since, by))

    async def tokens_by_key(self, since: float) -> dict[str, int]:
        """Input and output tokens since `since` (as for `totals`), by the name of the key."""
        rows = await self.totals(since, "key")
        return {row["key"]: int(row["input"] + row["output"]) for row in rows}

    async def prune(self, keep_days: int) -> int:
        """Delete rows older than `keep_days` days; how many went."""
        before = self._clock.now() - keep_days * _DAY_S
        gone = 0
        while some := await self._database.write(partial(_prune, before)):
            gone += some  # in portions, so that rows of the present don't wait
        return gone

    async def purge_sandbox(self) -> int:
        """Delete the rows that the sandbox made; how many went."""
        return await self._database.write(_purge_sandbox)


# What runs in the database's threads; each imports sqlalchemy there, not in the loop.


def _one(request_id: str, connection: Connection) -> RequestRecord | None:
    from core.storage import request_rows

    return request_rows.one(connection, request_id)


def _page(query: RecordQuery, connection: Connection) -> list[RequestRecord]:
    from core.storage import request_rows

    return request_rows.page(connection, query)


def _totals(
    since: float, by: Literal["model", "account", "key", "hour"], connection: Connection
) -> list[dict[str, Any]]:
    from core.storage import request_rows

    return request_rows.totals(connection, since, by)


def _prune(before: float, connection: Connection) -> int:
    from core.storage import request_rows

    return request_rows.prune(connection, before)


def _purge_sandbox(connection: Connection) -> int:
    from core.storage import request_rows

    return request_rows.purge_sandbox(connection)
