"""The notice on the terms of Antigravity accounts, and asking for the one acknowledgement of it."""

from __future__ import annotations

import sys

import click

from .exits import Exit, Stop
from .output import words

TERMS = """\
Antigravity accounts: Google's terms do not foresee programs other than its own, and Google has
suspended accounts that were used by others. An account added here may be restricted or lost. agtui
sends no warm-up traffic and keeps one stable device identity an account; it can't rule this out.
The official APIs with a key of your own carry no such risk.
"""


def ask_acknowledgement(given: bool) -> None:
    """Show the notice and ask for a yes, unless it was `given`. Ends the command without one."""
    if given:
        return
    words(TERMS)
    if not sys.stdin.isatty():
        raise Stop(
            "the notice above has to be acknowledged first: agtui accounts acknowledge --yes",
            Exit.NOT_PERMITTED,
        )
    if not click.confirm("Have you read this, and do you want to add the account?", err=True):
        raise Stop("nothing was added.", Exit.NOT_PERMITTED)
