"""An answer as a response, whole or as events with `event:` lines and sequence numbers.

Each part is an item: added, filled, done. The last event holds the whole response, since some clients read
nothing else. There is no `[DONE]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from core.domain.content import Part, Refusal, Text, Thought, ToolCall
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
from core.domain.failure import Failure, Kind
from core.wire.sse import EVENT_STREAM

from .output import Item, Spaces, call, item_id, message, reasoning, text_part, usage_object, whole_items

_encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode

CODES: Final = {
    Kind.QUOTA: "rate_limit_exceeded",
    Kind.RATE: "rate_limit_exceeded",
    Kind.TOO_LONG: "context_length_exceeded",
    Kind.BAD_REQUEST: "invalid_prompt",
}
"""Codes that clients act on; everything else is the server's fault."""

REASONS: Final = {FinishReason.LENGTH: "max_output_tokens", FinishReason.CONTENT_FILTER: "content_filter"}
NO_TEXT: Final = {"code": "empty_response", "message": "The model answered with nothing. Ask again."}


class ResponseReply:
    """Speaks Responses to one client. `echo` are the members of the request that a response repeats.

    `spaces` are the tools of namespaces; `sources` adds what a search found as text, which is off where the
    text has to be JSON.
    """

    def __init__(
        self,
        reply_id: str,
        model: str,
        created: int,
        echo: Mapping[str, Any],
        spaces: Spaces | None = None,
        sources: bool = True,
    ) -> None:
        self.id = self._id = reply_id
        self._created = created
        self._fixed: Item = {**echo, "model": model}
        self._spaces, self._sources = spaces or {}, sources
        self._sequence = 0
        self._items: list[Item] = []
        self._part: Part | None = None
        self._text: list[str] = []
        self._signature = ""
        self._head, self._tail = b"", b""
        self._usage = Usage()
        self._begun = self._ended = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM

    def heartbeat(self) -> bytes:
        return b": ping\n\n"

    def frames(self, batch: Sequence[object]) -> bytes:
        """The events of a batch, ready for one write."""
        out: list[bytes] = []
        for event in cast("Sequence[StreamEvent]", batch):
            if self._ended:
                break
            if not self._begun:
                self._begun = True
                for name in ("response.created", "response.in_progress"):
                    out.append(self._event(name, response=self._response("in_progress")))
            match event:
                case PartDelta():
                    self._add(event, out)
                case PartOpened(part=part):
                    self._opened(part, out)
                case PartClosed(signature=signature):
                    self._closed(signature or self._signature, out)
                case UsageSeen(usage=usage):
                    self._usage = usage
                case Finished(reason=reason):
                    self._finish(reason, out)
                case Failed(failure=failure):
                    self._fail(failure, out)
                case Started():
                    pass
        return b"".join(out)

    def _event(self, kind: str, **members: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._sequence, **members}
        self._sequence += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(body))

    # --- items ----------------------------------------------------------------------------------------

    def _opened(self, part: Part, out: list[bytes]) -> None:
        self._part, self._text, self._signature, self._head = part, [], "", b""
        match part:
            case Text():
                self._add(PartDelta(part.text), out)
            case Thought():
                self._add(PartDelta(part.text, part.signature), out)
            case ToolCall(kind="builtin"):
                self._part = None
            case ToolCall():
                self._added(self._call_item(part, "", "in_progress"), out)
                prefix = "custom_tool_call_input" if part.kind == "custom" else "function_call_arguments"
                self._delta_of(f"response.{prefix}.delta", item_id=self._item_id())
                self._add(PartDelta(part.arguments), out)
            case _:
                self._part = None
                for item in whole_items(part, self._id, len(self._items), self._spaces, self._sources):
                    self._whole(item, out)

    def _add(self, delta: PartDelta, out: list[bytes]) -> None:
        """More of the open part; its item begins here if there is something to say."""
        self._signature = delta.signature or self._signature
        if not delta.text or self._part is None:
            return
        if not self._head:
            self._begin_text(out)
        self._text.append(delta.text)
        out += (self._head % self._sequence, _encode(delta.text), self._tail)
        self._sequence += 1

    def _delta_of(self, kind: str, **members: Any) -> None:
        """Prepare what the deltas of an item repeat: everything but the number and the text."""
        body = _encode({"output_index": len(self._items), **members})[1:-1].replace(b"%", b"%%")
        self._head = (
            b"event: %b\ndata: {" % kind.encode()
            + b'"type":"%b","sequence_number":%%d,%b,"delta":' % (kind.encode(), body)
        )
        self._tail = b"}\n\n"

    def _begin_text(self, out: list[bytes]) -> None:
        if isinstance(self._part, Thought):
            self._added(reasoning(self._id, len(self._items), Thought("")), out)
            place = {"item_id": self._item_id(), "output_index": len(self._items), "summary_index": 0}
            part = {"type": "summary_text", "text": ""}
            out.append(self._event("response.reasoning_summary_part.added", **place, part=part))
            self._delta_of("response.reasoning_summary_text.delta", item_id=self._item_id(), summary_index=0)
            return
        self._added({**message(self._id, len(self._items), {}, "in_progress"), "content": []}, out)
        place = {"item_id": self._item_id(), "output_index": len(self._items), "content_index": 0}
        out.append(self._event("response.content_part.added", **place, part=text_part("")))
        self._delta_of("response.output_text.delta", item_id=self._item_id(), content_index=0, logprobs=[])

    def _added(self, item: Item, out: list[bytes]) -> None:
        out.append(self._event("response.output_item.added", output_index=len(self._items), item=item))

    def _item_id(self) -> str:
        match self._part:
            case Thought():
                kind = "reasoning"
            case ToolCall(kind="custom"):
                kind = "custom_tool_call"
            case ToolCall():
                kind = "function_call"
            case _:
                kind = "message"
        return item_id(kind, self._id, len(self._items))

    def _call_item(self, part: ToolCall, arguments: str, status: str) -> Item:
        made = ToolCall(part.id, part.name, arguments, part.kind)
        return call(self._id, len(self._items), made, self._spaces, status)

    def _closed(self, signature: str, out: list[bytes]) -> None:
        part, text = self._part, "".join(self._text)
        place = {"item_id": self._item_id(), "output_index": len(self._items)}
        match part:
            case Thought() if text or signature:
                if text:
                    summary = {**place, "summary_index": 0}
                    done = {"type": "summary_text", "text": text}
                    out.append(self._event("response.reasoning_summary_text.done", **summary, text=text))
                    out.append(self._event("response.reasoning_summary_part.done", **summary, part=done))
                else:
                    self._added(reasoning(self._id, len(self._items), Thought("")), out)
                self._done(reasoning(self._id, len(self._items), Thought(text, signature)), out)
            case Text() if text:
                [item] = whole_items(
                    Text(text, part.citations), self._id, len(self._items), self._spaces, sources=False
                )
                content = {**place, "content_index": 0}
                out.append(self._event("response.output_text.done", **content, text=text, logprobs=[]))
                out.append(self._event("response.content_part.done", **content, part=item["content"][0]))
                self._done(item, out)
            case ToolCall():
                name, member = (
                    ("custom_tool_call_input", "input")
                    if part.kind == "custom"
                    else ("function_call_arguments", "arguments")
                )
                out.append(self._event(f"response.{name}.done", **place, **{member: text}))
                self._done(self._call_item(part, text, "completed"), out)
            case _:
                pass
        self._part, self._head = None, b""

    def _done(self, item: Item, out: list[bytes]) -> None:
        out.append(self._event("response.output_item.done", output_index=len(self._items), item=item))
        self._items.append(item)

    def _whole(self, item: Item, out: list[bytes]) -> None:
        """An item that is there at once; a message still shows its text in the usual order."""
        if item["type"] != "message":
            self._added({**item, "status": "in_progress"}, out)
            self._done(item, out)
            return
        (content,) = item["content"]
        if content["type"] == "refusal":
            self._part = Refusal("")
            place = {"item_id": item["id"], "output_index": len(self._items), "content_index": 0}
            self._added({**item, "status": "in_progress", "content": []}, out)
            empty = {"type": "refusal", "refusal": ""}
            out.append(self._event("response.content_part.added", **place, part=empty))
            out.append(self._event("response.refusal.delta", **place, delta=content["refusal"]))
            out.append(self._event("response.refusal.done", **place, refusal=content["refusal"]))
        else:
            self._part, self._text = Text(""), []
            self._add(PartDelta(content["text"]), out)
            place = {"item_id": item["id"], "output_index": len(self._items), "content_index": 0}
            out.append(self._event("response.output_text.done", **place, text=content["text"], logprobs=[]))
        out.append(self._event("response.content_part.done", **place, part=content))
        self._part, self._head = None, b""
        self._done(item, out)

    # --- endings ----------------------------------------------------------------------------------------

    def _finish(self, reason: FinishReason, out: list[bytes]) -> None:
        self._ended = True
        final = self._final(self._items, self._usage, reason)
        out.append(self._event(f"response.{final['status']}", response=final))

    def _fail(self, failure: Failure, out: list[bytes]) -> None:
        self._ended = True
        code = CODES.get(failure.kind, "server_error")
        text = failure.public_message
        if code == "rate_limit_exceeded" and failure.retry_after is not None:
            text += f" Please try again in {failure.retry_after:g}s."
        response = self._response("failed") | {
            "output": self._items,
            "error": {"code": code, "message": text},
        }
        out.append(self._event("response.failed", response=response))

    def body(self, answer: Answer) -> bytes:
        """The whole answer as one response."""
        items: list[Item] = []
        for part in answer.parts:
            items += whole_items(part, self._id, len(items), self._spaces, self._sources)
        return _encode(self._final(items, answer.usage, answer.finish.reason))

    def _final(self, items: list[Item], usage: Usage, reason: FinishReason) -> Item:
        said = any(item["type"] != "reasoning" for item in items)
        why = REASONS.get(reason) or (None if said else "interrupted")
        response = self._response("incomplete" if why else "completed")
        response |= {"output": items, "usage": usage_object(usage)}
        if why:
            response["incomplete_details"] = {"reason": why}
        if why == "interrupted":
            response["error"] = NO_TEXT
        return response

    def _response(self, status: str) -> Item:
        return {
            "id": self._id,
            "object": "response",
            "type": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "output": [],
            "usage": None,
            **self._fixed,
        }
