"""The terminal driver: Textual's, with a tolerant reader and a restore that cannot be skipped.

What is different from `textual.drivers.linux_driver` (8.2.8) and why:

* Input is decoded by `InputDecoder`. After a tmux re-attach the terminal may send X10 mouse reports whose
  bytes are not UTF-8 beyond column 95; the stock reader ends the program there.
* Pastes are taken out by `PasteReader` (tui/pasting.py) before keys are read: the stock parser ends a paste
  at an end mark inside the pasted text, and runs what follows as keystrokes.
* A terminal that is gone (a dropped SSH connection) ends the input thread with one message, where the
  stock one spins or dies; and output to it is thrown away, where the stock writer blocks for ever.
* Nothing wakes up while nobody types: the stock reader looks ten times a second whether it should end.
* Mouse reporting is switched on again when the terminal gets the focus: tmux forgets it on a re-attach.
* `restore` puts the terminal right from anywhere, at most once, without help from the event loop; it runs
  at exit, whatever the reason.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import selectors
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterable
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from textual import events
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.pasting import Paste, PasteReader

if TYPE_CHECKING:
    from textual.app import App

RESTORE = (
    "\x1b[?2004l"  # bracketed paste off
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse off, in every encoding
    "\x1b[?2048l"  # in-band resize off
    "\x1b[?1004l"  # focus reports off
    "\x1b[<u"  # kitty keyboard protocol off
    "\x1b[?7h"  # line wrap on
    "\x1b[?1049l"  # main screen
    "\x1b[?25h\x1b[0m"  # cursor on, colours off
)
"""Everything that this program may have switched on, switched off. Harmless when it was not on."""

_X10_PREFIX = b"\x1b[M"
_X10_OFFSET = 32
_TICK_SECONDS = 0.1
_TICKING_SECONDS = 1.0
"""How long after the last byte the parser still has to hear that time passes (a lone escape is a key)."""


class Disconnected(Message, bubble=False):
    """The terminal is gone: nothing can be shown or asked any more."""


class InputFailed(Message, bubble=False):
    """The input thread has ended with `error`: no key will come any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class InputDecoder:
    """Bytes from the terminal as text that Textual's parser understands. Never raises.

    X10 mouse reports (`ESC [ M`, then button, column, row, each plus 32) become SGR ones, so that they
    work at every column they can name. Anything else that is not UTF-8 becomes U+FFFD. A report may be
    split over reads anywhere; a lone escape is passed on at once.
    """

    def __init__(self) -> None:
        self._utf8 = getincrementaldecoder("utf-8")("replace")
        self._seen = 0  # how much of the prefix has gone out already
        self._report: bytearray | None = None  # the bytes of a report that is not complete yet

    def feed(self, chunk: bytes, final: bool = False) -> str:
        """The text of the next bytes; `final` flushes what is left of a character."""
        plain = self._seen == 0 and self._report is None and _X10_PREFIX not in chunk
        if plain and not chunk.endswith((b"\x1b", b"\x1b[")):
            return self._utf8.decode(chunk, final)
        return self._utf8.decode(self._translate(chunk), final)

    def _translate(self, chunk: bytes) -> bytes:
        out = bytearray()
        for byte in chunk:
            if self._report is not None:
                self._report.append(byte)
                if len(self._report) == 3:
                    out += _as_sgr(*self._report)
                    self._report = None
            elif self._seen == 2 and byte == _X10_PREFIX[2]:
                self._seen, self._report = 0, bytearray()
            else:
                self._seen = self._seen + 1 if byte == _X10_PREFIX[self._seen] else int(byte == 0x1B)
                self._seen %= 3
                out.append(byte)
        return bytes(out)


def _as_sgr(button: int, column: int, row: int) -> bytes:
    """The rest of an SGR report after `ESC [`. X10 names no button on release; ours says the left one."""
    code = max(0, button - _X10_OFFSET)
    released = code & 3 == 3 and not code & 64 and not code & 32
    code = code & ~3 if released else code
    x, y = max(1, column - _X10_OFFSET), max(1, row - _X10_OFFSET)
    return f"<{code};{x};{y}{'m' if released else 'M'}".encode()


