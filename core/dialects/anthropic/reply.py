"""An answer as a message, whole or as events with `event:` lines.

One block is open at a time and indices count up from 0; a block begins with its first content. The message
begins with the first event after `Started`, which is when the upstream may have told the tokens of the
prompt. It never ends with thinking, nor without a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from core.dialects.calls import NONE, arguments_object, is_object
from core.dialects.media import markdown
from core.domain.content import (
    Citation,
    Media,
    Part,
    Refusal,
    Search,
    Text,
    Thought,
    ToolCall,
)
from core.domain.events import (
    Answer,
    Failed,
    Finished,
    FinishReason,
    PartClosed,
    PartDelta,
    PartOpened,
    Started,
    StreamEvent,
    Usage,
    UsageSeen,
)
from core.wire.sse import EVENT_STREAM

from .errors import error_object
from .hidden import hidden

_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
_PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'
_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_TAIL: Final = b"}}\n\n"
_TEXT: Final = b'"text_delta","text":'
_THINKING: Final = b'"thinking_delta","thinking":'
_ARGUMENTS: Final = b'"input_json_delta","partial_json":'
_SIGNATURE: Final = b'"signature_delta","signature":'
_CITATION: Final = b'"citations_delta","citation":'


def _event(name: str, **members: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **members}))


class MessageReply:
    """Speaks Messages to one client. `model` is the name that the client asked for.

    `estimate` stands for the tokens of the prompt until the upstream tells them; without `shows_thoughts`
    thinking blocks carry their signature alone, which then holds the text, too.
    """

    def __init__(self, reply_id: str, model: str, estimate: int = 0, shows_thoughts: bool = True) -> None:
        self._id, self._model = reply_id, model
        self._usage = Usage(estimate, 1)
        self._shows_thoughts = shows_thoughts
        self._part: Part | None = None
        self._index = -1
        self._delta: bytes | None = None
        self._signature = ""
        self._arguments: list[str] = []
        self._unseen: list[str] = []
        self._called = self._ends_thinking = False
        self._searches = 0
        self._begun = self._ended = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM

    def heartbeat(self) -> bytes:
        return _PING

    def frames(self, batch: Sequence[object]) -> bytes:
        """The events of a batch, ready for one write."""
        events = cast("Sequence[StreamEvent]", batch)
        out: list[bytes] = []
        if not self._begun:
            out.append(self._begin(events))
        for event in events:
            if self._ended:
                break
            if type(event) is PartDelta:
                self._add(event, out)
                continue
            match event:
                case PartOpened(part=part):
                    self._opened(part, out)
                case PartClosed(signature=signature):
                    self._closed(signature or self._signature, out)
                case UsageSeen(usage=usage):
                    self._usage = usage
                case Finished():
                    self._finish(event, out)
                case Failed(failure=failure):
                    self._ended = True
                    out.append(_event("error", error=error_object(failure)))
                case Started() | PartDelta():
                    pass
        return b"".join(out)

    def _begin(self, events: Sequence[StreamEvent]) -> bytes:
        """`message_start`, unless nothing has come yet but who answers, or the answer failed."""
        first = next((event for event in events if not isinstance(event, Started)), None)
        if first is None or isinstance(first, Failed):
            return b""
        self._begun = True
        told = next((event.usage for event in events if isinstance(event, UsageSeen)), self._usage)
        message = self._message([], None) | {"usage": usage_object(told) | {"output_tokens": 1}}
        return _event("message_start", message=message)

    # --- blocks ---------------------------------------------------------------------------------------

    def _start(self, block: dict[str, Any], out: list[bytes], delta: bytes = b"") -> None:
        self._index += 1
        self._ends_thinking = block["type"] == "thinking"
        out.append(_event("content_block_start", index=self._index, content_block=block))
        head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":'
        self._delta = head % self._index + delta if delta else None

    def _stop(self, out: list[bytes]) -> None:
        out.append(_event("content_block_stop", index=self._index))
        self._delta = None

    def _opened(self, part: Part, out: list[bytes]) -> None:
        self._part, self._delta, self._signature, self._unseen = part, None, "", []
        match part:
            case Text() | Refusal():
                self._add(PartDelta(part.text), out)
            case Thought():
                self._add(PartDelta(part.text, part.signature), out)
            case ToolCall(kind="builtin"):
                self._part = None
            case ToolCall():
                self._called, self._arguments = True, []
                self._start(_call_block(part), out, _ARGUMENTS)
                self._add(PartDelta(part.arguments), out)
            case _:
                for block in whole_blocks(part, self._searches, shows_thoughts=True):
                    self._whole(block, out)
                self._searches += isinstance(part, Search)

    def _whole(self, block: dict[str, Any], out: list[bytes]) -> None:
        """A block that is there at once, with its content in deltas where clients look for it there."""
        match block["type"]:
            case "text":
                self._start({"type": "text", "text": ""}, out, _TEXT)
                self._write(block["text"], out)
            case "server_tool_use":
                self._start({**block, "input": {}}, out, _ARGUMENTS)
                self._write(_encode(block["input"]).decode(), out)
            case _:
                self._start(block, out)
        self._stop(out)

    def _write(self, text: str, out: list[bytes]) -> None:
        if self._delta is not None:
            out += (self._delta, _encode(text), _TAIL)

    def _add(self, delta: PartDelta, out: list[bytes]) -> None:
        """More of the open part; its block begins here if there is something to say."""
        part = self._part
        self._signature = delta.signature or self._signature
        if isinstance(part, ToolCall):
            self._arguments.append(delta.text)
            if part.kind == "custom":
                return
        elif isinstance(part, Thought):
            if not self._shows_thoughts:
                self._unseen.append(delta.text)
                return
            if not delta.text:
                return
            if self._delta is None:
                self._start({"type": "thinking", "thinking": "", "signature": ""}, out, _THINKING)
        elif part is None or not delta.text:
            return
        elif self._delta is None:
            self._start({"type": "text", "text": ""}, out, _TEXT)
        if delta.text:
            self._write(delta.text, out)

    def _closed(self, signature: str, out: list[bytes]) -> None:
        part, self._part = self._part, None
        if isinstance(part, Thought):
            signature = hidden("".join(self._unseen), signature)
            if self._delta is None and signature:
                self._start({"type": "thinking", "thinking": "", "signature": ""}, out, _THINKING)
            if self._delta is not None and signature:
                head = self._delta.removesuffix(_THINKING)
                out += (head, _SIGNATURE, _encode(signature), _TAIL)
        elif isinstance(part, ToolCall):
            arguments = "".join(self._arguments)
            if part.kind == "custom":
                self._write(_encode({"input": arguments}).decode(), out)
            elif not arguments:
                self._write(NONE, out)
        elif isinstance(part, Text) and self._delta is not None:
            head = self._delta.removesuffix(_TEXT)
            for one in part.citations:
                out += (head, _CITATION, _encode(_citation(one, part.text)), _TAIL)
        if self._delta is not None:
            self._stop(out)

    def _finish(self, ending: Finished, out: list[bytes]) -> None:
        self._ended = True
        if self._index < 0 or self._ends_thinking:
            self._whole({"type": "text", "text": ""}, out)
        cut = ending.reason is FinishReason.LENGTH and not is_object("".join(self._arguments) or NONE)
        delta = {"stop_reason": stop_reason(ending, self._called, cut), "stop_sequence": None}
        usage = usage_object(self._usage, self._searches)
        out += (_event("message_delta", delta=delta, usage=usage), _STOP)

    # --- whole answers --------------------------------------------------------------------------------

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one message."""
        blocks: list[dict[str, Any]] = []
        searches = 0
        for part in answer.parts:
            blocks += whole_blocks(part, searches, self._shows_thoughts)
            searches += isinstance(part, Search)
        if not blocks or blocks[-1]["type"] == "thinking":
            blocks.append({"type": "text", "text": ""})
        calls = [part for part in answer.parts if isinstance(part, ToolCall) and part.kind != "builtin"]
        last = calls[-1].arguments if calls else ""
        cut = answer.finish.reason is FinishReason.LENGTH and not is_object(last or NONE)
        message = self._message(blocks, stop_reason(answer.finish, bool(calls), cut))
        return _encode(message | {"usage": usage_object(answer.usage, searches)})

    def _message(self, content: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
        }


