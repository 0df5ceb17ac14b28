"""`agtui logs`: one row a request, or the program's own log lines."""

from __future__ import annotations

import time

import click
import msgspec

from core.domain.bodies import Bodies
from core.domain.failure import GatewayError, Kind
from core.domain.keys import LOCAL
from core.domain.plan import RecordQuery, RequestRecord
from core.domain.state import LogLine
from core.domain.streams import closing
from core.services import Services

from . import bodies
from .app import App, pass_app
from .exits import Exit, Stop
from .output import clock, data, emit_json, emit_line, milliseconds, moment, on_terminal, one_line

COLUMNS = ("at", "status", "first/total", "model", "account", "made", "client", "id", "message")

COLORS = {"error": "red", "warning": "yellow", "debug": "bright_black"}


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes; needs a running agtui.")
@click.option("--errors", is_flag=True, help="Only what failed.")
@click.option("--lines", "own", is_flag=True, help="The program's log lines instead of requests.")
@click.option("--id", "request_id", default="", help="One request: plan, every attempt, what was said.")
@click.option("--text", default="", help="Only what contains this.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_app
def logs(
    app: App, follow: bool, errors: bool, own: bool, request_id: str, text: str, limit: int, as_json: bool
) -> None:
    """Requests, oldest first, so that the latest stands at the prompt.

    When piped they are tab-separated below a header, each with its date.
    """
    query = RecordQuery(text=text, errors=errors, limit=limit)
    if request_id:
        app.run(_one(app, request_id, as_json))
    elif own:
        app.run(_own_lines(app, query, follow, as_json))
    else:
        app.run(_requests(app, query, follow, as_json))


async def _one(app: App, request_id: str, as_json: bool) -> None:
    async with app.services() as services:
        record = await services.records.request(request_id)
        found: Bodies | None = None
        why = ""
        try:
            found = await services.records.bodies(request_id)
        except GatewayError as error:
            if error.failure.kind is not Kind.NOT_FOUND:
                raise
            why = error.failure.public_message
    if as_json:
        said = bodies.as_data(found) if found is not None else None
        emit_json(msgspec.to_builtins(record) | {"bodies": said})
        return
    for line in details(record):
        data(one_line(line))
    for line in bodies.lines(found) if found is not None else [why]:
        data(line)


async def _requests(app: App, query: RecordQuery, follow: bool, as_json: bool) -> None:
    async with app.services() as services:
        _need_owner(services, follow)
        began = time.time()
        if not as_json and not on_terminal():
            data("\t".join(COLUMNS))
        shown: set[str] = set()
        for record in reversed(await services.records.requests(query)):
            shown.add(record.id)
            show_request(record, as_json)
        if not follow:
            return
        # From the ring's beginning: a subscription of an attached process begins a moment after its call.
        async with closing(services.events.subscribe(0)) as happenings:
            async for batch in happenings:
                for event in batch:
                    request_id = str(event.facts.get("id", ""))
                    if event.topic != "request.finished" or event.at < began or request_id in shown:
                        continue
                    record = await _record(services, request_id)
                    if record is not None and matches(record, query):
                        show_request(record, as_json)
        raise _ended()


async def _record(services: Services, request_id: str) -> RequestRecord | None:
    try:
        return await services.records.request(request_id)
    except GatewayError as error:
        if error.failure.kind is Kind.NOT_FOUND:
            return None
        raise


def matches(record: RequestRecord, query: RecordQuery) -> bool:
    """Whether a row that just came belongs to what was asked for."""
    seen = " ".join((record.asked, record.model, record.email, record.client, record.key, record.message))
    return not (query.errors and record.kind == "ok") and query.text.lower() in seen.lower()


async def _own_lines(app: App, query: RecordQuery, follow: bool, as_json: bool) -> None:
    async with app.services() as services:
        _need_owner(services, True)
        held = await services.records.lines(0, 20_000)
        for line in [line for line in held.lines if _wanted(line, query)][-query.limit :]:
            _show_line(line, as_json)
        if not follow:
            return
        async with closing(services.records.tail(held.last)) as slices:
            async for held in slices:
                for line in held.lines:
                    if _wanted(line, query):
                        _show_line(line, as_json)
        raise _ended()


def _ended() -> Stop:
    return Stop("the agtui that was followed has ended.", Exit.UNAVAILABLE)


def _need_owner(services: Services, wanted: bool) -> None:
    if wanted and not services.attached:
        raise Stop("no agtui is running here: start `agtui serve` or `agtui` first.", Exit.UNAVAILABLE)


def _wanted(line: LogLine, query: RecordQuery) -> bool:
    return query.text.lower() in line.text.lower() and not (
        query.errors and line.level not in ("warning", "error")
    )


def _show_line(line: LogLine, as_json: bool) -> None:
    if as_json:
        emit_line(line)
        return
    text = f"{clock(line.at)} {line.level:7} {line.source}: {one_line(line.text)}"
    data(click.style(text, fg=COLORS.get(line.level)))


def show_request(record: RequestRecord, as_json: bool) -> None:
    """One row on stdout."""
    if as_json:
        emit_line(record)
    elif on_terminal():
        data(row(record, color=True))
    else:
        data("\t".join([moment(record.at), *cells(record)]))


def row(record: RequestRecord, color: bool) -> str:
    """A request on one line: when, status, how long, what, who, and what went wrong."""
    status, *others = cells(record)
    if color:
        status = click.style(status, fg="green" if record.kind == "ok" else "red")
    return "  ".join(cell for cell in (clock(record.at), status, *others) if cell)


def cells(record: RequestRecord) -> list[str]:
    """The columns after the first; only the last may be empty."""
    usage = record.usage
    made = f"{usage.input}+{usage.output} tokens"
    if record.pictures:
        made = f"{record.pictures} picture{'' if record.pictures == 1 else 's'}"
    model = record.asked if record.asked == record.model else f"{record.asked} -> {record.model or '-'}"
    client = record.client or record.door
    if record.key not in ("", LOCAL):
        client += f" as {record.key}"
    found = (
        str(record.status),
        f"{milliseconds(record.ttft_ms)}/{milliseconds(record.duration_ms)}",
        model,
        record.email or "-",
        made,
        client,
        record.id,
        record.message,
    )
    return [one_line(cell) for cell in found]


def details(record: RequestRecord) -> list[str]:
    """Everything about one request, a fact a line."""
    said = [
        row(record, color=False),
        f"Path: {record.path or '-'}, key: {record.key or '-'}, streamed: {'yes' if record.stream else 'no'}",
        f"Account: {record.email or '-'} ({record.provider or '-'}) at {record.endpoint or '-'}",
    ]
    if record.kind != "ok":
        said.append(f"Failed: {record.kind}, cause {record.cause or '-'}")
    if record.replays:
        said.append(f"Replays: {record.replays}")
    for number, attempt in enumerate(record.attempts, 1):
        status = f" {attempt.status}" if attempt.status else ""
        step = record.plan.step_of(attempt) if record.plan else None
        what = f" ({step.kind} with {step.model})" if step else ""
        said.append(
            f"Attempt {number}{what}: {attempt.email} at {attempt.endpoint}: "
            f"{attempt.outcome}{status} after "
            f"{milliseconds(attempt.total_ms)} {attempt.message}"
        )
    if record.plan is not None:
        from .explain import lines

        said += lines(record.plan)
    return said
