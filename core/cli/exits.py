"""Exit codes, and which of them a failure gets. Words for people are the failure's own."""

from __future__ import annotations

from enum import IntEnum

import click

from core.domain.failure import Cause, Failure, Kind

from .output import clean


class Exit(IntEnum):
    """0, 1, 2 as everywhere, 64 to 78 as in sysexits.h, 130 as shells have it."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NO_TERMINAL = 64
    UNAVAILABLE = 69
    INTERNAL = 70
    CANT_CREATE = 73
    BUSY = 75
    NOT_PERMITTED = 77
    CONFIG = 78
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "all went well",
    Exit.FAILURE: "it failed; the message says why",
    Exit.USAGE: "the command line is wrong",
    Exit.NO_TERMINAL: "this needs a terminal",
    Exit.UNAVAILABLE: "no account or upstream can answer now",
    Exit.INTERNAL: "a fault of agtui",
    Exit.CANT_CREATE: "a file can't be written",
    Exit.BUSY: "a port is taken, or another agtui holds the state directory",
    Exit.NOT_PERMITTED: "not permitted",
    Exit.CONFIG: "a setting is wrong",
    Exit.INTERRUPTED: "interrupted with ctrl+c",
}

TAKEN = frozenset({"next_port", "owner_pid"})
"""Names in a failure's params that say that somebody else has the port, or the state directory."""

NOT_KEPT = frozenset({"STORAGE_FULL", "STORAGE_FAILED"})
"""Codes in a failure's params that say that the disk refused something."""

_OF_KIND: dict[Kind, Exit] = {
    Kind.UNAUTHENTICATED: Exit.NOT_PERMITTED,
    Kind.FORBIDDEN: Exit.NOT_PERMITTED,
    Kind.QUOTA: Exit.UNAVAILABLE,
    Kind.RATE: Exit.UNAVAILABLE,
    Kind.CAPACITY: Exit.UNAVAILABLE,
    Kind.TIMEOUT: Exit.UNAVAILABLE,
    Kind.UPSTREAM: Exit.UNAVAILABLE,
    Kind.UNAVAILABLE: Exit.UNAVAILABLE,
    Kind.INTERNAL: Exit.INTERNAL,
}


def exit_of(failure: Failure) -> Exit:
    """The exit code that tells a script what kind of failure it was."""
    if TAKEN & failure.params.keys():
        return Exit.BUSY
    if failure.params.get("code") in NOT_KEPT:
        return Exit.CANT_CREATE
    if failure.cause is Cause.CONFIG:
        return Exit.CONFIG
    return _OF_KIND.get(failure.kind, Exit.FAILURE)


class Stop(click.ClickException):
    """Ends the command with one sentence on stderr and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.FAILURE) -> None:
        super().__init__(message)
        self.exit_code = int(code)  # pyright: ignore[reportAttributeAccessIssue]  (click reads the instance)

    def show(self, file: object = None) -> None:
        click.echo(f"agtui: {clean(self.message)}", err=True)
