"""Chats: what is kept, and what it looks like after every way an answer can end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.config.settings import ChatSettings
from core.domain.content import Base64Text, Media, Role, Text, Thought
from core.domain.events import Batch, Failed, Finished, PartClosed, PartDelta, PartOpened, Usage, UsageSeen
from core.domain.failure import GatewayError, Kind
from core.domain.requests import ChatRequest
from core.domain.streams import closing
from core.domain.works import Chat, ChatTurn
from core.gateway.chats import ChatService, title_of
from core.gateway.generation import GenerationService
from tests.fakes import (
    FakeClock,
    FakeEvents,
    FakePool,
    FakeProvider,
    FakeRecorder,
    FakeShelf,
    Ids,
    failing,
    saying,
)


class World:
    def __init__(
        self,
        provider: FakeProvider | None = None,
        settings: ChatSettings | None = None,
        shelf: FakeShelf | None = None,
    ) -> None:
        self.clock, self.events, self.shelf = FakeClock(), FakeEvents(), shelf or FakeShelf()
        self.provider = provider or FakeProvider(saying("Hello", " you", usage=Usage(10, 5, 0, 0, 2)))
        self.recorder, self.sandbox = FakeRecorder(), False
        generation = GenerationService(
            FakePool(clock=self.clock), {"fake": self.provider}, self.recorder, self.events, self.clock
        )
        chosen = settings or ChatSettings(model="m1")
        self.chats = ChatService(
            self.shelf, generation, self.clock, Ids("t"), lambda: chosen, lambda: self.sandbox
        )

    async def chat(self) -> Chat:
        return await self.chats.create()

    async def say(self, chat: Chat, text: str = "What is a kite?", **more: Any) -> list[Batch]:
        return [batch async for batch in self.chats.send(chat.id, text, **more)]

    async def kept(self, chat: Chat) -> tuple[ChatTurn, ...]:
        return (await self.chats.get(chat.id)).path()

    @property
    def asked(self) -> ChatRequest:
        request = self.provider.requests[-1]
        assert isinstance(request, ChatRequest)
        return request


async def test_a_question_and_its_answer_are_kept() -> None:
    world = World()
    chat = await world.chat()
    await world.say(chat)
    question, answer = await world.kept(chat)
    assert (question.role, question.parts, question.parent) == (Role.USER, (Text("What is a kite?"),), "")
    assert (answer.role, answer.parts, answer.parent) == (Role.MODEL, (Text("Hello you"),), question.id)
    assert answer.state == "complete"
    note = answer.note
    assert (note.model, note.account) == ("m1", "a@test")
    assert (note.input_tokens, note.output_tokens, note.thought_tokens) == (10, 5, 2)
    assert note.ttft_seconds is not None
    assert (await world.chats.get(chat.id)).title == "What is a kite?"


async def test_the_question_is_kept_before_anything_arrives() -> None:
    world = World(FakeProvider([asyncio.Event()]))
    chat = await world.chat()
    stream = world.chats.send(chat.id, "hello?")
    first = asyncio.ensure_future(anext(stream))
    await world.provider.until_open(1)
    (question,) = await world.kept(chat)
    assert question.parts == (Text("hello?"),)
    first.cancel()
    await asyncio.wait([first])


async def test_the_conversation_goes_on_from_its_head() -> None:
    world = World()
    chat = await world.chat()
    await world.say(chat, "one")
    await world.say(chat, "two")
    assert [(turn.role, turn.parts) for turn in world.asked.turns] == [
        (Role.USER, (Text("one"),)),
        (Role.MODEL, (Text("Hello you"),)),
        (Role.USER, (Text("two"),)),
    ]
    assert world.asked.conversation == chat.id
    assert len(await world.kept(chat)) == 4


async def test_thoughts_and_their_signatures_go_back() -> None:
    script: Any = [[PartOpened(Thought("hm")), PartClosed("sig"), PartOpened(Text("so")), Finished()]]
    world = World(FakeProvider(script))
    chat = await world.chat()
    await world.say(chat, "one")
    await world.say(chat, "two")
    assert world.asked.turns[1].parts == (Thought("hm", "sig"), Text("so"))


@pytest.mark.parametrize("how", ["reader closes", "task is cancelled"])
async def test_stopping_keeps_what_has_arrived(how: str) -> None:
    script: Any = [[PartOpened(Text("Once upon")), PartDelta(" a"), UsageSeen(Usage(3, 2))], asyncio.Event()]
    world = World(FakeProvider(script))
    chat = await world.chat()
    arrived = asyncio.Event()

    async def read() -> None:
        async with closing(world.chats.send(chat.id, "tell me")) as batches:
            async for batch in batches:
                if any(isinstance(event, PartOpened) for event in batch):
                    arrived.set()
                    if how == "reader closes":
                        break

    task = asyncio.create_task(read())
    await arrived.wait()
    if how == "task is cancelled":
        task.cancel()
    await asyncio.wait([task])
    _, answer = await world.kept(chat)
    assert (answer.state, answer.parts) == ("stopped", (Text("Once upon a"),))
    assert answer.note.output_tokens == 2
    assert world.provider.open == 0
    assert world.recorder.last.kind == "cancelled"


class SlowShelf(FakeShelf):
    """Takes its time to keep an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def add_turn(self, chat_id: str, turn: ChatTurn, title: str = "") -> Chat:
        if turn.role is Role.MODEL:
            self.asked.set()
            await self.gate.wait()
        return await super().add_turn(chat_id, turn, title)


