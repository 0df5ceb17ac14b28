"""The figures that security and reliability are held to. A change here is a change of what is promised."""

from __future__ import annotations

from typing import Final

SECRETS: Final = 30
"""Secrets that are put wherever a request, an upstream, a setting or the environment can hold one."""
LEAKS: Final = 0
"""Places where one of them may be found again."""

ABORTS: Final = 300
"""Clients that leave in the middle of a request."""
ABORTS_AT_ONCE: Final = 6
ABORT_SEEN_S: Final = 0.1
"""From a client's leaving to the end of its upstream call, for 99 of 100."""
LEFT_BEHIND: Final = 0
"""Sockets, tasks and places that aborts may leave in use."""

STREAMS_AT_STOP: Final = 50
"""Open answers when the program is told to stop; every one of them gets an ending."""
DRAIN_S: Final = 0.5
STOPPED_IN_S: Final = 5.0
"""Beyond the time that open answers are given."""

PICTURES_AT_ONCE: Final = 16
STEP_S: Final = 0.05
"""Processor time that one step of the loop may take meanwhile: nobody else is answered during it."""

STORM_ACCOUNTS: Final = 20
STORM_REQUESTS: Final = 1_000
STORM_AVERAGE: Final = 1.2
"""Upstream calls for each request while every account answers 429 with a reset in 0.7 s."""
STORM_RESET_S: Final = 2
"""The most that a client is told to wait: the reset, and a moment for the clocks to agree."""
STORM_WORST: Final = 3
"""Upstream calls for any one of them."""
STORM_TOLD_S: Final = 1.0
"""From the request to the client's 429, once all accounts are known to rest."""

REFRESH_PROCESSES: Final = 4
REFRESH_REQUESTS: Final = 500
"""At once, over all processes, when the tokens have just ended."""
REFRESH_ACCOUNTS: Final = 5
REFRESHES: Final = 1
"""Calls for a token that each account costs then."""

CRASHES: Final = 2_000
"""At every step that a change of the accounts or settings takes on its way to the disk; `make bench` has
8,000 of them."""
LOST: Final = 0
"""Accounts and settings that are lost, come back from the dead, or are neither as before nor as after."""
