"""The keys of our own door: the local key, whether a presented key is one of ours, and how strong one is.

Clients' own keys are made and found by `client_keys`, what they may do is `limits`' business. Which paths
need a key, and what a wrong one is told, is the server's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import math
import re
from collections.abc import Mapping
from pathlib import Path

from core import redact
from core.domain.failure import Cause, GatewayError, Kind
from core.domain.keys import LOCAL, ClientKey, KeyView, Standing
from core.domain.ports import Clock
from core.domain.secret import Secret
from core.storage.files import create_atomic, disk_work, ensure_dir, quarantine, read_bytes, write_atomic

from .client_keys import ClientKeys, new_key
from .limits import Limits

ENV_NAMES = ("AGTUI_API_KEY", "API_KEY", "ABV_API_KEY")  # ours first, then those of the compatible APIs
STRONG_BITS = 128.0
_LONGEST = 1024
_SAMPLES = re.compile(
    r"your[-_]?(api|key|secret|token)|change[-_]?me|example|sample|placeholder|password", re.IGNORECASE
)


class KeyRing:
    """The local key and the named keys of clients, as presented keys are compared with them.

    `file` holds the local key with mode 0600; a key in the environment wins over it and is never written.
    """

    def __init__(
        self, file: Path, env: Mapping[str, str], clock: Clock, clients: ClientKeys | None = None
    ) -> None:
        """Reads nothing yet; `open` does."""
        self._file = file
        self._clock = clock
        self._clients = clients
        self._variable = next((name for name in ENV_NAMES if env.get(name, "").strip()), "")
        self._local = Secret(env[self._variable].strip()) if self._variable else Secret("")
        self._digest = b""
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        return (*self._notices, *(self._clients.notices if self._clients else ()))

    @property
    def variable(self) -> str:
        """The environment variable that sets the key; empty: the file does."""
        return self._variable

    def open(self) -> KeyRing:
        """Read the keys, or make one at the first start (blocking). An unreadable file is kept aside."""
        if not self._variable:
            ensure_dir(self._file.parent)
            with disk_work(f"Reading {self._file}"):
                self._local = self._from_file()
        redact.register(self._local)
        self._digest = _digest(self._local.reveal())
        if self._clients is not None:
            self._clients.open()
        return self

    def matches(self, presented: str) -> str | None:
        """The name of the key that `presented` is, or None. Takes the same time for every wrong key."""
        digest = _digest(presented)
        if hmac.compare_digest(digest, self._digest):
            return LOCAL
        return self._clients.find(presented, digest) if self._clients is not None else None

    def show(self) -> str:
        """The local key, in full."""
        return self._local.reveal()

    def renew(self) -> str:
        """Make a new local key (blocking); the old one stops working at once.

        Raises GatewayError(forbidden) while the environment sets the key.
        """
        if self._variable:
            raise GatewayError.of(
                Kind.FORBIDDEN,
                f"The key is set by the environment variable {self._variable}. Change it there.",
                cause=Cause.CONFIG,
                params={"code": "ENV_KEY_IMMUTABLE"},
            )
        key = new_key()
        ensure_dir(self._file.parent)
        with disk_work(f"Writing {self._file}"):
            write_atomic(self._file, f"{key}\n".encode())
        self._local = Secret(key)
        redact.register(self._local)
        self._digest = _digest(key)
        return key

    def strong(self) -> bool:
        """Whether the local key may guard an address that other machines reach."""
        return bits(self._local.reveal()) >= STRONG_BITS

    def _from_file(self) -> Secret:
        content = read_bytes(self._file)
        if content is not None:
            key = _parse(content)
            if key:
                self._file.chmod(0o600)
                return Secret(key)
            aside = quarantine(self._file, self._clock)
            self._notices.append(
                f"The key file could not be read and is kept as {aside}. A new key was made: "
                "`agtui keys show` prints it."
            )
        create_atomic(self._file, f"{new_key()}\n".encode())
        # Another process may have been first: what is in the file counts.
        return Secret(_parse(read_bytes(self._file) or b""))


class KeysService:
    """Implements `services.Keys`."""

    def __init__(self, ring: KeyRing, clients: ClientKeys, limits: Limits, clock: Clock) -> None:
        self._ring, self._clients, self._limits = ring, clients, limits
        self._clock = clock

    async def show(self) -> str:
        return self._ring.show()

    async def renew(self) -> str:
        return await asyncio.to_thread(self._ring.renew)

    async def list(self) -> list[KeyView]:
        keys = self._clients.list()
        if any(key.tokens_per_day for key in keys):
            await self._limits.restore()
        return [self._view(key) for key in keys]

    async def create(
        self,
        name: str,
        models: tuple[str, ...] = (),
        rpm: int = 0,
        tokens_per_day: int = 0,
        expires_at: float | None = None,
    ) -> str:
        return await asyncio.to_thread(self._clients.create, name, models, rpm, tokens_per_day, expires_at)

    async def revoke(self, name: str) -> KeyView:
        return self._view(await asyncio.to_thread(self._clients.revoke, name))

    def _view(self, key: ClientKey) -> KeyView:
        return KeyView(
            key.name,
            key.hint,
            key.state(self._clock.now()),
            key.created_at,
            key.models,
            key.rpm,
            key.tokens_per_day,
            key.expires_at,
            key.revoked_at,
            self._limits.standing(key.name) or Standing(),
        )


def bits(key: str) -> float:
    """How many bits a guesser faces at most; 0 for keys from documentation and for patterns.

    A bound from length and alphabet, not a proof: it catches what people type, not a bad generator.
    """
    text = re.sub(r"^sk-(agtui-)?", "", key)
    if len(set(text)) < 10 or _SAMPLES.search(key) or _is_pattern(text):
        return 0.0
    if re.fullmatch(r"[0-9]+", text):
        alphabet = 10
    elif re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", text):
        alphabet = 16
    elif re.fullmatch(r"[a-z]+|[A-Z]+", text):
        alphabet = 26
    elif re.fullmatch(r"[a-z0-9]+|[A-Z0-9]+", text):
        alphabet = 36
    else:
        alphabet = 62
    return len(text) * math.log2(alphabet)


def _is_pattern(text: str) -> bool:
    """Whether a text repeats itself or counts up or down."""
    if text in (text + text)[1:-1]:
        return True
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(text)]
    return sum(step in (-1, 0, 1) for step in steps) * 2 > len(steps)


def _digest(key: str) -> bytes:
    # "surrogatepass": a header may hold bytes that are no text; they must not raise.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _parse(content: bytes) -> str:
    """The key in a file; empty when it holds none: one line of visible ASCII is expected."""
    try:
        key = content.decode("ascii").strip()
    except UnicodeDecodeError:
        return ""
    return key if key.isprintable() and " " not in key and 8 <= len(key) <= _LONGEST else ""
