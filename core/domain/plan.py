"""How a request becomes an answer: what was considered, what was tried, and the row that remains."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .events import Usage


class Candidate(Struct, frozen=True):
    """One way to answer. `passed_over` says why it is not used; empty: it may be, and `why` holds the facts
    that its place rests on."""

    account: str
    email: str
    provider: str
    model: str
    passed_over: str = ""
    score: float = 0.0
    why: str = ""


class Step(Struct, frozen=True):
    """One generation of a request."""

    kind: Literal["chat", "image", "search", "tool"]
    model: str


class Plan(Struct, frozen=True):
    """Pure outcome of planning: ranked candidates, what can't be expressed, what will be asked.

    `sandbox`: simulated accounts would answer.
    """

    asked: str
    model: str
    candidates: tuple[Candidate, ...] = ()
    steps: tuple[Step, ...] = ()
    dropped: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    strategy: str = ""
    sandbox: bool = False

    def step_of(self, attempt: Attempt) -> Step | None:
        """The generation that an attempt belongs to, where a request took several unlike ones."""
        alike = len(set(self.steps)) < 2
        return None if alike or attempt.step >= len(self.steps) else self.steps[attempt.step]


class Attempt(Struct, frozen=True):
    """One upstream call of a generation. Times in milliseconds; `outcome` is `ok` or a cause.

    `step` counts the plan's steps from 0: the generation that the call belongs to.
    """

    account: str
    email: str
    endpoint: str
    outcome: str
    status: int | None = None
    started_ms: float = 0.0
    first_ms: float | None = None
    total_ms: float = 0.0
    message: str = ""
    step: int = 0


class RequestRecord(Struct, frozen=True):
    """One row a request. `at` is unix seconds; `status` the HTTP status that the client was told.

    `kind` is `ok` or a failure kind; `ttft_ms` the time to the first content event;
    `replays` the id of the request that this one sent again.
    """

    id: str
    at: float
    door: str
    client: str = ""
    key: str = ""
    path: str = ""
    stream: bool = False
    asked: str = ""
    model: str = ""
    provider: str = ""
    account: str = ""
    email: str = ""
    endpoint: str = ""
    status: int = 200
    kind: str = "ok"
    cause: str = ""
    message: str = ""
    ttft_ms: float | None = None
    duration_ms: float = 0.0
    usage: Usage = Usage()
    pictures: int = 0
    attempts: tuple[Attempt, ...] = ()
    plan: Plan | None = None
    sandbox: bool = False
    replays: str = ""


class RecordQuery(Struct, frozen=True):
    """A page of records, newest first. `before` is the id that the page before ended with."""

    text: str = ""
    errors: bool = False
    account: str = ""
    before: str = ""
    limit: int = 100
