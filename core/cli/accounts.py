"""`agtui accounts`: who may be used upstream. No command shows a credential."""

from __future__ import annotations

import sys
import time

import click

from core.domain.accounts import AccountState, AccountView
from core.domain.failure import GatewayError
from core.services import Services

from .account_files import export_file, import_files
from .app import App, alone, confirmed, json_option, pass_app
from .completing import account_names
from .exits import Exit, Stop
from .login import login
from .notice import TERMS, ask_acknowledgement
from .output import clock, data, emit_json, on_terminal, sentence, span, table, words


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
@pass_app
def accounts(app: App, ctx: click.Context, as_json: bool) -> None:
    """Upstream accounts. Without a command: list them."""
    if alone(ctx, as_json):
        _list(app, as_json)


accounts.add_command(login)
accounts.add_command(import_files)
accounts.add_command(export_file)


@accounts.command("list")
@json_option
@pass_app
def list_accounts(app: App, as_json: bool) -> None:
    """All accounts with their state and quota."""
    _list(app, as_json)


@accounts.command()
@click.option("--token-stdin", is_flag=True, help="Read the refresh token from standard input.")
@click.option("--provider", default="antigravity", show_default=True)
@click.option("--project", default="", help="Use this Google Cloud project instead of the discovered one.")
@click.option("--acknowledge", is_flag=True, help="Say that you have read the notice on the terms.")
@json_option
@pass_app
def add(app: App, token_stdin: bool, provider: str, project: str, acknowledge: bool, as_json: bool) -> None:
    """Add an account by its refresh token, or replace the token of one that is there."""
    token = _token(token_stdin)
    if not token:
        raise Stop("no token was given.", Exit.USAGE)

    async def work(services: Services) -> AccountView:
        try:
            return await services.accounts.add_token(token, provider, project)
        except GatewayError as error:
            if error.failure.params.get("code") != "ACKNOWLEDGEMENT_REQUIRED":
                raise
        ask_acknowledgement(acknowledge)
        await services.accounts.acknowledge()
        return await services.accounts.add_token(token, provider, project)

    view = app.ask(work)
    if as_json:
        emit_json(view)
    else:
        words(f"{view.email} is {view.state}.")


@accounts.command()
@click.argument("account", shell_complete=account_names)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_app
def remove(app: App, account: str, yes: bool) -> None:
    """Forget ACCOUNT (an e-mail or an id). Its token is deleted here, not at the upstream."""

    async def work(services: Services) -> str:
        found = await find_account(services, account)
        confirmed(f"Remove {found.email} from agtui?", yes)
        await services.accounts.remove(found.id)
        return found.email

    words(f"{app.ask(work)} is removed.")


@accounts.command()
@click.argument("account", shell_complete=account_names)
@pass_app
def enable(app: App, account: str) -> None:
    """Use ACCOUNT again."""
    _switch(app, account, True)


@accounts.command()
@click.argument("account", shell_complete=account_names)
@pass_app
def disable(app: App, account: str) -> None:
    """Leave ACCOUNT alone until it is enabled again."""
    _switch(app, account, False)


@accounts.command()
@click.argument("account", shell_complete=account_names)
@click.argument("project", default="")
@pass_app
def project(app: App, account: str, project: str) -> None:
    """Have ACCOUNT name the Google Cloud project PROJECT; without it, the one that Google gave it."""

    async def work(services: Services) -> AccountView:
        return await services.accounts.set_project((await find_account(services, account)).id, project)

    view = app.ask(work)
    words(f"{view.email} uses the project {view.project or 'that will be found with its next call'}.")


@accounts.command()
@click.argument("account", default="", shell_complete=account_names)
@json_option
@pass_app
def refresh(app: App, account: str, as_json: bool) -> None:
    """Ask the upstream what is left, of ACCOUNT or of all."""

    async def work(services: Services) -> list[AccountView]:
        chosen = (await find_account(services, account)).id if account else ""
        return await services.accounts.refresh_quota(chosen)

    _show(app.ask(work), as_json)


@accounts.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_app
def acknowledge(app: App, yes: bool) -> None:
    """Read the notice on the terms of Antigravity accounts, and say that you have."""
    words(TERMS)
    confirmed("Have you read this, and do you want to use such accounts?", yes)
    data(app.ask(lambda services: services.accounts.acknowledge()))


def _switch(app: App, account: str, enabled: bool) -> None:
    async def work(services: Services) -> AccountView:
        return await services.accounts.enable((await find_account(services, account)).id, enabled)

    view = app.ask(work)
    words(f"{view.email} is {'on' if view.enabled else 'off'}.")


async def find_account(services: Services, name: str) -> AccountView:
    """The account with this id or e-mail. Ends the command when there is none, or more than one."""
    found = [view for view in await services.accounts.list() if name in (view.id, view.email)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Stop(f"there is no account {name}. `agtui accounts list` shows all.")
    raise Stop(f"{name} is the e-mail of {len(found)} accounts; use an id of `agtui accounts list`.")


def _token(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise Stop("without a terminal, give the refresh token with --token-stdin.", Exit.USAGE)
    return str(click.prompt("Refresh token (not shown)", hide_input=True, err=True)).strip()


def _list(app: App, as_json: bool) -> None:
    async def work(services: Services) -> tuple[list[AccountView], list[str]]:
        return await services.accounts.list(), await services.accounts.notices()

    views, notices = app.ask(work)
    _show(views, as_json, bool(notices))


def _show(views: list[AccountView], as_json: bool, lost: bool = False) -> None:
    """`lost`: something happened to the accounts file, and that was said."""
    if as_json:
        emit_json(views)
        return
    if not views:
        words("No accounts are left: see above." if lost else "No accounts yet: agtui accounts login")
    if on_terminal():
        _show_person(views)
        return
    table(
        [
            (view.email, view.provider, _state(view, view.state_note), _quota(view), _rest(view), view.id)
            for view in views
        ],
        ("account", "provider", "state", "quota left", "rests", "id"),
    )


def _show_person(views: list[AccountView]) -> None:
    """The same without ids, and what Google says of an account, its links above all, in lines of its own."""
    table(
        [(view.email, _state(view), _quota(view), _rest(view)) for view in views],
        ("account", "state", "quota left", "rests"),
    )
    for view in views:
        if view.state_note:
            words()
            sentence(f"{view.email}: {view.state_note}")


def _state(view: AccountView, note: str = "") -> str:
    if not view.enabled:
        return "off"
    if note:
        return f"{view.state} ({note})"
    if view.state is AccountState.READY:
        now = time.time()
        rests = [rest for rest in view.cooldowns if not rest.model and rest.until > now]
        if rests:
            return f"rests {span(rests[0].until - now)} ({rests[0].cause})"
    return str(view.state)


def _quota(view: AccountView) -> str:
    known = [window for window in view.quotas if window.fraction is not None]
    if not known:
        return "-"
    least = min(known, key=lambda window: window.fraction or 0.0)
    until = f" until {clock(least.reset_at)}" if least.reset_at and (least.fraction or 0) < 1 else ""
    return f"{(least.fraction or 0) * 100:.0f} % {least.name}{until}"


def _rest(view: AccountView) -> str:
    rests = [rest for rest in view.cooldowns if rest.until > time.time()]
    if not rests:
        return "-"
    longest = max(rests, key=lambda rest: rest.until)
    alike = [rest.model or "all" for rest in rests if abs(rest.until - longest.until) < 1.0]
    more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
    return f"{longest.model or 'all'}{more} until {clock(longest.until)} ({longest.cause})"
