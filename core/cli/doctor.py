"""`agtui doctor`: what is wrong, why it matters, and one command that mends it."""

from __future__ import annotations

import os

import click
from msgspec.structs import replace

from core.domain.failure import GatewayError
from core.redact import redact

from .app import App, json_option, pass_app
from .exits import Exit
from .findings import IN_USE, ON_DISK, Finding, Seen, read_config
from .output import data, emit_json, one_line

SIGNS = {"ok": ("ok  ", "green"), "note": ("note", "yellow"), "bad": ("bad ", "red")}


@click.command()
@json_option
@pass_app
def doctor(app: App, as_json: bool) -> None:
    """Look at settings, permissions, ports, key, accounts, disk, database and terminal.

    Exit code 1 when something is bad.
    """
    first = Seen(app.paths, os.environ, *read_config(app.paths))
    findings = [finding for check in ON_DISK for finding in check(first)]
    seen = app.run(_ask(app, first))
    findings += [finding for check in IN_USE for finding in check(seen)]
    findings = [_redacted(finding) for finding in findings]
    if as_json:
        emit_json(findings)
    else:
        for finding in findings:
            _show(finding)
    if any(finding.level == "bad" for finding in findings):
        raise click.exceptions.Exit(int(Exit.FAILURE))


async def _ask(app: App, seen: Seen) -> Seen:
    """What the services know. They are not opened where nothing can be: that would make a first key."""
    if seen.config is None or not seen.paths.state.exists():
        return seen
    try:
        async with app.services(remarks=False) as services:
            accounts = await services.accounts.list()
            status = await services.owner.status()
    except GatewayError as error:
        pid = int(error.failure.params.get("owner_pid", 0))
        return replace(seen, trouble=error.failure.public_message, trouble_pid=pid)
    return replace(seen, accounts=accounts, status=status, running=services.attached)


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
