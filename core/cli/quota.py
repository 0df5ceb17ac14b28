"""`agtui quota`: what is left, by account, quota window and model. Asks the upstream when it is called."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from core.domain.accounts import AccountState, AccountView
from core.domain.quota import QuotaLevel, percent, quota_cells, quota_level, reset_text
from core.services import Services

from .accounts import find_account
from .app import App, json_option, pass_app
from .output import clock, data, emit_json, on_terminal, one_line, table, words

COLORS: dict[QuotaLevel, str] = {"good": "green", "mid": "yellow", "low": "red"}
HEADER = ("account", "window", "model", "left", "resets")


@click.command()
@click.argument("account", default="")
@click.option("--models", "by_model", is_flag=True, help="Each model of a window, too (always when piped).")
@json_option
@pass_app
def quota(app: App, account: str, by_model: bool, as_json: bool) -> None:
    """What is left of each quota window, of ACCOUNT or of all, and when it comes back.

    Piped, it is a table: a row for each window (its model is -) and one for each model of it; left is 0 to 1,
    resets is in UTC, and - stands for what is unknown.
    """

    async def work(services: Services) -> list[AccountView]:
        chosen = (await find_account(services, account)).id if account else ""
        return await services.accounts.refresh_quota(chosen)

    views = app.ask(work)
    if as_json:
        emit_json(views)
        return
    if not views:
        words("No accounts yet: agtui accounts login, or the same command with --sandbox.")
    if not on_terminal():
        table([row for view in views for row in rows(view)], HEADER)
        return
    for view in views:
        for line in lines(view, by_model, time.time()):
            data(line)


def rows(view: AccountView) -> Iterator[tuple[str, str, str, str, str]]:
    """For the next program."""
    for window in view.quotas:
        numbers = [("-", window.fraction, window.reset_at)]
        numbers += [(one.model, one.fraction, one.reset_at) for one in window.members]
        for model, left, reset_at in numbers:
            yield (
                view.email,
                window.name,
                model,
                "-" if left is None else f"{left:g}",
                "-" if reset_at is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(reset_at)),
            )


def lines(view: AccountView, by_model: bool, now: float) -> Iterator[str]:
    """For a person: a bar for each window. `now` is unix seconds."""
    yield click.style(one_line(view.email), bold=True) + _standing(view)
    shown: list[tuple[str, float | None, float | None]] = []
    for window in view.quotas:
        shown.append((one_line(window.name), window.fraction, window.reset_at))
        members = window.members if by_model else ()
        shown += [(f"  {one_line(one.model)}", one.fraction, one.reset_at) for one in members]
    width = max((len(name) for name, _, _ in shown), default=0)
    for name, left, reset_at in shown:
        yield f"  {name.ljust(width)}  {_bar(left, reset_at, now)}"
    if not shown:
        yield "  nothing is known of its quota"


def _bar(left: float | None, reset_at: float | None, now: float) -> str:
    if left is None:
        return "-"
    bar = click.style(f"{quota_cells(left)} {percent(left)}", fg=COLORS[quota_level(left)])
    back = reset_text(reset_at - now) if reset_at is not None and left < 1 else ""
    return f"{bar}  resets {back}" if back else bar


def _standing(view: AccountView) -> str:
    """Why the numbers may be old or missing."""
    if not view.enabled:
        said = "off"
    elif view.state is not AccountState.READY:
        said = f"{view.state}: {view.state_note}" if view.state_note else str(view.state)
    elif view.last_error:
        said = view.last_error
    else:
        return ""
    checked = f" (checked {clock(view.quotas_at)})" if view.quotas_at else ""
    return f"  {one_line(said)}{checked}"
