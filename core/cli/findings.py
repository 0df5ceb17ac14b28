"""What `agtui doctor` looks at: each check is a function from the state on disk to findings.

Checks read and never mend. They work without the services, because a broken file is what they look for;
what they say holds no secret.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from core.config.load import Config, load
from core.config.paths import Paths
from core.config.settings import ServerSettings
from core.domain.accounts import AccountState, AccountView
from core.domain.failure import GatewayError
from core.domain.state import Status

ENOUGH_BYTES = 200 * 1024 * 1024

Level = Literal["ok", "note", "bad"]


class Finding(Struct, frozen=True):
    """`what` was seen, `why` it matters, and one command (or sentence) to `fix` it."""

    check: str
    level: Level
    what: str
    why: str = ""
    fix: str = ""


class Seen(Struct, frozen=True):
    """What the checks look at. `status` and `accounts` are None when nobody was asked; `running` says
    whether the one who was is another process."""

    paths: Paths
    env: Mapping[str, str]
    config: Config | None
    config_error: str
    status: Status | None = None
    accounts: list[AccountView] | None = None
    running: bool = False
    trouble: str = ""


Check = Callable[[Seen], Iterator[Finding]]


def read_config(paths: Paths, env: Mapping[str, str]) -> tuple[Config | None, str]:
    try:
        return load(paths.config_file, env), ""
    except GatewayError as error:
        return None, error.failure.public_message


def settings(seen: Seen) -> Iterator[Finding]:
    if seen.config is None:
        yield Finding(
            "settings",
            "bad",
            seen.config_error,
            "agtui does not start with settings it can't read.",
            f"Edit {seen.paths.config_file}",
        )
        return
    yield Finding("settings", "ok", f"{seen.paths.config_file} can be read, or is not there.")
    for notice in seen.config.notices:
        if "unknown" in notice and "AGTUI_" not in notice:
            yield Finding("settings", "note", notice, "It has no effect.", f"Edit {seen.paths.config_file}")


def permissions(seen: Seen) -> Iterator[Finding]:
    paths = seen.paths
    private = [*paths.directories, paths.accounts_file, paths.key_file, paths.config_file, paths.database]
    wide = [found for path in private if (found := _too_open(path))]
    yield from wide
    if not wide:
        yield Finding("permissions", "ok", f"{paths.state} and its files are yours alone.")


def _too_open(path: Path) -> Finding | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    if facts.st_uid != os.geteuid():
        return Finding(
            "permissions",
            "bad",
            f"{path} belongs to another user (id {facts.st_uid}).",
            "Who owns a file can read and replace what is in it.",
            f'sudo chown -R "$(id -u)" {path}',
        )
    mode = stat.S_IMODE(facts.st_mode)
    if not mode & 0o077:
        return None
    wanted = "700" if path.is_dir() else "600"
    return Finding(
        "permissions",
        "bad",
        f"{path} is open to other users (mode {mode:04o}).",
        "It holds tokens, keys or conversations.",
        f"chmod {wanted} {path}",
    )


def owner(seen: Seen) -> Iterator[Finding]:
    status = seen.status
    if seen.trouble:
        yield Finding("owner", "bad", seen.trouble, "Commands have nobody to ask.", "agtui stop")
        return
    if status is None or not seen.running:
        yield Finding("owner", "ok", "No agtui is running here.")
        return
    doors = ", ".join(f"{listener.name} {listener.url}" for listener in status.listeners) or "no door"
    yield Finding("owner", "ok", f"Process {status.pid} runs agtui {status.version}: {doors}.")


def port(seen: Seen) -> Iterator[Finding]:
    from core.server.holder import next_free, process_on

    if seen.config is None:
        return
    server = seen.config.section("server", ServerSettings)
    number = server.port
    mine = seen.status.listeners if seen.status is not None else ()
    if any(listener.port == number for listener in mine):
        yield Finding("port", "ok", f"Port {number} is agtui's own.")
    elif next_free(server.host, number - 1, tries=1) == number:
        yield Finding("port", "ok", f"Port {number} is free.")
    else:
        who = process_on(number)
        free = next_free(server.host, number)
        yield Finding(
            "port",
            "bad",
            f"Port {number} is taken by {who or 'another program'}.",
            "The gateway can't listen there.",
            f"agtui serve --port {free}" if free else "agtui config set server.port N",
        )


def key(seen: Seen) -> Iterator[Finding]:
    from core.gateway.keys import ENV_NAMES, STRONG_BITS, bits

    variable = next((name for name in ENV_NAMES if seen.env.get(name, "").strip()), "")
    try:
        text = seen.env[variable].strip() if variable else seen.paths.key_file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        yield Finding("key", "note", "There is no key yet; it is made at the first start.")
        return
    if bits(text) < STRONG_BITS:
        yield Finding(
            "key",
            "bad",
            "The gateway's key is weak.",
            "It can be guessed, so agtui listens on loopback only.",
            f"unset {variable}" if variable else "agtui keys renew",
        )
    else:
        yield Finding("key", "ok", "The gateway's key is strong.")


def accounts(seen: Seen) -> Iterator[Finding]:
    if seen.accounts is None:
        return
    for account in seen.accounts:
        if account.enabled and account.state is not AccountState.READY:
            yield _of_account(account)
    ready = sum(account.enabled and account.state is AccountState.READY for account in seen.accounts)
    level: Level = "ok" if ready else "note"
    fix = "" if ready else "agtui accounts add (or try everything with --sandbox)"
    yield Finding("accounts", level, f"{ready} of {len(seen.accounts)} accounts are ready.", "", fix)
    for notice in seen.status.notices if seen.status is not None else ():
        yield Finding("accounts", "note", notice)


def _of_account(account: AccountView) -> Finding:
    match account.state:
        case AccountState.ENDED:
            why, fix = "The upstream ended it.", f"agtui accounts remove {account.email}"
        case AccountState.VERIFY:
            why = "The upstream wants its owner to confirm something in the browser."
            fix = f"agtui accounts enable {account.email}"
        case _:
            why, fix = "Its token is refused, so it can't answer.", "agtui accounts add"
    note = f": {account.state_note}" if account.state_note else ""
    return Finding("accounts", "bad", f"{account.email} is {account.state}{note}.", why, fix)


def disk(seen: Seen) -> Iterator[Finding]:
    place = seen.paths.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB are free for {seen.paths.data}."
    if free < ENOUGH_BYTES:
        yield Finding(
            "disk", "bad", text, "Pictures and log rows can't be kept on a full disk.", "Make room there"
        )
    else:
        yield Finding("disk", "ok", text)


def database(seen: Seen) -> Iterator[Finding]:
    aside = sorted(seen.paths.database.parent.glob(f"{seen.paths.database.name}.bad-*"))
    for path in aside:
        yield Finding(
            "database",
            "note",
            f"A damaged database is kept as {path}.",
            "Its rows are not shown.",
            f"rm {path}",
        )
    if not seen.paths.database.exists():
        yield Finding("database", "ok", "There is no database yet.")
        return
    with seen.paths.database.open("rb") as file:
        sound = file.read(16) in (b"SQLite format 3\x00", b"")
    if sound:
        yield Finding("database", "ok", f"{seen.paths.database} is a database.")
    else:
        yield Finding(
            "database",
            "bad",
            f"{seen.paths.database} is no database.",
            "Requests are not kept.",
            "agtui db rebuild",
        )


def terminal(seen: Seen) -> Iterator[Finding]:
    env = seen.env
    if env.get("NO_COLOR"):
        yield Finding("terminal", "note", "NO_COLOR is set: no colours, no pictures.", "", "unset NO_COLOR")
    elif env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in env.get("TERM", ""):
        yield Finding("terminal", "ok", "The terminal says that it has 16 million colours.")
    elif "256" in env.get("TERM", ""):
        yield Finding(
            "terminal",
            "note",
            "The terminal says that it has 256 colours.",
            "Pictures look coarse.",
            "export COLORTERM=truecolor (if your terminal has them; most do)",
        )
    else:
        yield Finding(
            "terminal", "note", f"The terminal ({env.get('TERM') or 'unknown'}) says nothing of colours."
        )


ON_DISK: tuple[Check, ...] = (settings, permissions, key, disk, database, terminal)
"""Before the services are opened: opening them mends what they can, such as wide permissions."""

IN_USE: tuple[Check, ...] = (owner, port, accounts)
