"""Quota windows: how much of a family may be used in five hours and in a week, and what is left of it.

A window opens with the first use, as the real one does, and is whole again when its time is over.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

HOUR: Final = 3600.0


class Window(Struct, frozen=True):
    """What may be used until `seconds` after the first use."""

    name: str
    label: str
    seconds: float
    tokens: int
    pictures: int


class Allowance(Struct, frozen=True):
    """What an account may use of one family: whichever window is used up first ends it."""

    windows: tuple[Window, ...] = (
        Window("5h", "Five-hour limit", 5 * HOUR, 400_000, 100),
        Window("weekly", "Weekly limit", 7 * 24 * HOUR, 4_000_000, 1_000),
    )


class QuotaStart(Struct, frozen=True):
    """How one window stands when the sandbox starts.

    `family` empty: of every family. `left` is the fraction, `resets` the seconds until it is whole again,
    `tokens` and `pictures` its size; None: as usual.
    """

    family: str = ""
    window: str = "5h"
    left: float | None = None
    resets: float | None = None
    tokens: int | None = None
    pictures: int | None = None


class _Open:
    """A window that is running: the fraction used, and when it ends."""

    __slots__ = ("resets", "used")

    def __init__(self, used: float, resets: float) -> None:
        self.used = used
        self.resets = resets


class Usage:
    """What one account has used. `now` is unix seconds throughout."""

    def __init__(self, allowance: Allowance, starts: Iterable[QuotaStart], now: float) -> None:
        self._allowance = allowance
        self._starts = tuple(starts)
        self._began = now
        self._open: dict[tuple[str, str], _Open] = {}

    def left(self, family: str, now: float) -> tuple[float, float]:
        """The least that is left in any window (0 to 1), and when that one is whole again; of those that
        are used up, the one that lasts longest."""
        _, left, resets = min(
            self.windows(family, now), key=lambda one: (one[1], -one[2] if one[1] <= 0 else 0.0)
        )
        return left, resets

    def windows(self, family: str, now: float) -> Iterator[tuple[Window, float, float]]:
        """Each window with the fraction left and its reset."""
        for window in self._allowance.windows:
            running = self._running(family, window, now)
            if running is None:
                yield window, 1.0, now + window.seconds
            else:
                yield window, max(0.0, 1.0 - running.used), running.resets

    def spend(self, family: str, tokens: int, pictures: int, now: float) -> None:
        for window in self._allowance.windows:
            running = self._running(family, window, now)
            if running is None:
                running = self._open[family, window.name] = _Open(0.0, now + window.seconds)
            size = self._sized(family, window)
            running.used += tokens / size.tokens + pictures / size.pictures

    def _running(self, family: str, window: Window, now: float) -> _Open | None:
        key = (family, window.name)
        start = self._start(family, window)
        if key not in self._open and start is not None and (start.left, start.resets) != (None, None):
            # Once only: what starts half used is whole after its reset, like any other.
            resets = self._began + (window.seconds if start.resets is None else start.resets)
            self._open[key] = _Open(1.0 - (1.0 if start.left is None else start.left), resets)
        running = self._open.get(key)
        return running if running is not None and now < running.resets else None

    def _start(self, family: str, window: Window) -> QuotaStart | None:
        """The last that is said of this window of this family."""
        found = [one for one in self._starts if one.window == window.name and one.family in ("", family)]
        return found[-1] if found else None

    def _sized(self, family: str, window: Window) -> Window:
        start = self._start(family, window)
        if start is None:
            return window
        return Window(
            window.name, window.label, window.seconds,
            start.tokens or window.tokens, start.pictures or window.pictures,
        )  # fmt: skip
