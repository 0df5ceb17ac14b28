"""The order of a conversation: calls and their responses, signatures, and what Claude insists on.

Gemini's words for the first two come from the Gemini API, Claude's from the Messages API behind it
(spec/antigravity-upstream.md 6.3, 9.4 and 10.8).
"""

import re
import string
from typing import Final

from core.sandbox.errors import anthropic_invalid, invalid
from core.sandbox.messages import Content, FunctionCall, FunctionResponse, Part
from core.sandbox.signatures import SENTINELS, is_signature, signs_thought

_BASE64: Final = (string.ascii_letters + string.digits + "+/-_").encode()
_CLAUDE_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")


def is_base64(text: str) -> bool:
    """Whether `text` can be base64 of either alphabet, padded or not."""
    plain = text.rstrip("=")
    return len(plain) % 4 != 1 and len(text) - len(plain) < 3 and not plain.encode().translate(None, _BASE64)


def calls_of(content: Content) -> list[FunctionCall]:
    return [part.function_call for part in content.parts or [] if part.function_call]


def responses_of(content: Content) -> list[FunctionResponse]:
    return [part.function_response for part in content.parts or [] if part.function_response]


def check_calls(contents: list[Content]) -> None:
    """Responses stand in the turn after their calls, as many as there were, with the same names."""
    pending: list[FunctionCall] = []
    for content in contents:
        responses = responses_of(content)
        if responses and not pending:
            raise invalid(
                "Please ensure that function response turn comes immediately after a function call turn."
            )
        if pending and len(responses) != len(pending):
            raise invalid(
                "Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        if sorted(one.name or "" for one in responses) != sorted(one.name or "" for one in pending):
            raise invalid(
                "Please ensure that the function response parts have the names of the function call parts."
            )
        pending = calls_of(content)
        if pending and content.role != "model":
            raise invalid("Please ensure that function call turn has the role model.")
        if any(not call.name for call in pending):
            raise invalid(
                "* GenerateContentRequest.contents.parts.function_call.name: Name cannot be empty.\n"
            )
    if pending:
        raise invalid(
            "Please ensure that function call turn comes before a function response turn, not last."
        )


def current_loop(contents: list[Content]) -> int:
    """Index of the first turn after the last user turn that a person wrote."""
    for at in range(len(contents) - 1, -1, -1):
        content = contents[at]
        if content.role != "model" and not responses_of(content):
            return at + 1
    return 0


def check_signatures(contents: list[Content]) -> None:
    """Gemini 3 and later: the first call of each model turn of the running tool loop is signed."""
    for at in range(current_loop(contents), len(contents)):
        calls = [part for part in contents[at].parts or [] if part.function_call]
        if not calls:
            continue
        signature = calls[0].thought_signature
        name = calls[0].function_call.name if calls[0].function_call else ""
        if not signature:
            raise invalid(
                "Function call is missing a thought_signature in functionCall parts. This is required for "
                "tools to work correctly, and missing thought_signature may lead to degraded model "
                f"performance. Additional data, function call `default_api:{name}` , position {at + 1}. "
                "Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
            )
    for content in contents:
        for part in content.parts or []:
            signature = part.thought_signature
            if signature and signature not in SENTINELS and not is_signature(signature, "gemini"):
                raise invalid("Corrupted thought signature.")


def check_claude(contents: list[Content], thinking: bool, declared: set[str]) -> None:
    """What the Messages API refuses after the gateway has translated a request to it."""
    if contents[-1].role == "model":
        raise anthropic_invalid(
            "This model does not support assistant message prefill. The conversation must end with a "
            "user message.",
            "prefill",
        )
    for at, content in enumerate(contents):
        for place, part in enumerate(content.parts or []):
            _check_claude_part(part, f"messages.{at}.content.{place}", thinking)
    if not declared and any(calls_of(content) for content in contents):
        raise anthropic_invalid("Requests which include `tool_use` blocks must define tools.", "tools")
    if not thinking:
        return
    for at in range(current_loop(contents), len(contents)):
        parts = contents[at].parts or []
        if calls_of(contents[at]) and not parts[0].thought:
            raise anthropic_invalid(
                f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                "`tool_use`. When `thinking` is enabled, a final `assistant` message must start with a "
                "thinking block.",
                "thinking",
            )


def _check_claude_part(part: Part, path: str, thinking: bool) -> None:
    call = part.function_call
    if call and not call.id:
        raise anthropic_invalid(f"{path}.tool_use.id: Field required", "id")
    if call and call.id and not _CLAUDE_ID.fullmatch(call.id):
        raise anthropic_invalid(f"{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'", "id")
    if part.thought:
        if not thinking:
            raise anthropic_invalid(f"{path}: thinking blocks are not allowed: thinking is disabled", "off")
        if not signs_thought(part.thought_signature or "", part.text or ""):
            raise anthropic_invalid(f"{path}: Invalid `signature` in `thinking` block", "signature")
    elif part.text is not None and not part.text.strip():
        raise anthropic_invalid(f"{path}: text content blocks must be non-empty", "blank")