async def test_an_answer_is_kept_however_often_its_reader_is_stopped() -> None:
    shelf = SlowShelf()
    world = World(shelf=shelf)
    chat = await world.chat()
    task = asyncio.create_task(world.say(chat))
    await shelf.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    closing_it = asyncio.create_task(world.chats.aclose())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing_it.done()
    shelf.gate.set()
    await closing_it
    _, answer = await world.kept(chat)
    assert answer.parts == (Text("Hello you"),)


async def test_a_failure_in_the_middle_keeps_what_has_arrived() -> None:
    world = World(FakeProvider([[PartOpened(Text("Once"))], failing(message="it broke off")]))
    chat = await world.chat()
    batches = await world.say(chat)
    assert isinstance(batches[-1][-1], Failed)
    _, answer = await world.kept(chat)
    assert (answer.state, answer.parts) == ("failed", (Text("Once"),))
    assert answer.failure
    assert answer.failure.public_message == "it broke off"


async def test_a_failure_before_the_first_word_is_kept_too_and_raised() -> None:
    world = World(FakeProvider([failing(message="down")]))
    chat = await world.chat()
    with pytest.raises(GatewayError):
        await world.say(chat, "hello?")
    question, answer = await world.kept(chat)
    assert question.parts == (Text("hello?"),)
    assert (answer.state, answer.parts) == ("failed", ())


async def test_an_empty_answer_is_not_sent_back() -> None:
    world = World(FakeProvider([failing()], [failing()], [failing()], saying("ok")))
    chat = await world.chat()
    for _ in range(3):
        with pytest.raises(GatewayError):
            await world.say(chat, "hello?")
    await world.say(chat, "now?")
    assert all(turn.parts for turn in world.asked.turns)
    assert [turn.role for turn in world.asked.turns] == [Role.USER] * 4


async def test_asking_again_makes_a_sibling() -> None:
    world = World(FakeProvider(saying("first"), saying("second")))
    chat = await world.chat()
    await world.say(chat)
    question, first = await world.kept(chat)
    for turn_id in (question.id, first.id):
        async for _ in world.chats.again(chat.id, turn_id):
            pass
    found = await world.chats.get(chat.id)
    answers = [turn for turn in found.turns if turn.role is Role.MODEL]
    assert [turn.parent for turn in answers] == [question.id] * 3
    assert found.head == answers[-1].id
    assert len(world.asked.turns) == 1


