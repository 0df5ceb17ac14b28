"""What `agtui doctor` looks at: each check is a function from the state on disk to findings.

Checks read and never mend. They work without the services, because a broken file is what they look for;
what they say holds no secret.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from core.config.load import Config
from core.config.paths import Paths
from core.config.settings import ServerSettings
from core.domain.accounts import AccountState, AccountView
from core.domain.failure import GatewayError
from core.domain.state import Status

from .remarks import settings_of

ENOUGH_BYTES = 200 * 1024 * 1024

Level = Literal["ok", "note", "bad"]


class Finding(Struct, frozen=True):
    """`what` was seen, `why` it matters, and one command to `fix` it, which works as it stands."""

    check: str
    level: Level
    what: str
    why: str = ""
    fix: str = ""


class Seen(Struct, frozen=True):
    """What the checks look at. `status` and `accounts` are None when nobody was asked; `running` says
    whether the one who was is another process. `trouble` is why nobody could be asked, `trouble_pid` who
    holds the state directory without answering."""

    paths: Paths
    env: Mapping[str, str]
    config: Config | None
    config_error: str
    status: Status | None = None
    accounts: list[AccountView] | None = None
    running: bool = False
    trouble: str = ""
    trouble_pid: int = 0


Check = Callable[[Seen], Iterator[Finding]]


def read_config(paths: Paths) -> tuple[Config | None, str]:
    try:
        return settings_of(paths), ""
    except GatewayError as error:
        return None, error.failure.public_message


def settings(seen: Seen) -> Iterator[Finding]:
    edit = f'"${{EDITOR:-vi}}" {_quoted(seen.paths.config_file)}'
    if seen.config is None:
        yield Finding(
            "settings",
            "bad",
            seen.config_error,
            "agtui does not start with settings it can't read.",
            edit,
        )
        return
    yield Finding("settings", "ok", f"{seen.paths.config_file} can be read, or is not there.")
    for notice in seen.config.notices:
        variable = re.search(r"unknown setting (AGTUI_\w+)", notice)
        fix = f"unset {variable[1]}" if variable else edit
        yield Finding("settings", "note", notice, "It has no effect.", fix)


def permissions(seen: Seen) -> Iterator[Finding]:
    paths = seen.paths
    for directory in paths.directories:
        place = _nearest(directory)
        if not place.is_dir():
            yield _no_directory(place)
            return
        yield from _unwritable(place)
    private = [*paths.directories, paths.accounts_file, paths.key_file, paths.client_keys_file]
    private += [paths.config_file, paths.database]
    wide = [found for path in private if (found := _too_open(path))]
    yield from wide
    if not wide:
        yield Finding("permissions", "ok", f"{paths.state} and its files are yours alone.")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _nearest(directory: Path) -> Path:
    """The directory, or what is there of the way to it."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _no_directory(place: Path) -> Finding:
    return Finding(
        "permissions",
        "bad",
        f"{place} is not a directory.",
        "Nothing can be kept there, so no command works.",
        'export AGTUI_HOME="$HOME/.agtui"',
    )


def _unwritable(place: Path) -> Iterator[Finding]:
    """A directory that can't be written, or that others can't be made in."""
    if os.access(place, os.W_OK | os.X_OK):
        return
    facts = place.stat()
    ours = facts.st_uid == os.geteuid() and facts.st_mode & 0o300 != 0o300
    yield Finding(
        "permissions",
        "bad",
        f"{place} can't be written.",
        "Nothing can be kept there, so no command works.",
        f"chmod u+rwx {_quoted(place)}" if ours else 'export AGTUI_HOME="$HOME/.agtui"',
    )


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
            f'sudo chown -R "$(id -u)" {_quoted(path)}',
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
        f"chmod {wanted} {_quoted(path)}",
    )


def owner(seen: Seen) -> Iterator[Finding]:
    status = seen.status
    if seen.trouble:
        # Who answers can be stopped; who does not has to be ended.
        fix = f"kill {seen.trouble_pid}" if seen.trouble_pid else ""
        yield Finding("owner", "bad", seen.trouble, "Commands have nobody to ask.", fix)
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
    gateway = next((listener for listener in mine if listener.name == "gateway"), None)
    if gateway is not None:
        yield Finding("port", "ok", f"The gateway listens on port {gateway.port}.")
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
            f"agtui serve --port {free}" if free else "agtui serve --port 0",
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
            f"unset {variable}" if variable else "agtui keys renew --yes",
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
    text = f"{ready} of {len(seen.accounts)} accounts are ready."
    if ready:
        yield Finding("accounts", "ok", text)
    elif seen.accounts:
        off = next((account for account in seen.accounts if not account.enabled), None)
        yield Finding("accounts", "note", text, "", f"agtui accounts enable {off.id}" if off else "")
    elif seen.config is not None and seen.config.value("antigravity.client_id"):
        yield Finding("accounts", "note", text, "Nobody can answer.", "agtui accounts login")
    else:
        why = "Accounts need ANTIGRAVITY_CLIENT_ID and ANTIGRAVITY_CLIENT_SECRET; the sandbox needs nothing."
        yield Finding("accounts", "note", text, why, "agtui --sandbox")


def notices(seen: Seen) -> Iterator[Finding]:
    """What the owner says, besides what was said of the settings."""
    known = seen.config.notices if seen.config is not None else ()
    aside = sorted(seen.paths.state.glob("*.bad-*"))
    for notice in seen.status.notices if seen.status is not None else ():
        if notice not in known:
            old = next((path for path in aside if str(path) in notice), None)
            yield Finding("notices", "note", notice, "", f"rm {_quoted(old)}" if old is not None else "")


def _of_account(account: AccountView) -> Finding:
    match account.state:
        case AccountState.ENDED:
            why, fix = "The upstream ended it.", f"agtui accounts remove {account.id} --yes"
        case AccountState.VERIFY:
            why = "The upstream wants its owner to confirm something in the browser."
            fix = f"agtui accounts enable {account.id}"
        case _:
            why, fix = "Its token is refused, so it can't answer.", "agtui accounts login"
            if "@" in account.email:
                fix += f" --hint {shlex.quote(account.email)}"
    note = f": {account.state_note}" if account.state_note else "."
    return Finding("accounts", "bad", f"{account.email} is {account.state}{note}", why, fix)


def disk(seen: Seen) -> Iterator[Finding]:
    place = seen.paths.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB are free for {seen.paths.data}."
    if free < ENOUGH_BYTES:
        why = "Pictures and log rows can't be kept on a full disk. This shows what is large:"
        yield Finding("disk", "bad", text, why, f"du -ah {_quoted(place)} | sort -h | tail -n 20")
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
            f"rm {_quoted(path)}",
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
            "Pictures look coarse. Most terminals have more and can be told so.",
            "export COLORTERM=truecolor",
        )
    else:
        yield Finding(
            "terminal", "note", f"The terminal ({env.get('TERM') or 'unknown'}) says nothing of colours."
        )


ON_DISK: tuple[Check, ...] = (settings, permissions, key, disk, database, terminal)
"""Before the services are opened: opening them mends what they can, such as wide permissions."""

IN_USE: tuple[Check, ...] = (owner, port, accounts, notices)
