"""The Antigravity provider: the pure modules around it over a transport. One call a method.

Chat always streams, because a plain call of a thinking model may come without its thoughts and outlast
every timeout. Which account and endpoint, and what to do after a failure, is the gateway's.
"""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, cast

import msgspec
from msgspec import Struct, structs

from core.domain.accounts import Realm
from core.domain.events import Batch, JobEvent, Partial, Phase
from core.domain.failure import Cause, Failure, GatewayError, Kind, Scope
from core.domain.models import ModelInfo
from core.domain.ports import Call, Catalogue, Clock, Grant, SignIn, Timeouts, Transport, UpstreamReply
from core.domain.requests import ChatRequest, Effort, ImageRequest
from core.domain.streams import closing
from core.providers.realms import RealmFacts
from core.wire.gemini import UNREADABLE, to_json
from core.wire.sse import EventTooLargeError, SseParser

from .catalogue import read_catalogue
from .decode import Decoder
from .encode import Sender, encode, encode_count, thinks
from .errors import classify
from .foreign import LISTED
from .generation import dropped
from .headers import CallKind, headers, style_of
from .image import Drawing, encode_image
from .known import Models
from .models import PROVIDER, Facts
from .names import siblings
from .refusals import repairable_chat, repairable_image, traced
from .settings import AntigravitySettings
from .signatures import SIGNING
from .signin import AntigravitySignIn, Sleep
from .tools import searches

log = logging.getLogger("agtui.providers.antigravity")

REFUSAL_BYTES: Final = 256 * 1024
CATALOGUE_BYTES: Final = 8 * 1024 * 1024
END_S: Final = 2.0
"""Seconds that a body may stay open, saying nothing, once the answer's ending has come."""

STREAM: Final = "streamGenerateContent?alt=sse"


def build(
    settings: Callable[[], Struct], transport: Transport, clock: Clock, sandbox: RealmFacts | None
) -> AntigravityProvider:
    """The provider table's factory."""
    own = cast(Callable[[], AntigravitySettings], settings)
    return AntigravityProvider(own, transport, clock, sandbox)