async def test_an_answer_may_search_when_it_is_asked_for_again() -> None:
    world = World(FakeProvider(saying("first"), saying("second")))
    chat = await world.chat()
    await world.say(chat)
    question, _ = await world.kept(chat)
    for search in (True, False):
        async for _ in world.chats.again(chat.id, question.id, search=search):
            pass
        assert world.asked.search is search


async def test_editing_branches_off_an_earlier_turn() -> None:
    world = World()
    chat = await world.chat()
    await world.say(chat, "one")
    await world.say(chat, "two")
    first = (await world.kept(chat))[0]
    await world.say(chat, "one, better", parent="")
    path = await world.kept(chat)
    assert path[0].parts == (Text("one, better"),)
    assert len(path) == 2
    await world.say(chat, "more", parent=first.id)
    assert (await world.kept(chat))[0].id == first.id


async def test_attachments_ride_with_the_text() -> None:
    world = World()
    chat = await world.chat()
    picture = Media("image/png", Base64Text("AAAA"))
    await world.say(chat, "see", attachments=(picture,))
    assert world.asked.turns[0].parts == (Text("see"), picture)
    await world.say(chat, "", attachments=(picture,))
    assert world.asked.turns[-1].parts == (picture,)


async def test_the_model_of_a_chat_can_change() -> None:
    world = World()
    chat = await world.chat()
    assert chat.model == "m1"
    await world.say(chat, model="alias-m1", search=True)
    assert (await world.chats.get(chat.id)).model == "alias-m1"
    assert (world.asked.model, world.asked.search) == ("alias-m1", True)


async def test_the_system_instruction_of_the_settings_leads() -> None:
    world = World(settings=ChatSettings(model="m1", system="Be brief."))
    await world.say(await world.chat())
    assert world.asked.system == ("Be brief.",)
    assert world.asked.thinking.include


async def test_new_chats_in_the_sandbox_say_so() -> None:
    world = World(settings=ChatSettings(model="m1", sandbox_model="sandbox-thinking"))
    world.sandbox = True
    chat = await world.chat()
    assert (chat.model, chat.sandbox) == ("sandbox-thinking", True)


async def test_chats_are_listed_renamed_thrown_away_and_brought_back() -> None:
    world = World()
    chat = await world.chat()
    await world.chats.rename(chat.id, "  kites \n and more ")
    assert [one.title for one in await world.chats.list()] == ["kites and more"]
    assert await world.chats.list("boats") == []
    await world.chats.delete(chat.id)
    assert await world.chats.list() == []
    assert (await world.chats.restore(chat.id)).title == "kites and more"


async def test_nothing_is_not_sent() -> None:
    world = World()
    chat = await world.chat()
    with pytest.raises(GatewayError) as caught:
        await world.say(chat, "  \n")
    assert caught.value.failure.kind is Kind.BAD_REQUEST
    assert await world.kept(chat) == ()


async def test_what_is_not_there_is_said_so() -> None:
    world = World()
    chat = await world.chat()
    for missing in (
        anext(world.chats.send("nope", "x")),
        anext(world.chats.again(chat.id, "nope")),
        anext(world.chats.send(chat.id, "x", parent="nope")),
        world.chats.get("nope"),
    ):
        with pytest.raises(GatewayError) as caught:
            await missing
        assert caught.value.failure.kind is Kind.NOT_FOUND


async def test_a_chat_deleted_while_it_answers_ends_quietly(caplog: pytest.LogCaptureFixture) -> None:
    gate = asyncio.Event()
    world = World(FakeProvider([[PartOpened(Text("a"))], gate, [Finished()]]))
    chat = await world.chat()
    saying_it = asyncio.create_task(world.say(chat))
    await world.provider.until_open(1)
    await world.chats.delete(chat.id)
    gate.set()
    await saying_it
    assert "could not be kept" in caplog.text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is a kite?", "What is a kite?"),
        ("  two\n lines ", "two lines"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("", ""),
    ],
)
def test_titles_are_cut_at_a_word(text: str, title: str) -> None:
    assert title_of(text) == title
