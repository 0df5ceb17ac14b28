"""What the holder of a client key may ask for, how often, and how much of it is left.

Which key was presented is `keys`' business. The local key and this program's own doors have no limits and
cost nothing here. Tokens are counted when a generation ends, so the last one of a day may go over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Final

from core.domain.events import Batch, Failed, Finished, PartDelta, PartOpened, Usage, UsageSeen
from core.domain.failure import GatewayError, Kind, Scope
from core.domain.keys import LOCAL, WRONG, ClientKey, Standing
from core.domain.plan import RequestRecord
from core.domain.ports import Clock, Recorder
from core.domain.requests import Caller
from core.domain.streams import closing
from core.wire.durations import short_span
from core.wire.tokens import text_tokens

from .aliases import fits
from .client_keys import ClientKeys
from .windows import Day, Minute, midnight

log = logging.getLogger("agtui.gateway")

FREE: Final = ("", LOCAL)
RESTORE_S: Final = 5.0
"""Seconds that the first request waits for what was used before this start."""
NAMED: Final = 12
"""Models that a refusal names."""

Names = Callable[[], Collection[str]]
UsedSince = Callable[[float], Awaitable[Mapping[str, int]]]
"""Tokens by the name of the key, of requests since a time (unix seconds)."""


class Limits:
    """Implements the port `Recorder`: what a row says was used is counted, then the row is passed on."""

    def __init__(self, keys: ClientKeys, recorder: Recorder, clock: Clock, used_since: UsedSince) -> None:
        self._keys, self._recorder, self._clock, self._used_since = keys, recorder, clock, used_since
        self._minutes: dict[str, Minute] = {}
        self._days: dict[str, Day] | None = None
        self._restoring = asyncio.Lock()

    async def admit(self, caller: Caller, model: str, names: Names) -> None:
        """Let a generation begin and count its request. `names` are all that `model` is called.

        Raises GatewayError: unauthenticated for a key that was revoked meanwhile, forbidden for a model that
        it may not use, rate and quota with the time to wait for a limit that is reached.
        """
        if caller.key in FREE:
            return
        key = self._permitted(caller, model, names)
        if key.tokens_per_day:
            await self.restore()
            now = self._clock.now()
            if wait := self._day(key.name, now).wait(key.tokens_per_day, now):
                raise _too_many_tokens(key, wait)
        if key.rpm:
            # What stands after a dot numbers the further generations of one request.
            request, now = caller.request_id.partition(".")[0], self._clock.monotonic()
            if wait := self._minutes.setdefault(key.name, Minute()).begin(request, key.rpm, now):
                raise _too_fast(key, wait)

    def permit(self, caller: Caller, model: str, names: Names) -> None:
        """Let in what has no limits but is about a model. Raises as `admit` does for key and model."""
        if caller.key not in FREE:
            self._permitted(caller, model, names)

    def may_use(self, key: str, names: Names) -> bool:
        """Whether the holder of `key` may use a model of these names."""
        if key in FREE:
            return True
        found = self._keys.get(key)
        return found is not None and _allows(found, names)

    def metered(self, batches: AsyncIterator[Batch], caller: Caller) -> AsyncIterator[Batch]:
        """The same batches; where tokens are limited, what was read of an answer counts, ended or not."""
        key = None if caller.key in FREE else self._keys.get(caller.key)
        return self._metered(batches, key.name) if key is not None and key.tokens_per_day else batches

    def standing(self, name: str) -> Standing | None:
        """What is left of the limits of a key; None: it has none, or doesn't work."""
        key = None if name in FREE else self._keys.get(name)
        if key is None or not (key.rpm or key.tokens_per_day):
            return None
        requests = tokens = None
        if key.rpm:
            minute = self._minutes.get(name) or Minute()
            requests = minute.allowance(key.rpm, self._clock.monotonic())
        if key.tokens_per_day and self._days is not None:
            now = self._clock.now()
            tokens = self._day(name, now).allowance(key.tokens_per_day, now)
        return Standing(requests, tokens)

    def record(self, row: RequestRecord) -> None:
        if row.key not in FREE:
            self._spent(row.key, row.usage.input + row.usage.output)
        self._recorder.record(row)

    async def restore(self) -> None:
        """Take in what was used of this day before this start, once. Without it, counting begins at zero."""
        if self._days is not None:
            return
        async with self._restoring:
            if self._days is not None:
                return
            now = self._clock.now()
            used: Mapping[str, int] = {}
            try:
                async with asyncio.timeout(RESTORE_S):
                    used = await self._used_since(midnight(now))
            except (GatewayError, TimeoutError) as error:
                log.warning("tokens that keys used today before this start are not counted: %s", error)
            self._days = {name: Day(tokens, now) for name, tokens in used.items()}

    def _permitted(self, caller: Caller, model: str, names: Names) -> ClientKey:
        key = self._keys.get(caller.key)
        if key is None:
            raise GatewayError(WRONG)  # since its request was let in
        if not _allows(key, names):
            raise _not_allowed(key, model)
        return key

    def _day(self, name: str, now: float) -> Day:
        assert self._days is not None
        return self._days.setdefault(name, Day(0, now))

    def _spent(self, name: str, tokens: int) -> None:
        # Until the day is restored, rows are read back with those of before.
        if self._days is not None and tokens > 0:
            now = self._clock.now()
            self._day(name, now).add(tokens, now)

    async def _metered(self, batches: AsyncIterator[Batch], name: str) -> AsyncIterator[Batch]:
        """A reader who hangs up before the upstream has counted is charged a guess at what it has read."""
        seen, ended, size = Usage(), False, 0
        try:
            async with closing(batches):
                async for batch in batches:
                    for event in batch:
                        match event:
                            case PartDelta(text=text):
                                size += len(text.encode("utf-8", "surrogatepass"))
                            case PartOpened(part=part):
                                size += len(getattr(part, "text", ""))
                            case UsageSeen(usage=usage):
                                seen = usage
                            case Finished() | Failed():
                                ended = True
                            case _:
                                pass
                    yield batch
        finally:
            if not ended:
                self._spent(name, text_tokens(size) - seen.output)


def _allows(key: ClientKey, names: Names) -> bool:
    if not key.models:
        return True
    called = names()
    return any(fits(name, pattern) for pattern in key.models for name in called)


def _not_allowed(key: ClientKey, model: str) -> GatewayError:
    shown = ", ".join(key.models[:NAMED]) + (", …" if len(key.models) > NAMED else "")
    return GatewayError.of(
        Kind.FORBIDDEN,
        f"The key `{key.name}` may not use the model `{model:.80}`. It may use {shown}.",
        scope=Scope.KEY,
        params={"param": "model", "code": "model_not_allowed"},
    )


def _too_fast(key: ClientKey, wait: float) -> GatewayError:
    return GatewayError.of(
        Kind.RATE,
        f"Rate limit reached for the key `{key.name}` on requests per min (RPM): Limit {key.rpm}, Used "
        f"{key.rpm}, Requested 1. Please try again in {short_span(wait)}.",
        scope=Scope.KEY,
        retry_after=wait,
    )


def _too_many_tokens(key: ClientKey, wait: float) -> GatewayError:
    return GatewayError.of(
        Kind.QUOTA,
        f"Rate limit reached for the key `{key.name}` on tokens per day (TPD): Limit {key.tokens_per_day}. "
        f"Please try again in {short_span(wait)}.",
        scope=Scope.KEY,
        retry_after=wait,
    )
