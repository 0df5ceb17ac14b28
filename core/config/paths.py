"""Where things are on disk: one class, so that no other module builds a path of the state directory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

# A socket's path must fit into sockaddr_un with its ending zero: 108 bytes on Linux, 104 on macOS.
_LONGEST_SOCKET = 100


class Paths(Struct, frozen=True):
    """Three directories and the names in them; with AGTUI_HOME all three are the same one.

    Nothing is created here: who writes calls `ensure_dir` first.
    """

    config: Path
    state: Path
    data: Path

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Paths:
        """AGTUI_HOME if it is set, else the platform's directories (XDG on Linux)."""
        home = env.get("AGTUI_HOME", "").strip()
        if home:
            return cls.at(Path(os.path.abspath(os.path.expanduser(home))))
        import platformdirs

        directories = platformdirs.PlatformDirs("agtui", appauthor=False)
        return cls(directories.user_config_path, directories.user_state_path, directories.user_data_path)

    @classmethod
    def at(cls, home: Path) -> Paths:
        """Everything below one directory."""
        return cls(home, home, home)

    @property
    def directories(self) -> tuple[Path, ...]:
        """The directories themselves, each once."""
        return tuple(dict.fromkeys((self.config, self.state, self.data)))

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def accounts_file(self) -> Path:
        return self.state / "accounts.json"

    @property
    def key_file(self) -> Path:
        return self.state / "api.key"

    @property
    def client_keys_file(self) -> Path:
        return self.state / "keys.json"

    @property
    def lock_file(self) -> Path:
        return self.state / "owner.lock"

    @property
    def locks(self) -> Path:
        """Locks between processes, for work that only one of them may do at a time."""
        return self.state / "locks"

    @property
    def access_tokens(self) -> Path:
        """The access tokens that processes share."""
        return self.state / "access"

    @property
    def cooldowns_file(self) -> Path:
        return self.state / "cooldowns.json"

    @property
    def socket(self) -> Path:
        """The owner's socket; for a state directory with a long name it lies in a private directory
        below the temporary one, found by the hash of the state directory."""
        usual = self.state / "owner.sock"
        if len(os.fsencode(usual)) <= _LONGEST_SOCKET:
            return usual
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"agtui-{os.geteuid()}-{digest}" / "owner.sock"

    @property
    def server_file(self) -> Path:
        return self.state / "server.json"

    @property
    def ui_file(self) -> Path:
        return self.state / "ui.json"

    @property
    def database(self) -> Path:
        return self.state / "records.db"

    @property
    def bodies(self) -> Path:
        """The directory of recorded bodies, a file a day."""
        return self.state / "bodies"

    @property
    def signatures(self) -> Path:
        return self.state / "signatures.jsonl"

    @property
    def sandbox_signatures(self) -> Path:
        return self.state / "signatures-sandbox.jsonl"

    @property
    def library(self) -> Path:
        return self.data / "library"
