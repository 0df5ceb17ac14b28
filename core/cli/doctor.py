"""`agtui doctor`: what is wrong, why it matters, and one command that mends it."""

from __future__ import annotations

import os

import click

from core.domain.accounts import AccountView
from core.domain.failure import GatewayError
from core.domain.state import Status
from core.redact import redact

from .app import App, json_option, pass_app
from .exits import Exit
from .findings import CHECKS, Finding, Seen, read_config
from .output import data, emit_json, one_line

SIGNS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "bad": ("bad ", "red")}


@click.command()
@json_option
@pass_app
def doctor(app: App, as_json: bool) -> None:
    """Look at settings, permissions, ports, key, accounts, disk, database and terminal.

    Exit code 1 when something is bad.
    """
    seen = app.run(_look(app))
    findings = [_redacted(finding) for check in CHECKS for finding in check(seen)]
    if as_json:
        emit_json(findings)
    else:
        for finding in findings:
            _show(finding)
    if any(finding.level == "bad" for finding in findings):
        raise click.exceptions.Exit(int(Exit.FAILURE))


async def _look(app: App) -> Seen:
    config, config_error = read_config(app.paths, os.environ)
    status: Status | None = None
    accounts: list[AccountView] | None = None
    trouble = ""
    if config is not None:
        try:
            async with app.services() as services:
                accounts = await services.accounts.list()
                status = await services.owner.status() if services.attached else None
        except GatewayError as error:
            trouble = error.failure.public_message
    return Seen(app.paths, os.environ, config, config_error, status, accounts, trouble)


def _redacted(finding: Finding) -> Finding:
    return Finding(
        finding.check, finding.level, redact(finding.what), redact(finding.why), redact(finding.fix)
    )


def _show(finding: Finding) -> None:
    sign, color = SIGNS[finding.level]
    data(f"{click.style(sign, fg=color)} {finding.check}: {one_line(finding.what)}")
    if finding.why:
        data(f"       {one_line(finding.why)}")
    if finding.fix:
        data(f"       -> {one_line(finding.fix)}")
