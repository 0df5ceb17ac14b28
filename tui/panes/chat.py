"""The chat tab: the conversations, the transcript, the prompt, and what an answer costs.

It wires messages to services; rendering is the widgets', reading a stream is tui/answering.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import var
from textual.widget import Widget
from textual.worker import Worker

from core.domain.content import Role
from core.domain.failure import GatewayError, Kind
from core.domain.streams import closing
from tui import format as say
from tui import turns
from tui.answering import Answering
from tui.default_model import default_model
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.panes.stored_chats import StoredChats
from tui.widgets.conversation import Conversation
from tui.widgets.plain import frame
from tui.widgets.prompt import PromptArea
from tui.widgets.transcript import TranscriptView
from tui.widgets.turn import TurnView

if TYPE_CHECKING:
    from core.domain.events import Batch, Started
    from core.domain.works import Chat
    from core.services import Services

EMPTY = """\
Ask anything, `enter` sends it.

`ctrl+t` chooses the model, `ctrl+n` starts a new chat, `ctrl+o` shows the ones you have, \
and `esc` stops an answer, keeping what has arrived.
"""


class ChatPane(Pane):
    """One conversation: the transcript, the prompt, and what the answer costs."""

    SCOPED_CSS = False  # its rules name the classes of small and large terminals
    DEFAULT_CSS = """
    ChatPane {
        #chats { width: 28; }
        #page { width: 1fr; }
        #ask { height: auto; }
        &.-list-over #chats { display: block; }
    }
    .-narrow ChatPane {
        layers: page over;
        #chats { display: none; layer: over; width: 40; height: 1fr; background: $surface; }
    }
    .-narrow ChatPane.-list-over #chats { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "new_chat", "New chat", id="chat.new", priority=True, tooltip="Start a new chat"),
        Binding("ctrl+o", "chats", "Chats", id="chat.list", priority=True, tooltip="To the list, or back"),
        Binding("ctrl+t", "model", "Model", id="chat.model", priority=True, tooltip="Choose the model"),
        Binding("f4", "web", "Web search", id="chat.web", priority=True, tooltip="Search the web, or not"),
        Binding(
            "ctrl+y", "copy_answer", "Copy answer", id="chat.copy", priority=True, tooltip="Copy the last"
        ),
        Binding(
            "ctrl+r", "again", "Answer again", id="chat.again", tooltip="Ask the last question once more"
        ),
        Binding("pageup", "page(-1)", "Page up", show=False, id="chat.page_up", priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, id="chat.page_down", priority=True),
    ]
    help_data = HelpData(
        "Chat",
        "Ask something; the answer streams in above. Esc stops it and keeps what has arrived. A question "
        "that failed stays in the prompt: press enter to ask it again. Conversations survive a restart.",
    )
    keys = var(
        (
            FooterKey("enter", "send", 85, where="PromptArea"),
            FooterKey("enter", "open", 85, where="#chats"),
            FooterKey("ctrl+j", "newline", 35, where="PromptArea"),
            FooterKey("slash", "search", 84, where="TranscriptView"),
            FooterKey("ctrl+t", "model", 75, "chat.model"),
            FooterKey("ctrl+n", "new", 65, "chat.new"),
            FooterKey("ctrl+o", "chats", 55, "chat.list"),
            FooterKey("f4", "web", 48, "chat.web"),
            FooterKey("d", "delete", 50, "chat.delete", where="#chats"),
            FooterKey("ctrl+y", "copy", 45, "chat.copy"),
        )
    )

    conversation = getters.query_one(Conversation)
    transcript = getters.query_one(TranscriptView)
    prompt = getters.query_one(PromptArea)
    chat_list = getters.query_one(StoredChats)
    ask = getters.query_one("#ask", Vertical)
    model: var[str] = var("")
    web: var[bool] = var(False)

    def __init__(self, id: str = "chat") -> None:
        super().__init__(id=id)
        self._chat: Chat | None = None
        self._wanted = ""
        self._worker: Worker[None] | None = None
        self._unanswered: turns.Unanswered | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield StoredChats(self.now, id="chats", classes="framed")
            with Vertical(id="page"):
                yield Conversation(EMPTY)
                with Vertical(id="ask", classes="framed"):
                    yield PromptArea(placeholder="Ask anything")

    def on_mount(self) -> None:
        self.transcript.low_bandwidth = self.slow_line

    def first_focus(self) -> Widget | None:
        return self.prompt

    # What the shell says ----------------------------------------------------------------------------

    def restore(self, kept: Mapping[str, str]) -> None:
        self._wanted, self.model = kept.get("chat", ""), kept.get("model", "")
        self.web = kept.get("web", "") == "on"
        self.prompt.put_text(kept.get("prompt", ""))

    def kept(self) -> Mapping[str, str]:
        return {
            "chat": self._chat.id if self._chat else self._wanted,
            "model": self.model,
            "prompt": self.prompt.text,
            "web": "on" if self.web else "",
        }

    def ready(self, services: Services) -> None:
        self.chat_list.chats = services.chats
        self.load(self._wanted)

    def asked(self, what: str) -> None:
        self.load(what)
        self.prompt.focus()

    def heard(self, message: Heard) -> None:
        if self.is_active and (message.gap or "chat.changed" in message.topics()):
            self.activated()

    def activated(self) -> None:
        if self.services:
            self.list_chats()
            self.catch_up()

    def busy(self) -> str:
        return "an answer is coming in" if self._answering else ""

    def stop(self) -> bool:
        if self._answering and self._worker:
            self._worker.cancel()
            return True
        if self.has_class("-list-over") and self.screen.has_class("-narrow"):
            self.remove_class("-list-over")
            self.prompt.focus()
            return True
        return False

    @property
    def _answering(self) -> bool:
        return self._worker is not None and not self._worker.is_finished

    # Loading ----------------------------------------------------------------------------------------

    @work(group="chat-load", exclusive=True, exit_on_error=False)
    async def load(self, chat_id: str) -> None:
        """Show a stored conversation; an empty id shows a new one."""
        if self.services is None:
            self._wanted = chat_id
            return
        if self._answering:
            self.flash("An answer is still coming in: esc stops it.", "warning")
            return
        self._wanted = ""
        self.remove_class("-list-over")
        try:
            chat = await self.services.chats.get(chat_id) if chat_id else None
        except GatewayError as error:
            if error.failure.kind is not Kind.NOT_FOUND:
                raise
            self.flash("That chat is no longer there.", "warning")
            chat = None
        self._show_chat(chat)
        kept = (chat.model if chat else "") or self.model
        self.model = kept or await default_model(self.services)
        self.list_chats()

    def _show_chat(self, chat: Chat | None) -> None:
        self._chat = chat
        self.transcript.set_turns(turns.path_views(chat) if chat else ())
        self._unanswered = turns.unanswered(chat) if chat else None
        self._show_title()

    @work(group="chat-catch-up", exclusive=True, exit_on_error=False)
    async def catch_up(self) -> None:
        """Show what became of the shown chat elsewhere: in another program, or in the history tab."""
        before = self._chat
        if self.services is None or before is None or self._answering:
            return
        try:
            chat = await self.services.chats.get(before.id)
        except GatewayError as error:
            if error.failure.kind is not Kind.NOT_FOUND:
                raise
            chat = None
        if self._chat is before and not self._answering and (chat is None or chat.turns != before.turns):
            self._show_chat(chat)

    def list_chats(self) -> None:
        self.chat_list.load(self._chat.id if self._chat else "")

    @on(StoredChats.Deleted)
    def chat_deleted(self, message: StoredChats.Deleted) -> None:
        if self._chat and self._chat.id == message.id and not self._answering:
            self.load("")

    def _show_title(self, who: str = "") -> None:
        asked = next((turn.text for turn in self.transcript.turns if turn.role == "you"), "")
        title = say.one_line((self._chat.title if self._chat else "") or asked) or "new chat"
        frame(self.transcript, f"{title} · {who}" if who else title)

    def watch_model(self) -> None:
        """Who is asked and whether it searches stand in the prompt's frame: above, where no line is below."""
        if self.is_mounted:
            who = f"web search · {self.model}" if self.web else self.model
            narrow = self.screen.has_class("-narrow")
            frame(self.ask, who if narrow else "", "" if narrow else who)

    watch_web = on_resize = watch_model

    def action_web(self) -> None:
        """Let the next answers search the web, or no longer."""
        self.web = not self.web
        self.keep_soon()

    # Asking -----------------------------------------------------------------------------------------

    @on(PromptArea.Changed)
    def typed(self) -> None:
        self.keep_soon()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.prompt.has_focus if action == "page" else super().check_action(action, parameters)

    def action_page(self, step: int) -> None:
        """Page through the conversation without leaving the prompt."""
        self.conversation.page(step)

    @on(PromptArea.Submitted)
    def send(self, message: PromptArea.Submitted) -> None:
        """Ask what the prompt holds. It stays there until somebody has begun to answer."""
        text = message.text.strip()
        if not text:
            return
        if self.services is None:
            self.flash("The gateway is still starting; press enter again in a moment.", "warning")
        elif self._answering:
            self.flash("An answer is still coming in: esc stops it, then enter sends.", "warning")
        else:
            self.prompt.sent = (*self.prompt.sent, text)
            retry = self._unanswered
            if self._chat and retry and (retry.chat, retry.text) == (self._chat.id, text):
                self._worker = self.answer_again(self.services, self._chat, retry.turn)
            else:
                self._worker = self.stream_answer(self.services, text)

    @work(group="answer", exclusive=True, exit_on_error=False)
    async def stream_answer(self, services: Services, text: str) -> None:
        """Show the answer as it arrives; a stopped or failed answer keeps what has arrived."""
        if self._chat is None:
            self._chat = await services.chats.create(self.model)
        chat_id = self._chat.id
        self.transcript.append_turn(TurnView(f"you-{len(self.transcript.turns)}", "you", text))
        batches = services.chats.send(chat_id, text, self.model, search=self.web)
        await self._follow(services, chat_id, batches)

    async def _follow(self, services: Services, chat_id: str, batches: AsyncIterator[Batch]) -> None:
        answer = Answering(
            self.transcript.begin_answer(
                TurnView(f"answer-{len(self.transcript.turns)}", "model", state="streaming")
            )
        )
        stopped = True
        clock = self.set_interval(1.0, answer.tick)
        try:
            async with closing(batches) as stream:
                await answer.follow(stream, self._answer_begins)
            stopped = False
        except GatewayError as error:
            answer.failure, stopped = error.failure, False
        finally:
            clock.stop()
            answer.finish(stopped)
            await self._take_over(services, chat_id)

    def _answer_begins(self, started: Started) -> None:
        self._unanswered = None
        self.prompt.clear_text()
        self._show_title(say.short_email(started.account))

    async def _take_over(self, services: Services, chat_id: str) -> None:
        """Take over what was stored: ids, the title, and whether the question still waits.

        Part of the answer's own worker, so that nothing is sent or opened before it is known.
        """
        try:
            self._chat = await services.chats.get(chat_id)
        except GatewayError:
            if self.transcript.turns[-1].state == "failed":
                self._put_back(self._last_question())
            return
        if vain := turns.vain_attempt(self._chat, self.transcript.turns):
            self.transcript.set_turns([*turns.path_views(self._chat), vain])
        self._unanswered = turns.unanswered(self._chat)
        if self._unanswered:
            self._put_back(self._unanswered.text)
        self._show_title()
        self.list_chats()

    def _put_back(self, question: str) -> None:
        """A question that waits for an answer stands in the prompt, unless something else does."""
        if not self.prompt.text:
            self.prompt.put_text(question)

    def _last_question(self) -> str:
        """The question that was asked last."""
        return next((turn.text for turn in reversed(self.transcript.turns) if turn.role == "you"), "")

    # Actions ----------------------------------------------------------------------------------------

    def action_new_chat(self) -> None:
        self.remove_class("-list-over")
        self.load("")
        self.prompt.focus()

    def action_chats(self) -> None:
        """Go to the list, or back. In a narrow terminal the list lies over the page."""
        back = self.chat_list.has_focus
        self.set_class(not back, "-list-over")
        (self.prompt if back else self.chat_list).focus()

    @on(StoredChats.Chosen, "#chats")
    def open_chat(self, message: StoredChats.Chosen) -> None:
        self.remove_class("-list-over")
        self.load(message.id)
        self.prompt.focus()

    @work(group="chat-model", exclusive=True, exit_on_error=False)
    async def action_model(self) -> None:
        """Choose the model from a list with facts."""
        from tui.screens.models import choose_model

        if self.services and (chosen := await choose_model(self.program, self.services, "chat", self.model)):
            self.model = chosen

    def action_copy_answer(self) -> None:
        if answer := self.conversation.last_answer():
            self.copy(answer)
        else:
            self.flash("There is no answer to copy yet.", "warning")

    @on(TranscriptView.CopyRequested)
    def copy_block(self, message: TranscriptView.CopyRequested) -> None:
        self.copy(message.text)

    def action_again(self) -> None:
        """Ask the last question once more; the new answer stands beside the old one."""
        if self.services is None or self._chat is None or self._answering:
            return
        asked = [turn.id for turn in self._chat.path() if turn.role is Role.USER]
        if asked:
            self._worker = self.answer_again(self.services, self._chat, asked[-1])

    @work(group="answer", exclusive=True, exit_on_error=False)
    async def answer_again(self, services: Services, chat: Chat, turn_id: str) -> None:
        self.transcript.set_turns([turns.turn_view(turn) for turn in chat.path(turn_id)])
        again = services.chats.again(chat.id, turn_id, self.model, self.web)
        await self._follow(services, chat.id, again)
