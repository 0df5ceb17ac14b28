"""What the program says of itself: status, settings, log lines, numbered events."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

Level = Literal["debug", "info", "warning", "error"]


class LogLine(Struct, frozen=True):
    """One line of the ring. `seq` counts from 1 and never repeats; `at` is unix seconds."""

    seq: int
    at: float
    level: Level
    source: str
    text: str
    request_id: str = ""
    account: str = ""


class LogSlice(Struct, frozen=True):
    """Lines in order. `first` and `last` are the sequence numbers that the ring holds."""

    lines: tuple[LogLine, ...]
    first: int
    last: int


class Event(Struct, frozen=True):
    """Something happened. `topic` is dotted, for example `account.changed`; `seq` 0 marks a gap.

    Topics: request.started, request.finished, account.changed, job.changed, asset.added, asset.removed,
    chat.changed, server.state, settings.changed, gap.
    """

    seq: int
    at: float
    topic: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


class SettingView(Struct, frozen=True):
    """One setting with where its value comes from. A secret's value is shown as `***` or empty."""

    name: str
    value: str
    default: str
    origin: Literal["flag", "environment", "file", "default"]
    doc: str
    env: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    restart: bool = False


class Listener(Struct, frozen=True):
    """A door that is open. `name` is `gateway`, `studio` or `sandbox`."""

    name: str
    url: str
    host: str
    port: int


class Status(Struct, frozen=True):
    """The owner of the state directory, as of now. `recording`: what is said over HTTP is kept."""

    pid: int
    version: str
    started_at: float
    home: str
    sandbox: Literal["off", "auto", "on"]
    sandbox_active: bool
    listeners: tuple[Listener, ...] = ()
    accounts_ready: int = 0
    accounts: int = 0
    in_flight: int = 0
    notices: tuple[str, ...] = ()
    recording: bool = False
