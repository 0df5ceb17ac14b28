"""The stream of an answer as domain events. Sans I/O: reads in, batches out.

One part is open at a time. What an upstream sends in odd shapes (an error in the stream, an array, a bare
object, ids that repeat) is evened out here. Sources: seed 001 (responses), Gemini API reference.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from core.domain.content import Base64Text, Media, Text, Thought, ToolCall, Url
from core.domain.events import (
    Batch,
    PartClosed,
    PartDelta,
    PartOpened,
    Usage,
    UsageSeen,
)
from core.domain.failure import Failure, GatewayError
from core.wire.gemini import (
    BROKEN,
    UNREADABLE,
    FunctionCall,
    Grounding,
    Part,
    PromptFeedback,
    Response,
    UrlContext,
    UsageMetadata,
)
from core.wire.schema import PLACEHOLDER, without_placeholders
from core.wire.sse import MAX_EVENT_BYTES, EventTooLargeError, SseParser
from core.wire.tokens import request_tokens, text_tokens

from .encode import Encoded
from .endings import CUT, HOLE, broken, ending, may_refuse_version, refuses_version, searched
from .error_table import OUTDATED
from .errors import classify_object
from .models import family_of

log = logging.getLogger("agtui.providers.antigravity")

DONE: Final = b"[DONE]"


class Envelope(Response):
    """What one payload holds: a response in its wrapper, bare, or an error."""

    response: Response | None = None
    error: dict[str, Any] | None = None


class Decoder:
    """Reads one answer. Feed it what the socket read; `finish` when the body has ended.

    `streamed` says whether it comes as server-sent events or as one piece of JSON, which `finish` reads.
    `failure` is set once the stream said that it failed: what came before it has been returned.
    """

    def __init__(
        self,
        model: str,
        asked: Encoded,
        new_id: Callable[[], str],
        now: Callable[[], float],
        streamed: bool = True,
    ) -> None:
        self._model = model
        self._asked = asked
        self._new_id = new_id
        self._now = now
        self._sse = SseParser()
        self._pieces: list[bytes] | None = None if streamed else []
        self._kept = 0
        self._open: type[Text] | type[Thought] | None = None
        self._begun = False
        self._held = self._held_signature = ""
        self._calls: dict[str, tuple[str, str]] = {}
        self._counts: UsageMetadata | None = None
        self._said = 0
        self._version = ""
        self._grounding, self._read = Grounding(), UrlContext()
        self._blocked: PromptFeedback | None = None
        self._reason = ""
        self._message = ""
        self.failure: Failure | None = None

    @property
    def complete(self) -> bool:
        """Whether a finish reason has come, so that a lost connection loses nothing."""
        return bool(self._reason or self._blocked)

    def feed(self, read: bytes) -> Batch:
        """The events that one read completes; often one, sometimes none.

        Raises EventTooLargeError once a piece of the answer passes the parser's limit.
        """
        batch: Batch = []
        if self._pieces is not None:
            self._keep(self._pieces, read)
            return batch
        for payload in self._sse.feed(read):
            try:
                envelope = _DECODER.decode(payload)
            except UNREADABLE as error:
                self._take_odd(payload, batch, error)
            else:
                self._take(envelope, batch)
        return batch

    def _keep(self, pieces: list[bytes], read: bytes) -> None:
        pieces.append(read)
        self._kept += len(read)
        if self._kept > MAX_EVENT_BYTES:
            raise EventTooLargeError(MAX_EVENT_BYTES)

    def finish(self) -> Batch:
        """The last events. Raises GatewayError: cut without a finish reason, or a broken answer."""
        batch: Batch = []
        for payload in self._sse.finish() if self._pieces is None else [b"".join(self._pieces)]:
            try:
                self._take(_DECODER.decode(payload), batch)
            except UNREADABLE as error:
                self._take_odd(payload, batch, error)
        if self.failure is not None:
            raise GatewayError(self.failure)
        if not self.complete:
            raise GatewayError(CUT)
        if refuses_version(self._held):
            raise GatewayError(OUTDATED)
        self._flush(batch)
        self._close(batch)
        if self._reason in BROKEN or (self._reason == "OTHER" and not self._begun):
            raise GatewayError(broken(self._reason, self._message))
        if (search := searched(self._grounding, self._read)) is not None:
            batch += (PartOpened(search), _CLOSED)
        self._note_stand_in()
        batch.append(UsageSeen(self._counts.usage() if self._counts is not None else self._guessed()))
        batch.append(ending(self._reason, self._message, self._blocked))
        return batch

    def _guessed(self) -> Usage:
        """Tokens of an answer that did not tell them."""
        request = self._asked.request
        return Usage(request_tokens(request) if request is not None else 0, text_tokens(self._said))

    def _note_stand_in(self) -> None:
        """Say it in the log when a model of another family has answered in silence."""
        family = self._asked.family
        if family and self._version and family_of(self._version) != family:
            log.warning("%s was asked and %s has answered", self._model, self._version[:80])

    # --- payloads -------------------------------------------------------------------------------

    def _take_odd(self, payload: bytes, batch: Batch, error: Exception) -> None:
        """An array of responses, or something that can't be read: a hole, unless the ending has come."""
        if self.failure is not None or payload == DONE or not payload:
            return
        try:
            envelopes = _LIST_DECODER.decode(payload)
        except UNREADABLE:
            what = f"a part of the stream that can't be read ({len(payload)} bytes): {error}"
            log.warning("%s", what)
            if not self.complete:
                self.failure = structs.replace(HOLE, detail=what)
            return
        for envelope in envelopes:
            self._take(envelope, batch)

    def _take(self, envelope: Envelope, batch: Batch) -> None:
        if self.failure is not None:
            return
        if envelope.error is not None:
            self.failure = classify_object(envelope.error, self._model, self._now())
            return
        response = envelope.response or envelope
        counts = response.usage_metadata
        if counts is not None:
            known = self._counts
            self._counts = counts if known is None else known.updated(counts)
            if known is None:
                self._version = response.model_version or ""
                batch.append(UsageSeen(counts.usage()))
        if response.prompt_feedback is not None and response.prompt_feedback.block_reason:
            self._blocked = response.prompt_feedback
        for candidate in response.candidates or ():
            content = candidate.content
            if content is not None and content.parts:
                for part in content.parts:
                    text = part.text
                    if text is not None:
                        self._take_text(part, text, batch)
                    else:
                        self._take_part(part, batch)
            if candidate.grounding_metadata is not None:
                self._grounding = candidate.grounding_metadata
            if candidate.url_context_metadata is not None:
                self._read = candidate.url_context_metadata
            if candidate.finish_reason:
                self._reason = candidate.finish_reason
                self._message = candidate.finish_message or ""

    # --- parts ----------------------------------------------------------------------------------

    def _take_text(self, part: Part, text: str, batch: Batch) -> None:
        signature = part.thought_signature or part.snake_signature or ""
        kind = Thought if part.thought else Text
        if not text:
            if not signature:
                return
            if not refuses_version(self._held):
                self._flush(batch)
            if self._open is None:
                self._switch(kind, batch)
            batch.append(PartDelta("", signature))
            return
        if not self._begun:
            if kind is Text and self._may_be_outdated(text):
                self._held_signature = signature or self._held_signature
                return
            self._flush(batch)
        if kind is not self._open:
            self._switch(kind, batch)
        if self._counts is None:
            self._said += len(text)
        batch.append(PartDelta(text, signature) if signature else PartDelta(text))

    def _may_be_outdated(self, text: str) -> bool:
        """Hold back a first text that may be the refusal of our version, until more of it comes."""
        text = self._held + text
        if not may_refuse_version(text):
            return False
        self._held = text
        return True

    def _flush(self, batch: Batch) -> None:
        """Give out what was held back: something else has come, so it was an answer after all."""
        if self._held:
            text, self._held = self._held, ""
            self._switch(Text, batch)
            batch.append(PartDelta(text, self._held_signature))

    def _switch(self, kind: type[Text] | type[Thought], batch: Batch) -> None:
        if self._open is not None:
            batch.append(_CLOSED)
        self._open = kind
        self._begun = True
        batch.append(_TEXT_OPENED if kind is Text else _THOUGHT_OPENED)

    def _close(self, batch: Batch) -> None:
        if self._open is not None:
            batch.append(_CLOSED)
            self._open = None

    def _whole(self, opened: PartOpened, batch: Batch) -> None:
        self._close(batch)
        self._begun = True
        batch += (opened, _CLOSED)

    def _take_part(self, part: Part, batch: Batch) -> None:
        self._flush(batch)
        if (call := part.function_call or part.snake_call) is not None:
            self._take_call(call, part.signature(), batch)
        elif (blob := part.blob()) is not None:
            if not part.thought:
                self._whole(PartOpened(Media(blob[0].lower(), Base64Text(blob[1]))), batch)
        elif part.file_data is not None:
            link = part.file_data
            self._whole(PartOpened(Media(link.mime_type.lower(), Url(link.file_uri))), batch)
        elif part.executable_code is not None:
            code = part.executable_code
            self._fenced(code.language.lower(), code.code, batch)
        elif part.code_execution_result is not None:
            self._fenced("", part.code_execution_result.output, batch)
        elif signature := part.signature():
            if self._open is None:
                self._switch(Thought if part.thought else Text, batch)
            batch.append(PartDelta("", signature))

    def _fenced(self, language: str, code: str, batch: Batch) -> None:
        if self._open is not Text:
            self._switch(Text, batch)
        batch.append(PartDelta(f"\n```{language}\n{code.rstrip()}\n```\n"))

    def _take_call(self, call: FunctionCall, signature: str, batch: Batch) -> None:
        name = self._asked.names.original(call.name)
        arguments = bytes(call.args).decode() or "{}"
        if PLACEHOLDER in arguments:
            arguments = _without_placeholders(arguments)
        call_id = call.id or ""
        seen = self._calls.get(call_id) if call_id else None
        if seen == (name, arguments):
            return
        if not call_id or seen is not None:
            call_id = self._new_id()
        self._calls[call_id] = (name, arguments)
        free = name in self._asked.custom
        self._close(batch)
        self._begun = True
        batch += (
            PartOpened(ToolCall(call_id, name, kind="custom" if free else "function")),
            PartDelta(_free_text(arguments) if free else arguments),
            PartClosed(signature),
        )


_DECODER: Final = msgspec.json.Decoder(Envelope)
_LIST_DECODER: Final = msgspec.json.Decoder(list[Envelope])
_TEXT_OPENED: Final = PartOpened(Text(""))
_THOUGHT_OPENED: Final = PartOpened(Thought(""))
_CLOSED: Final = PartClosed()


class _FreeText(Struct):
    input: str


def _free_text(arguments: str) -> str:
    """What a custom tool is called with: the one string of its arguments, or all of them."""
    try:
        return msgspec.json.decode(arguments, type=_FreeText).input
    except msgspec.DecodeError:
        return arguments


def _without_placeholders(arguments: str) -> str:
    try:
        return msgspec.json.encode(without_placeholders(msgspec.json.decode(arguments))).decode()
    except msgspec.DecodeError:
        return arguments
