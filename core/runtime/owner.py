"""Who holds a state directory: the lock, the file that says how to reach its holder, and attaching.

One process is the owner; every other one attaches to its socket. The lock is the system's, so an owner
that was killed leaves none behind. What the owner does is `runtime`'s business.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

import core
from core.attach.address import ours
from core.config.clock import SystemClock
from core.config.paths import Paths
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Clock
from core.domain.state import Listener
from core.storage.files import FileLock, Holder, disk_work, ensure_dir, write_atomic
from core.transport.slim import skip_httpx_command_line

if TYPE_CHECKING:
    from core.attach.client import AttachedServices

log = logging.getLogger("agtui.runtime")

Door = Literal["gateway", "terminal", "command"]


class ServerFile(Struct, frozen=True):
    """server.json: how other programs of this user find the owner. It holds no secret."""

    pid: int
    started_at: float
    version: str
    door: Door
    sandbox: str
    socket: str
    listeners: tuple[Listener, ...] = ()
    url: str = ""
    port: int = 0


class Ownership:
    """The lock on a state directory, and the file that says so while it is held."""

    def __init__(self, paths: Paths, clock: Clock, door: Door) -> None:
        self._paths = paths
        self.door: Door = door
        self._lock = FileLock(paths.lock_file, clock)
        self.started_at = clock.now()

    def take(self) -> bool:
        """Become the owner, if nobody else is. Raises GatewayError(forbidden) for a place that can't be
        written."""
        for directory in self._paths.directories:
            ensure_dir(directory)
        try:
            return self._lock.try_acquire()
        except OSError as error:
            raise GatewayError.of(
                Kind.FORBIDDEN,
                f"{self._paths.state} can't be written ({error.strerror}). Make it writable, or name another "
                "one with AGTUI_HOME.",
                cause=Cause.CONFIG,
            ) from error

    def announce(self, sandbox: str, listeners: tuple[Listener, ...]) -> None:
        """Write server.json. Raises GatewayError when the disk refuses it, for nobody could attach then; an
        owner that runs one command does without."""
        gateway = next((listener for listener in listeners if listener.name == "gateway"), None)
        facts = ServerFile(
            pid=os.getpid(),
            started_at=self.started_at,
            version=core.__version__,
            door=self.door,
            sandbox=sandbox,
            socket=str(self._paths.socket),
            listeners=listeners,
            url=gateway.url if gateway else "",
            port=gateway.port if gateway else 0,
        )
        content = msgspec.json.format(msgspec.json.encode(facts), indent=2)
        try:
            with disk_work(f"Writing {self._paths.server_file}"):
                write_atomic(self._paths.server_file, content)
        except GatewayError as error:
            if self.door != "command":
                raise
            log.warning("%s", error.failure.public_message)

    def rival(self) -> ServerFile | None:
        """What the process that holds the lock has announced; None while it has not."""
        facts, who = announced(self._paths), self._lock.holder()
        return facts if facts is not None and who is not None and facts.pid == who.pid else None

    def release(self) -> None:
        """Stop being the owner; may be called more than once."""
        if self._lock.held:
            self._paths.server_file.unlink(missing_ok=True)
            self._lock.release()


def announced(paths: Paths) -> ServerFile | None:
    """What the last owner wrote; it may have been killed since."""
    try:
        return msgspec.json.decode(paths.server_file.read_bytes(), type=ServerFile)
    except (OSError, msgspec.DecodeError):
        return None


def holder(paths: Paths) -> Holder | None:
    """The process that holds the state directory now; None when none does."""
    if not paths.lock_file.exists():
        return None
    lock = FileLock(paths.lock_file, SystemClock())
    before = lock.holder()
    try:
        if lock.try_acquire():
            lock.release()
            return None
    except OSError:
        return before  # not ours to lock; who wrote it may be there still
    return lock.holder() or before


def running_services(paths: Paths) -> AttachedServices | None:
    """The services of the owner, if there is one; a call may still find it gone."""
    if not ours(paths.socket) or holder(paths) is None:
        return None
    skip_httpx_command_line()
    from core.attach.client import AttachedServices

    return AttachedServices(str(paths.socket))


def somebody_else(paths: Paths) -> GatewayError:
    """The refusal of a second owner: who the first is, and what to do."""
    who, facts = holder(paths), announced(paths)
    pid = who.pid if who else 0
    doing = {"gateway": "agtui serve", "terminal": "agtui", "command": "an agtui command"}
    name = doing[facts.door] if facts is not None and facts.pid == pid else "agtui"
    where = f" at {facts.url}" if facts is not None and facts.pid == pid and facts.url else ""
    return GatewayError.of(
        Kind.UNAVAILABLE,
        f"{name} (process {pid}) holds {paths.state} and answers{where}. Use it, end it with "
        "`agtui stop`, or give this one another place with --home.",
        cause=Cause.CONNECT,
        params={"owner_pid": str(pid)},
    )
