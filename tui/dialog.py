"""The base of every dialog: it is left once, whatever keys were typed ahead.

Textual 8.2.8 pops the topmost page for each dismissal, so a second one, from a key that was already on
its way, takes away the page below or ends the program.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """A page over the page."""

    gives_way: ClassVar[bool] = False
    """Whether a key of the program's own (help, commands, a tab) closes it and then does what it does."""

    _over = False
    _late: tuple[ScreenResultType | None, ...] = ()

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave it with `result`, the first time it is called.

        While another page lies over it (a question whether to quit), it waits for that one to go.
        """
        if self._over:
            return AwaitComplete.nothing()
        top: object = self.app.screen  # pyright: ignore[reportUnknownMemberType]
        if top is not self:
            self._late = self._late or (result,)
            return AwaitComplete.nothing()
        self._over = True
        return super().dismiss(result)

    @on(events.ScreenResume)
    def _dismiss_late(self) -> None:
        if self._late:
            self.dismiss(self._late[0])

    async def answer(self, event: events.Key) -> bool:
        """Answer a key before the next one is read, so that keys typed ahead find what it leads to.

        Returns whether it did; if not, the key takes the ordinary way.
        """
        return False
