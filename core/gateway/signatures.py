"""Signatures that clients lose on the way, put back: of tool calls and thoughts, by call id, text, or place.

A model signs what it thought and called, and wants to see the signature again; most client protocols
have no place for it. So the gateway keeps what comes (`Watch`) and fills it in when the history is sent
again (`filled`), whichever account is asked. Which families take whose signatures, and what stands in for
one that is lost, a provider knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from core.domain.accounts import Realm
from core.domain.content import Part, Thought, ToolCall, Turn
from core.domain.events import Batch, PartClosed, PartDelta, PartOpened
from core.domain.requests import ChatRequest

from .signature_store import Kept, SignatureStore

if TYPE_CHECKING:
    from .upstreams import Asked


class Signatures:
    """The stores of every realm: what the sandbox signs never meets what is real."""

    def __init__(self, stores: Mapping[Realm, SignatureStore]) -> None:
        self._stores = stores

    async def ready(self, request: ChatRequest) -> None:
        """Be ready to fill in `request`: the disk is read only for a history that may need it."""
        if any(isinstance(part, ToolCall | Thought) for turn in request.turns for part in turn.parts):
            for store in self._stores.values():
                await store.ready()

    def filled(self, request: ChatRequest, asked: Asked) -> ChatRequest:
        """`request` with the signatures that the asked model wants to see."""
        family = asked.provider.signer(asked.candidate.model)
        store = self._stores.get(asked.grant.realm)
        if store is None or not family:
            return request
        turns = filled(request.turns, family, request.conversation, store)
        return request if turns is request.turns else structs.replace(request, turns=turns)

    def watch(self, request: ChatRequest, asked: Asked) -> Watch | None:
        """Keeps what this answer signs; None for a model that signs nothing."""
        family = asked.provider.signer(asked.candidate.model)
        store = self._stores.get(asked.grant.realm)
        return Watch(family, request.conversation, store) if store is not None and family else None

    async def aclose(self) -> None:
        for store in self._stores.values():
            await store.aclose()


def filled(
    turns: tuple[Turn, ...], family: str, conversation: str, store: SignatureStore
) -> tuple[Turn, ...]:
    """`turns` with what `family` signed put back, and what is known to be another's taken away."""
    changed = False
    out: list[Turn] = []
    for turn in turns:
        parts: list[Part] = []
        first = True
        for part in turn.parts:
            signed = part
            match part:
                case ToolCall():
                    kept = store.find(_call_key(part.id)) if part.id else None
                    if kept is None and first and not part.signature and conversation:
                        kept = store.find(_place_key(conversation, part))
                    first = False
                    signed = _signed(part, kept, family)
                case Thought() if part.text:
                    signed = _signed(part, store.find(_thought_key(part.text)), family)
                case _:
                    pass
            changed = changed or signed is not part
            parts.append(signed)
        out.append(Turn(turn.role, tuple(parts)))
    return tuple(out) if changed else turns


def _signed(part: ToolCall | Thought, kept: Kept | None, family: str) -> ToolCall | Thought:
    """A signature that came with the part stays, unless it is known to be another family's."""
    if kept is None:
        return part
    signature = part.signature
    if kept.family == family:
        signature = signature or kept.text
    elif signature == kept.text:
        signature = ""
    return part if signature == part.signature else structs.replace(part, signature=signature)


class Watch:
    """Follows one answer and keeps each signature as soon as its part is whole: the client may be back
    with the results of its calls before the answer's end."""

    def __init__(self, family: str, conversation: str, store: SignatureStore) -> None:
        self._family, self._conversation, self._store = family, conversation, store
        self._part: ToolCall | Thought | None = None
        self._texts: list[str] = []
        self._signature = ""
        self._first = True

    def see(self, batch: Batch) -> None:
        for event in batch:
            kind = type(event)
            if kind is PartDelta:
                if self._part is not None:
                    assert isinstance(event, PartDelta)
                    self._texts.append(event.text)
                    self._signature = event.signature or self._signature
            elif isinstance(event, PartOpened):
                part = event.part
                self._part = part if isinstance(part, ToolCall | Thought) else None
                self._texts, self._signature = [], self._part.signature if self._part is not None else ""
            elif isinstance(event, PartClosed) and self._part is not None:
                self._keep(self._part, "".join(self._texts), event.signature or self._signature)
                self._part = None

    def _keep(self, part: ToolCall | Thought, text: str, signature: str) -> None:
        first, self._first = self._first, self._first and not isinstance(part, ToolCall)
        if not signature:
            return
        if isinstance(part, Thought):
            said = part.text + text  # without a word one thought is like any other
            keys = [_thought_key(said)] if said else []
        else:
            whole = structs.replace(part, arguments=part.arguments + text)
            keys = [_call_key(part.id)] if part.id else []
            if first and self._conversation:
                keys.append(_place_key(self._conversation, whole))
        self._store.put(keys, signature, self._family)


def _call_key(call_id: str) -> str:
    return f"call {call_id}"


def _thought_key(text: str) -> str:
    return f"thought {_digest(text)}"


def _place_key(conversation: str, call: ToolCall) -> str:
    """Finds the first call of a turn again when the client has given it another id."""
    return f"place {_digest(conversation, call.name, _canonical(call.arguments))}"


def _canonical(arguments: str) -> str:
    """The same text for the same JSON, however a client has written it anew."""
    try:
        value: Any = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments.strip()
    return msgspec.json.encode(value, order="deterministic").decode()


def _digest(*words: str) -> str:
    text = "\0".join(words).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
