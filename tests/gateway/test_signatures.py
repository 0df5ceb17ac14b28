"""Signatures that a client lost are put back, whoever is asked; those of other families are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.domain.accounts import Realm
from core.domain.content import Part, Role, Text, Thought, ToolCall, ToolResult, Turn
from core.domain.events import Batch, Finished, PartClosed, PartDelta, PartOpened
from core.gateway.generation import GenerationService
from core.gateway.signature_store import SignatureStore
from core.gateway.signatures import Signatures
from tests.fakes import FakeClock, FakeEvents, FakePool, FakeProvider, FakeRecorder, asking, caller, entry

SIGNED = "s" * 60
OTHER = "o" * 60


def answering(*parts: Part) -> list[Any]:
    """An answer whose parts bring their signatures the way upstreams do: last."""
    batches: list[Batch] = []
    for part in parts:
        match part:
            case ToolCall(id=call_id, name=name, arguments=arguments, signature=signature):
                opened = PartOpened(ToolCall(call_id, name))
                batches.append([opened, PartDelta(arguments), PartClosed(signature)])
            case Thought(text=text, signature=signature):
                half = len(text) // 2
                batches.append([PartOpened(Thought("")), PartDelta(text[:half]), PartDelta(text[half:])])
                batches.append([PartDelta("", signature), PartClosed()])
            case _:
                batches.append([PartOpened(part), PartClosed()])
    return [*batches, [Finished()]]


class World:
    """A gateway that was told `script` and is then sent histories."""

    def __init__(self, path: Path | None = None, realm: Realm = Realm.REAL, **signers: str) -> None:
        self.stores = {
            one: SignatureStore(
                path and path.with_name(f"{path.name}-{one}"), FakeClock(), lambda: 3_600.0, write_after=60.0
            )
            for one in Realm
        }
        self.signatures = Signatures(self.stores)
        self.provider = FakeProvider(signers=signers)
        pool = FakePool(entry("a", realm=realm), entry("b", realm=realm))
        self.service = GenerationService(
            pool,
            {"fake": self.provider},
            FakeRecorder(),
            FakeEvents(),
            FakeClock(),
            signatures=self.signatures,
        )

    async def hears(self, *parts: Part, **fields: Any) -> None:
        """An answer that signs."""
        self.provider.plays(answering(*parts))
        await self.service.answer(asking(**fields), caller())

    async def answered_by(self, conversation: str) -> str:
        """The account that a conversation goes to."""
        return (await self.service.explain("m1", conversation)).candidates[0].account

    async def sends(self, *parts: Part, **fields: Any) -> tuple[Part, ...]:
        """What the provider gets of a model turn that a client sends back."""
        calls = [part for part in parts if isinstance(part, ToolCall)]
        results = tuple(ToolResult(call.id, call.name, (Text("ok"),)) for call in calls)
        turns = (Turn.of(Role.USER, "hi"), Turn(Role.MODEL, parts), Turn(Role.USER, (*results, Text("on"))))
        self.provider.plays(answering(Text("done")))
        await self.service.answer(asking(turns=turns, **fields), caller())
        request: Any = self.provider.requests[-1]
        return request.turns[1].parts


async def test_a_call_gets_its_signature_back_by_its_id() -> None:
    world = World()
    await world.hears(ToolCall("c1", "f", "{}", signature=SIGNED), ToolCall("c2", "g", "{}"))
    sent = await world.sends(ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "{}"))
    assert sent == (ToolCall("c1", "f", "{}", signature=SIGNED), ToolCall("c2", "g", "{}"))


async def test_a_thought_gets_its_signature_back_by_its_text() -> None:
    world = World()
    await world.hears(Thought("Let me see.", SIGNED), Text("So."))
    assert await world.sends(Thought("Let me see."), Text("So.")) == (
        Thought("Let me see.", SIGNED),
        Text("So."),
    )
    assert await world.sends(Thought("Let me guess.")) == (Thought("Let me guess."),)


async def test_thoughts_without_words_are_not_taken_for_each_other() -> None:
    world = World()
    await world.hears(Thought("", SIGNED), Text("So."))
    assert await world.sends(Thought(""), Text("So."), conversation="y") == (Thought(""), Text("So."))


async def test_the_first_call_is_found_by_its_place_when_a_client_gave_it_another_id() -> None:
    world = World()
    await world.hears(
        ToolCall("c1", "f", '{"a":1,"b":2}', signature=SIGNED), ToolCall("c2", "f", "{}"), conversation="x"
    )
    rewritten = ToolCall("call_0", "f", '{"b": 2, "a": 1}')
    assert await world.sends(rewritten, conversation="x") == (
        ToolCall("call_0", "f", '{"b": 2, "a": 1}', signature=SIGNED),
    )
    assert await world.sends(rewritten, conversation="y") == (rewritten,)
    second = (ToolCall("call_0", "g", "{}"), ToolCall("call_1", "f", '{"a":1,"b":2}'))
    assert await world.sends(*second, conversation="x") == second


async def test_a_signature_that_the_client_kept_stays() -> None:
    world = World()
    await world.hears(ToolCall("c1", "f", "{}", signature=SIGNED))
    kept = ToolCall("c1", "f", "{}", signature=OTHER)
    assert await world.sends(kept) == (kept,)


async def test_another_family_sees_no_signature_that_is_not_its_own() -> None:
    world = World(m1="gemini", p1="claude")
    call, thought = ToolCall("c1", "f", "{}", signature=SIGNED), Thought("hm", OTHER)
    await world.hears(thought, call, model="m1")
    for carried in (True, False):
        sent = await world.sends(
            Thought("hm", OTHER if carried else ""),
            ToolCall("c1", "f", "{}", signature=SIGNED if carried else ""),
            model="p1",
        )
        assert sent == (Thought("hm"), ToolCall("c1", "f", "{}"))
    assert await world.sends(Thought("hm"), ToolCall("c1", "f", "{}"), model="m1") == (thought, call)


async def test_a_model_that_signs_nothing_is_left_alone() -> None:
    world = World(m1="")
    await world.hears(ToolCall("c1", "f", "{}", signature=SIGNED))
    assert await world.sends(ToolCall("c1", "f", "{}")) == (ToolCall("c1", "f", "{}"),)


async def test_a_signature_is_kept_before_the_answer_ends() -> None:
    """The client may be back with a result while the stream still closes."""
    world = World()
    world.provider.plays(answering(ToolCall("c1", "f", "{}", signature=SIGNED), Text("more")))
    stream = world.service.stream(asking(), caller(stream=True))
    async for batch in stream:
        if any(isinstance(event, PartClosed) for event in batch):
            break
    kept = world.stores[Realm.REAL].find("call c1")
    assert kept is not None
    assert kept.text == SIGNED


@pytest.mark.parametrize("account", ["a", "b"])
async def test_a_restart_and_another_account_change_nothing(tmp_path: Path, account: str) -> None:
    first = World(tmp_path / "kept")
    await first.hears(ToolCall("c1", "f", "{}", signature=SIGNED))
    await first.signatures.aclose()
    second = World(tmp_path / "kept")
    keys = [key for key in map(str, range(20)) if await second.answered_by(key) == account]
    assert await second.sends(ToolCall("c1", "f", "{}"), conversation=keys[0]) == (
        ToolCall("c1", "f", "{}", signature=SIGNED),
    )
    assert second.provider.calls[-1][0] == account


async def test_what_the_sandbox_signs_never_meets_what_is_real(tmp_path: Path) -> None:
    sandbox = World(tmp_path / "kept", Realm.SANDBOX)
    await sandbox.hears(ToolCall("c1", "f", "{}", signature=SIGNED))
    await sandbox.signatures.aclose()
    real = World(tmp_path / "kept")
    assert await real.sends(ToolCall("c1", "f", "{}")) == (ToolCall("c1", "f", "{}"),)
    again = World(tmp_path / "kept", Realm.SANDBOX)
    assert (await again.sends(ToolCall("c1", "f", "{}")))[0] == ToolCall("c1", "f", "{}", signature=SIGNED)


async def test_a_history_without_calls_and_thoughts_never_touches_the_disk(tmp_path: Path) -> None:
    first = World(tmp_path / "kept")
    await first.hears(ToolCall("c1", "f", "{}", signature=SIGNED))
    await first.signatures.aclose()
    second = World(tmp_path / "kept")
    await second.sends(Text("hello"))
    assert second.stores[Realm.REAL].find("call c1") is None
