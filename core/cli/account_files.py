"""`agtui accounts import` and `agtui accounts export`: accounts from files and into one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from core.domain.accounts import ExportReport, ImportReport, ImportRow, ImportStep
from core.domain.failure import GatewayError
from core.services import Services

from .app import App, confirmed, json_option, pass_app
from .exits import Exit, Stop
from .notice import ask_acknowledgement
from .output import clean, data, emit_json, table, words

UNPROVEN = "Imported tokens are not tried yet: `agtui accounts refresh` does, else their first use."


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--only", "emails", multiple=True, metavar="EMAIL", help="Only this account; may be repeated.")
@click.option("--replace", is_flag=True, help="Replace the tokens of accounts that are here already.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--acknowledge", is_flag=True, help="Say that you have read the notice on the terms.")
@click.option(
    "--json", "as_json", is_flag=True, help="JSON on stdout; without --yes, only what would happen."
)
@pass_app
def import_files(
    app: App,
    path: Path,
    emails: tuple[str, ...],
    replace: bool,
    yes: bool,
    acknowledge: bool,
    as_json: bool,
) -> None:
    """Import the accounts of another program: PATH is a file or a directory.

    Known are the files of Antigravity Tools, antigravity-claude-proxy, opencode-antigravity-auth and
    CLIProxyAPI, what `agtui accounts export` writes, and a JSON list of e-mails and refresh tokens. What
    would happen is shown first; a token that is here stays unless you add --replace.
    """
    full = os.path.abspath(os.path.expanduser(path))

    async def work(services: Services) -> ImportReport | None:
        rows = await services.accounts.import_preview(full)
        if as_json and not yes:
            emit_json(_wanted(rows, emails))
            return None
        if not as_json:
            _show(_wanted(rows, emails))
        count = sum(_happens(row, replace) for row in _wanted(rows, emails))
        if not count and not emails:
            words(_nothing(rows))
            return ImportReport(skipped=rows)
        confirmed(f"Import {count} account{'' if count == 1 else 's'}?", yes)
        try:
            return await services.accounts.import_accounts(full, emails, replace)
        except GatewayError as error:
            if error.failure.params.get("code") != "ACKNOWLEDGEMENT_REQUIRED":
                raise
        ask_acknowledgement(acknowledge)
        await services.accounts.acknowledge()
        return await services.accounts.import_accounts(full, emails, replace)

    report = app.ask(work)
    if report is None:
        return
    if as_json:
        emit_json(report)
        return
    kept = sum(row.step is ImportStep.REPLACE for row in report.skipped)
    words(f"{len(report.added)} added, {len(report.replaced)} replaced, {len(report.skipped)} left alone.")
    if kept and not replace and report.added:
        words(f"For {kept} of them the file has another token: --replace takes it.")
    if report.added or report.replaced:
        words(UNPROVEN)


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes-with-secrets", "yes", is_flag=True, help="Don't ask; the file will hold refresh tokens.")
@json_option
@pass_app
def export_file(app: App, file: Path, yes: bool, as_json: bool) -> None:
    """Write all accounts with their refresh tokens to the new FILE, which only you can read."""
    full = os.path.abspath(os.path.expanduser(file))
    if not yes:
        words("The file will hold refresh tokens: who reads it can use these accounts.")
        if not sys.stdin.isatty():
            raise Stop("without a terminal, say so with --yes-with-secrets.", Exit.USAGE)
        confirmed(f"Write them to {clean(full)}?", False)

    async def work(services: Services) -> ExportReport:
        return await services.accounts.export(full)

    report = app.ask(work)
    if as_json:
        emit_json(report)
        return
    data(report.path)
    words(f"{len(report.accounts)} accounts; the file holds secrets. Delete it when it has done its work.")
    if report.left_out:
        words(f"Left out, for they have no refresh token: {clean(', '.join(report.left_out))}.")


def _wanted(rows: Sequence[ImportRow], emails: tuple[str, ...]) -> list[ImportRow]:
    names = {email.strip().casefold() for email in emails}
    return [row for row in rows if not names or row.email.casefold() in names]


def _happens(row: ImportRow, replace: bool) -> bool:
    return row.step is ImportStep.ADD or (replace and row.step is ImportStep.REPLACE)


def _nothing(rows: Sequence[ImportRow]) -> str:
    if any(row.step is ImportStep.REPLACE for row in rows):
        return "Nothing to add. To take other tokens for accounts that are here, add --replace."
    return "Nothing to import."


def _show(rows: Sequence[ImportRow]) -> None:
    table(
        [(row.email or "-", row.source or "-", str(row.step), _note(row), row.file) for row in rows],
        ("account", "from", "what", "note", "file"),
    )


def _note(row: ImportRow) -> str:
    off = "will be switched off" if row.step is ImportStep.ADD and not row.enabled else ""
    return "; ".join(filter(None, (row.note, off))) or "-"