class AntigravityProvider:
    """Provider (domain/ports.py) for `v1internal`, in the real realm and the sandbox's.

    `settings` is asked for every call; where the realms are is settled at the start.
    """

    def __init__(
        self,
        settings: Callable[[], AntigravitySettings],
        transport: Transport,
        clock: Clock,
        sandbox: RealmFacts | None = None,
        *,
        new_id: Callable[[], str] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._new_id = new_id or _ids(random.Random())
        self._run = self._new_id()
        self._models = Models(settings().models)
        self._realms: dict[Realm, RealmFacts] = {Realm.REAL: settings().realm()}
        if sandbox is not None:
            self._realms[Realm.SANDBOX] = sandbox
        self._sign_in = AntigravitySignIn(settings, self._realms, transport, clock, sleep)

    @property
    def name(self) -> str:
        return PROVIDER

    @property
    def sign_in(self) -> SignIn:
        return self._sign_in

    def endpoints(self, realm: Realm) -> tuple[str, ...]:
        facts = self._realms.get(realm)
        return facts.endpoints if facts is not None else ()

    def catalogue_endpoints(self, realm: Realm) -> tuple[str, ...]:
        facts = self._realms.get(realm)
        return facts.metadata if facts is not None else ()

    def models(self) -> tuple[ModelInfo, ...]:
        """The built-in table; the sandbox's own models only while there is a sandbox."""
        return self._models.listed(Realm.SANDBOX in self._realms)

    def resolve(self, model: str, kind: str = "chat", effort: Effort | None = None) -> str:
        return self._models.resolve(model, effort)

    def names(self) -> tuple[str, ...]:
        return LISTED

    def dropped(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        row, request = self._models.facts(model), self._models.with_name(request)
        return dropped(request, row, thinks(request, row))

    def signer(self, model: str) -> str:
        row = self._models.facts(model)
        return row.family if SIGNING[row.family].signs else ""

    # --- answers --------------------------------------------------------------------------------

    async def chat(
        self, request: ChatRequest, model: str, grant: Grant, endpoint: str
    ) -> AsyncIterator[Batch]:
        """Stream one answer, a batch for every socket read that held something."""
        row, request = self._models.facts(model), self._models.with_name(request)
        kind = "search" if searches(request, row) else "agent"
        sender = self._sender(grant, f"{kind}-{self._new_id()}")
        asked = encode(request, row, sender)
        call = self._call(
            endpoint, STREAM, "chat", grant, asked.body, row, row.claude and thinks(request, row)
        )
        reply = await self._transport.send(call)
        # What was sent may be large, and the answer may take long.
        del call
        asked = structs.replace(asked, body=b"")
        try:
            await self._check(reply, model)
            streamed = "json" not in reply.headers.get("content-type", "")
            decoder = Decoder(model, asked, self._call_id, self._clock.now, streamed)
            try:
                async with closing(reply.reads()) as reads:
                    until: float | None = None
                    while (read := await (_next(reads, until) if until else anext(reads, None))) is not None:
                        if batch := decoder.feed(read):
                            yield batch
                        if decoder.failure is not None:
                            break
                        if decoder.complete and (batch or until is None):
                            if reply.ended:
                                break
                            until = asyncio.get_running_loop().time() + END_S
            except GatewayError:
                # An answer whose ending has come is whole, however the connection fared after it.
                if not decoder.complete:
                    raise
            except EventTooLargeError as error:
                raise GatewayError(_oversized()) from error
            yield decoder.finish()
        except GatewayError as error:
            failure = traced(error.failure, reply.headers)
            raise GatewayError(repairable_chat(failure, request, row, sender)) from error
        finally:
            await reply.aclose()

    async def image(
        self, request: ImageRequest, model: str, grant: Grant, endpoint: str, index: int
    ) -> AsyncIterator[JobEvent]:
        """Make one picture; where previews are wanted, the answer is read as it comes."""
        row = self._models.facts(model)
        body = encode_image(request, row, self._sender(grant, self._new_id()))
        method = STREAM if request.partials else "generateContent"
        call = self._call(endpoint, method, "image", grant, body, row)
        drawing = Drawing(model, index, self._clock.now(), request.partials)
        yield Phase("sent", index)
        if request.partials:
            async for partial in self._drafts(call, drawing, request, row):
                yield partial
        else:
            status, head, answer = await self._transport.read(call)
            if status != 200:
                failure = traced(classify(status, answer, head, model, self._clock.now()), head)
                raise GatewayError(repairable_image(failure, request, row))
            drawing.take(answer)
        yield drawing.made()

    async def _drafts(
        self, call: Call, drawing: Drawing, request: ImageRequest, row: Facts
    ) -> AsyncIterator[Partial]:
        """What is drawn on the way to a picture, which is in `drawing` at the end."""
        reply = await self._transport.send(call)
        try:
            await self._check(reply, row.id)
            whole = "json" in reply.headers.get("content-type", "")
            parser, body = SseParser(), bytearray()
            async with closing(reply.reads()) as reads:
                async for read in reads:
                    if whole:
                        body += read
                        continue
                    for payload in parser.feed(read):
                        for partial in drawing.take(payload):
                            yield partial
            for payload in (bytes(body),) if whole else parser.finish():
                for partial in drawing.take(payload):
                    yield partial
        except EventTooLargeError as error:
            raise GatewayError(_oversized()) from error
        except GatewayError as error:
            failure = traced(error.failure, reply.headers)
            raise GatewayError(repairable_image(failure, request, row)) from error
        finally:
            await reply.aclose()

    # --- metadata -------------------------------------------------------------------------------

    async def catalogue(self, grant: Grant, endpoint: str) -> Catalogue:
        """What the account may use. A project that is refused is left out once."""
        try:
            body = await self._metadata(grant, endpoint, "fetchAvailableModels", {"project": grant.project})
        except GatewayError as error:
            if error.failure.status != 403 or error.failure.cause not in (Cause.DENIED, Cause.PROJECT):
                raise
            body = await self._metadata(grant, endpoint, "fetchAvailableModels", {})
        try:
            read = read_catalogue(body, self._clock.now())
        except UNREADABLE as error:
            raise GatewayError(_senseless("model list")) from error
        offered = self._models.learn(read.models)
        instead = siblings({model.id for model in offered})
        return Catalogue(offered, read.quotas, instead, read.retired)

    async def count_tokens(self, request: ChatRequest, model: str, grant: Grant, endpoint: str) -> int:
        """Tokens of the request as the upstream counts them."""
        row, request = self._models.facts(model), self._models.with_name(request)
        body = encode_count(request, row, self._settings().system_preamble)
        counted = await self._metadata(grant, endpoint, "countTokens", body)
        try:
            count = msgspec.json.decode(counted, type=_Count)
        except UNREADABLE as error:
            raise GatewayError(_senseless("token count")) from error
        return (count.response or count).total_tokens

    async def _metadata(
        self, grant: Grant, endpoint: str, method: str, body: bytes | Mapping[str, str]
    ) -> bytes:
        encoded = body if isinstance(body, bytes) else to_json(body)
        call = self._call(endpoint, method, "metadata", grant, encoded, None)
        status, head, answer = await self._transport.read(call, CATALOGUE_BYTES)
        if status != 200:
            failure = classify(status, answer, head, f"The {method} call", self._clock.now())
            raise GatewayError(traced(failure, head))
        return answer

    # --- calls ----------------------------------------------------------------------------------

    def _call(
        self,
        endpoint: str,
        method: str,
        kind: CallKind,
        grant: Grant,
        body: bytes,
        row: Facts | None,
        claude_thinks: bool = False,
    ) -> Call:
        style = style_of(self._settings(), self._run)
        return Call(
            "POST",
            f"{endpoint}/v1internal:{method}",
            headers(kind, grant.device, style, grant.token, claude_thinks),
            body,
            pool=grant.account,
            timeouts=self._timeouts(row),
            repeatable=kind != "image",
            trace=grant.trace,
        )

    def _timeouts(self, row: Facts | None) -> Timeouts:
        """How long to wait; None: a metadata call."""
        settings = self._settings()
        connect = settings.connect_timeout_s
        if row is None:
            limit = settings.metadata_timeout_s
            return Timeouts(min(connect, limit), limit, limit, limit)
        if row.thinking != "never" or row.draws:
            return Timeouts(connect, settings.thinking_timeout_s, settings.thinking_idle_timeout_s)
        return Timeouts(connect, settings.answer_timeout_s, settings.idle_timeout_s)

    def _sender(self, grant: Grant, request_id: str) -> Sender:
        settings = self._settings()
        return Sender(
            grant.account,
            grant.project,
            request_id,
            settings.system_preamble,
            settings.send_request_type,
            settings.enable_credits,
        )

    def _call_id(self) -> str:
        """An id for a tool call that came without one."""
        return "call_" + self._new_id().replace("-", "")[:24]

    async def _check(self, reply: UpstreamReply, model: str) -> None:
        """Raise what a refusal means; its body is read as far as it can matter."""
        if reply.status == 200:
            return
        pieces: list[bytes] = []
        async with closing(reply.reads()) as reads:
            async for read in reads:
                pieces.append(read)
                if sum(map(len, pieces)) > REFUSAL_BYTES:
                    break
        body = b"".join(pieces)
        raise GatewayError(classify(reply.status, body, reply.headers, model, self._clock.now()))


def _ids(chance: random.Random) -> Callable[[], str]:
    """Version 4 UUIDs; the kernel's random numbers let go of the interpreter for each."""
    return lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4))


async def _next(reads: AsyncIterator[bytes], until: float) -> bytes | None:
    """The next read; None at the end, and for a body that is still open at `until` (the loop's time)."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(reads, None)
    except TimeoutError:
        return None


class _Count(Struct, rename="camel"):
    total_tokens: int = 0
    response: _Count | None = None


def _senseless(what: str) -> Failure:
    return Failure(
        Kind.UPSTREAM,
        f"Google's {what} can't be read. Check the endpoint setting, then try again.",
        scope=Scope.ENDPOINT,
        cause=Cause.SERVER,
    )


def _oversized() -> Failure:
    return Failure(
        Kind.UPSTREAM,
        "A piece of the answer is larger than agtui takes. Ask for less.",
        scope=Scope.REQUEST,
        cause=Cause.SERVER,
    )
