"""The words of an answer for people, in whichever client protocol it is written: its text, and its failure.

Reads what our own door writes (OpenAI's chat, completions and responses, Anthropic, Gemini). Lenient: what
it doesn't know holds no words.
"""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from .sse import EVENT_STREAM, SseParser

_DELTAS: Final = ("response.output_text.delta", "response.refusal.delta")


class AnswerReader:
    """Reads one answer as it comes. `failure` is what it says went wrong; empty: nothing."""

    def __init__(self, content_type: str) -> None:
        self._events = SseParser() if content_type == EVENT_STREAM else None
        self._held: list[bytes] = []
        self.failure = ""

    def feed(self, read: bytes) -> str:
        """The words that `read` completes."""
        if self._events is None:
            self._held.append(read)
            return ""
        return "".join(map(self._words, self._events.feed(read)))

    def end(self) -> str:
        """The words that are left once the answer is over."""
        return self._words(b"".join(self._held))

    def _words(self, payload: bytes) -> str:
        try:
            value: Any = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""
        values = cast("list[Any]", value) if isinstance(value, list) else [value]
        return "".join(self._of(_dict(one)) for one in values)

    def _of(self, value: dict[str, Any]) -> str:
        inner = _dict(value.get("response"))
        error = _dict(value.get("error") or inner.get("error"))
        if error:
            self.failure = str(error.get("message") or error.get("type") or "it failed")
        if value.get("type") in _DELTAS:
            return _text(value.get("delta"))
        if value.get("type") == "content_block_delta":
            return _text(_dict(value.get("delta")).get("text"))
        if value.get("object") == "response":
            return "".join(_texts(item.get("content")) for item in _dicts(value.get("output")))
        if value.get("type") == "message":
            return _texts(value.get("content"))
        said = [_choice(choice) for choice in _dicts(value.get("choices"))]
        said += [_texts(_dict(one.get("content")).get("parts")) for one in _dicts(value.get("candidates"))]
        pictures = [one for one in _dicts(value.get("data")) if "b64_json" in one or "url" in one]
        said += [f"{one.get('url') or '[a picture]'}\n" for one in pictures]
        return "".join(said)


def _choice(choice: dict[str, Any]) -> str:
    message = _dict(choice.get("delta") or choice.get("message"))
    content = message.get("content")
    return _texts(content) if isinstance(content, list) else _text(content) + _text(choice.get("text"))


def _texts(parts: Any) -> str:
    """The texts of a list of parts, thoughts left out."""
    return "".join(_text(part.get("text")) for part in _dicts(parts) if not part.get("thought"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in found if isinstance(one, dict)]
