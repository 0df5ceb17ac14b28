"""Files that survive a crash and stay private: atomic writes, dated quarantine, locks.

Everything here blocks; call it off the loop where a disk may be slow. A name that comes from outside
goes through `confined` first.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Generator
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec import Struct

from core.domain.failure import Cause, GatewayError, Kind
from core.domain.ports import Clock

PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700
STORAGE_FULL = "STORAGE_FULL"
STORAGE_FAILED = "STORAGE_FAILED"
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
_LOOK_EVERY_S = 0.01  # how often a waiter looks at a lock: flock can't wait with a time limit


def ensure_dir(path: Path, mode: int = PRIVATE_DIR) -> Path:
    """Make `path` and its missing parents with exactly `mode`, whatever the umask.

    A directory that exists loses what group and others may do with it. Its parents stay as they are.
    Raises GatewayError(forbidden) when it can't be made or used, or belongs to another user: a directory
    that someone else prepared can't keep a secret.
    """
    try:
        if not path.is_dir():
            for directory in reversed([path, *(parent for parent in path.parents if not parent.exists())]):
                with contextlib.suppress(FileExistsError):
                    directory.mkdir(mode)
                    directory.chmod(mode)
        facts = path.stat()
        if facts.st_uid != os.geteuid():
            raise PermissionError(None, "it belongs to another user")
        if not stat.S_ISDIR(facts.st_mode):
            raise NotADirectoryError(None, "it is not a directory")
        if stat.S_IMODE(facts.st_mode) & 0o077 & ~mode:
            path.chmod(mode)
    except OSError as error:
        raise GatewayError.of(
            Kind.FORBIDDEN,
            f"{path} can't be used ({error.strerror}). Make it a directory of your own, or name another one "
            "with AGTUI_HOME.",
            cause=Cause.CONFIG,
        ) from None
    return path


@contextlib.contextmanager
def disk_work(what: str) -> Generator[None]:
    """Turn what a disk refuses into a GatewayError(unavailable) that names `what` was done; its code is
    STORAGE_FULL or STORAGE_FAILED."""
    try:
        yield
    except OSError as error:
        raise GatewayError.of(
            Kind.UNAVAILABLE,
            f"{what} failed: {error.strerror or type(error).__name__}. See to the disk.",
            params={"code": STORAGE_FULL if error.errno in NO_SPACE else STORAGE_FAILED},
        ) from error


def write_atomic(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Replace `path` by `content`: after a crash at any moment the file holds the old bytes or the new.

    The temporary file lies in the same directory and has `mode` from its creation; file and directory
    are synced. A link is not followed but replaced.
    """
    temporary = _write_beside(path, content, mode)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_dir(path.parent)


def create_atomic(path: Path, content: bytes, mode: int = PRIVATE_FILE) -> bool:
    """Write `path` only if nothing is there; False when something is. Whoever comes first wins.

    On a file system without hard links a crash may leave `path` shorter than `content`.
    """
    temporary = _write_beside(path, content, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        try:
            _write_first(path, content, mode)
        except FileExistsError:
            return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_dir(path.parent)
    return True


def read_bytes(path: Path, limit: int = 64 * 1024 * 1024) -> bytes | None:
    """What the file holds; None when there is none. Raises GatewayError(too_large) above `limit` bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        return None
    if len(content) > limit:
        raise GatewayError.of(Kind.TOO_LARGE, f"{path} is larger than {limit} bytes; it was not read.")
    return content


def quarantine(path: Path, clock: Clock) -> Path:
    """Rename an unreadable file to a dated name beside it, never over another one; gives the new name."""
    day = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(max(0.0, clock.now())))
    aside = path.with_name(f"{path.name}.bad-{day}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.bad-{day}-{number}")
    os.rename(path, aside)
    aside.chmod(PRIVATE_FILE)
    _sync_dir(path.parent)
    return aside


def sweep_temporaries(path: Path) -> None:
    """Remove what killed writers of `path` left behind. Only for who holds the lock on `path`."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)
_HIDDEN_SEPARATORS = ("%2f", "%5c", "%2e%2e", "%00")


def confined(root: Path, name: str) -> Path:
    """The path of `name` below `root`, for a name that somebody else chose.

    `name` is relative, with `/` between its parts. Raises GatewayError(bad_request) for anything that
    could leave `root` or means another file on another system: empty or dotted parts, absolute names,
    backslashes, drives and streams (`:`), control characters, device names, parts over 255 bytes,
    parts that end in a dot or space, look-alikes of separators, and links on the way.
    """
    if not _is_plain(name):
        raise GatewayError.of(Kind.BAD_REQUEST, "That is not a file name that may be used here.")
    path = root
    for part in name.split("/"):
        path = path / part
        if path.is_symlink():
            raise GatewayError.of(Kind.BAD_REQUEST, "That name is a link; links are not followed here.")
    return path


def _is_plain(name: str) -> bool:
    same = unicodedata.normalize("NFKC", name)
    if name.count("/") != same.count("/") or any(mark in name.lower() for mark in _HIDDEN_SEPARATORS):
        return False
    return all(_is_plain_part(part) for form in {name, same} for part in form.split("/"))


def _is_plain_part(part: str) -> bool:
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return False
    return (
        0 < size <= 255
        and part[-1] not in ". "
        and part[0] != " "
        and not part.startswith("..")
        and not any(mark in "\\:" or not mark.isprintable() for mark in part)
        and part.split(".")[0].strip().lower() not in _RESERVED
    )


class Holder(Struct, frozen=True):
    """Who holds a lock: `started_at` is unix seconds."""

    pid: int
    started_at: float


class FileLock:
    """One holder among all processes, by flock: the system frees it when its holder dies.

    The file stays when the lock is free (removing it would let two holders in) and tells who had it
    last. Not re-entrant: a second lock object on the same file waits, in the same process too.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free."""
        if self._descriptor is not None:
            return False
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(descriptor, PRIVATE_FILE)
            content = msgspec.json.encode(Holder(os.getpid(), self._clock.now()))
            os.pwrite(descriptor, content, 0)
            os.ftruncate(descriptor, len(content))
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            # A full disk, say: a lock that nobody knows of would stay for as long as the process lives.
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def acquire(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds, blocking the thread."""
        for _ in range(int(timeout / _LOOK_EVERY_S)):
            if self.try_acquire():
                return True
            time.sleep(_LOOK_EVERY_S)
        return self.try_acquire()

    async def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds without blocking the loop."""
        for _ in range(int(timeout / _LOOK_EVERY_S)):
            if self.try_acquire():
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return self.try_acquire()

    def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Who took the lock last; None when nobody did or the file can't be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Holder)
        except (OSError, msgspec.DecodeError):
            return None

    def __enter__(self) -> FileLock:
        if not self.acquire(10.0):
            who = self.holder()
            raise GatewayError.of(
                Kind.UNAVAILABLE,
                f"{self._path} is locked"
                + (f" by process {who.pid}" if who else "")
                + ". Try again when it is done.",
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _write_beside(path: Path, content: bytes, mode: int) -> Path:
    """A synced temporary file with `content`, in the directory of `path`."""
    temporary = _temporary_name(path)
    _write_first(temporary, content, mode)
    return temporary


def _write_first(path: Path, content: bytes, mode: int) -> None:
    """Write and sync a file that is not there yet; raises FileExistsError when it is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode)
    try:
        os.fchmod(descriptor, mode)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _sync_dir(path: Path) -> None:
    """Make a rename in `path` durable; file systems that can't sync a directory are left alone."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