def whole_blocks(part: Part, searches: int, shows_thoughts: bool) -> list[dict[str, Any]]:
    """A complete part as blocks; `searches` counts the ones before it, for their ids."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return [_text_block(text, part)] if text else []
        case Thought(text=text, signature=signature):
            if not shows_thoughts:
                text, signature = "", hidden(text, signature)
            if not text and not signature:
                return []
            return [{"type": "thinking", "thinking": text, "signature": signature}]
        case ToolCall(kind="builtin"):
            return []
        case ToolCall():
            return [_call_block(part) | {"input": arguments_object(part)}]
        case Media():
            return [{"type": "text", "text": markdown(part)}]
        case Search(queries=queries, sources=sources):
            use = f"srvtoolu_{searches + 1:024d}"
            pages = [
                {
                    "type": "web_search_result",
                    "title": source.title,
                    "url": source.uri,
                    "encrypted_content": "",
                    "page_age": None,
                }
                for source in sources
            ]
            query = {"query": "; ".join(queries)}
            return [
                {"type": "server_tool_use", "id": use, "name": "web_search", "input": query},
                {"type": "web_search_tool_result", "tool_use_id": use, "content": pages},
            ]
        case _:
            return []


def _text_block(text: str, part: Text | Refusal) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    if isinstance(part, Text) and part.citations:
        block["citations"] = [_citation(one, text) for one in part.citations]
    return block


def _citation(cited: Citation, text: str) -> dict[str, Any]:
    return {
        "type": "web_search_result_location",
        "url": cited.source.uri,
        "title": cited.source.title,
        "cited_text": text[cited.start : cited.end],
        "encrypted_index": "",
    }


def _call_block(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}


def stop_reason(ending: Finished, called: bool, cut: bool) -> str:
    """Calls are told from the blocks; a call that was cut short is none."""
    if called and not cut:
        return "tool_use"
    match ending.reason:
        case FinishReason.LENGTH:
            return "max_tokens"
        case FinishReason.CONTENT_FILTER:
            return "refusal"
        case _:
            return "end_turn"


def usage_object(usage: Usage, searches: int = 0) -> dict[str, Any]:
    """`input_tokens` leaves out what the cache read or wrote, as the protocol has it."""
    found: dict[str, Any] = {
        "input_tokens": max(0, usage.input - usage.cache_read - usage.cache_write),
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
    }
    if searches:
        found["server_tool_use"] = {"web_search_requests": searches}
    return found
