"""Small things between the sandbox's handlers and HTTP: reading bodies, answering with JSON, refusing."""

from typing import Any, Final

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response

from core.sandbox import strict, usage
from core.sandbox.accounts import SandboxAccount
from core.sandbox.catalogue import MODELS
from core.sandbox.checks import check_contents, check_tools
from core.sandbox.delivery import Delivery, Unanswered
from core.sandbox.errors import JSON, ApiError, Refused, project_denied
from core.sandbox.messages import CountBody, CountedRequest, ModelsBody

ENDPOINT: Final = "agtui.endpoint"
"""Where a request's scope keeps the number of the address that it came to."""
LARGEST_BODY: Final = 100 * 1024 * 1024


def count(body: bytes) -> dict[str, int]:
    """The reply to countTokens. Raises ApiError 400."""
    request = strict.read(body, CountBody).request or CountedRequest()
    check_contents(request.contents, request.system_instruction)
    check_tools(request.tools, request.tool_config, MODELS["sandbox-chat"])
    return {"totalTokens": usage.prompt_tokens(request)}


def check_project(body: bytes, account: SandboxAccount) -> None:
    """Raises ApiError 403 for a project that isn't the account's own; none at all will do."""
    asked = strict.read(body, ModelsBody)
    if asked.project and asked.project != account.project:
        raise project_denied(asked.project)


def own_address(request: HttpRequest) -> str:
    """The sandbox's own address."""
    return str(request.base_url).rstrip("/")


def endpoint_of(request: HttpRequest) -> int:
    """The number of the address that was asked, from 1."""
    return request.scope.get(ENDPOINT, 1)


def page(html: str) -> Any:
    """A handler that shows `html`."""

    async def shown(request: HttpRequest) -> Response:
        return HTMLResponse(html)

    return shown


async def body_of(request: HttpRequest) -> bytes:
    """The whole body. Raises ApiError 413."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BODY:
            raise ApiError(413, f"Request payload size exceeds the limit: {LARGEST_BODY} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


def as_json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


async def refused(request: HttpRequest, refusal: Refused) -> Delivery:
    """What a handler that raised Refused answers."""
    body = refusal.body()
    headers = {"content-type": refusal.media_type, "content-length": str(len(body)), **refusal.headers}
    encoded = [(name.encode(), text.encode()) for name, text in headers.items()]
    return Delivery([body], encoded, status=refusal.code, lead=refusal.wait)


async def unanswered(request: HttpRequest, nothing: Unanswered) -> Unanswered:
    """What one that raised Unanswered answers: the exception does it itself."""
    return nothing