class KeyParser(XTermParser):
    """Textual's parser, which would read `ESC 5` as the character that a Mac's option key makes of it;
    here it is alt+5 in every terminal."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if len(sequence) == 2 and sequence[0] == "\x1b" and sequence[1] in "0123456789":
            return (events.Key(f"alt+{sequence[1]}", None),)
        return super()._sequence_to_key_events(sequence, alt)


def _events(part: bytes | Paste, decoder: InputDecoder, parser: KeyParser) -> Iterable[Message]:
    """What was typed or pasted, as Textual's messages.

    The parser sees the marks of a paste and nothing between them; its own message for it is dropped.
    """
    if isinstance(part, Paste):
        return (events.Paste(part.text),)
    text = decoder.feed(part)
    typed = parser.feed(text) if text else ()
    return (event for event in typed if not isinstance(event, events.Paste))


class _Patient:
    """The terminal's output file; from the first error on, writes are thrown away.

    The writer thread then goes on emptying its bounded queue, which the event loop would wait for.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> None:
        if not self._gone:
            try:
                self._file.write(text)
            except OSError:
                self._gone = True

    def flush(self) -> None:
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._gone = True

    def fileno(self) -> int:
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """The driver of the real program."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType]
        self._file: Any = _Patient(self._file)
        self._restored = True
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def mouse_on(self) -> bool:
        """Whether the program gets the mouse (off: the terminal selects text by itself)."""
        return self._mouse

    def set_mouse(self, on: bool) -> None:
        """Give the mouse to the program, or leave it to the terminal."""
        if on == self._mouse:
            return
        if on:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    def start_application_mode(self) -> None:
        self._restored = False
        atexit.register(self.restore)
        super().start_application_mode()

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self.write("\x1b[?1016l")
        self._restored = True
        atexit.unregister(self.restore)

    def restore(self) -> None:
        """Put the terminal right without the event loop and its threads. Does nothing a second time."""
        if self._restored:
            return
        self._restored = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.write(self._file.fileno(), RESTORE.encode())
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def disable_input(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake, b".")
        super().disable_input()

    def close(self) -> None:
        super().close()
        for end in (self._wake, self._woken):
            with contextlib.suppress(OSError):
                os.close(end)
        self._wake = self._woken = -1

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.AppFocus) and self._mouse:
            self._enable_mouse_support()
            if self._mouse_pixels:
                self._enable_mouse_pixels()
        super().process_message(message)

    def _run_input_thread(self) -> None:
        """Run the reader; an error in it is the app's to report, never a traceback of this thread."""
        try:
            self.run_input_thread()
        except Exception as error:
            self.send_message(InputFailed(error))

    def run_input_thread(self) -> None:
        parser = KeyParser(self._debug)
        decoder, pastes = InputDecoder(), PasteReader()
        selector = selectors.SelectSelector()
        selector.register(self.fileno, selectors.EVENT_READ)
        selector.register(self._woken, selectors.EVENT_READ)
        ticks_until = 0.0
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 64)  # from the last time that input was switched off
        try:
            while not self.exit_event.is_set():
                parts: list[bytes | Paste] = []
                ticking = pastes.wait is not None or time.monotonic() < ticks_until
                ready = selector.select(min(_TICK_SECONDS, pastes.wait or _TICK_SECONDS) if ticking else None)
                if any(key.fd == self.fileno for key, _ in ready):
                    ticks_until = time.monotonic() + _TICKING_SECONDS
                    chunk = self._read()
                    if not chunk:
                        self.send_message(Disconnected())
                        return
                    parts += pastes.feed(chunk, time.monotonic())
                parts += pastes.tick(time.monotonic())
                for event in chain.from_iterable(_events(part, decoder, parser) for part in parts):
                    self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
        finally:
            selector.close()
            with contextlib.suppress(EOFError, ParseError):
                for _ in parser.feed(""):
                    pass

    def _read(self) -> bytes:
        """The next bytes; none when the terminal is gone."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""


def reset_terminal() -> None:
    """Put right a terminal that some program left in disorder (`agtui --reset-terminal`)."""
    sys.stdout.write(RESTORE)
    sys.stdout.flush()
