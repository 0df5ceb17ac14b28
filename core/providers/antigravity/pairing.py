"""Every tool call answered in the very next turn, in call order, under one id.

Pure, on wire parts. Histories of real clients miss results, split parallel calls, reuse ids and carry
results of calls that are gone; whatever comes in, what goes out is paired, and no result is lost.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

WirePart = dict[str, Any]

NO_RESULT: Final = "No result was recorded for this call."
ODD_IN_ID: Final = re.compile(r"[^A-Za-z0-9_-]")


class WireTurn(Struct, frozen=True):
    role: str
    parts: list[WirePart]


def paired(turns: list[WireTurn], strict_ids: bool) -> list[WireTurn]:
    """`turns` (neighbours merged) with calls and results matched.

    `strict_ids` rewrites ids to letters, digits, `_` and `-`, as Claude wants them.
    """
    out: list[WireTurn] = []
    fresh = _Ids(strict_ids)
    at = 0
    while at < len(turns):
        turn = turns[at]
        at += 1
        if turn.role != "model":
            out.append(WireTurn("user", [_as_text(part) for part in turn.parts]))
            continue
        calls = [part["functionCall"] for part in turn.parts if "functionCall" in part]
        if not calls:
            out.append(turn)
            continue
        after = turns[at].parts if at < len(turns) else []
        at += 1
        asked = [call["id"] for call in calls]
        ids = [fresh.distinct(one, place, len(out)) for place, one in enumerate(asked)]
        answers, strays = _match(calls, [part for part in after if "functionResponse" in part])
        rest = [part for part in after if "functionResponse" not in part]
        renamed = iter(ids)
        out.append(WireTurn("model", [_with_id(part, renamed) for part in turn.parts]))
        results = [
            _response(call["name"], new_id, answer)
            for call, new_id, answer in zip(calls, ids, answers, strict=True)
        ]
        out.append(WireTurn("user", [*results, *(_as_text(part) for part in strays), *rest]))
    return out


def renamed(contents: list[WirePart]) -> list[WirePart]:
    """Paired `contents` as they are sent, with an id of our own for every call and its result."""
    out: list[WirePart] = []
    ids: list[str] = []
    for place, turn in enumerate(contents):
        if turn["role"] == "model":
            count = sum("functionCall" in part for part in turn["parts"])
            ids = [_made_id(place, at) for at in range(count)]
        fresh = iter(ids)
        out.append({**turn, "parts": [_with_id(part, fresh) for part in turn["parts"]]})
    return out


def _match(
    calls: list[dict[str, Any]], results: list[WirePart]
) -> tuple[list[WirePart | None], list[WirePart]]:
    """For each call its result: by id, then by name in order, then by position; and what is left over."""
    answers: list[WirePart | None] = [None] * len(calls)
    left = dict(enumerate(results))
    for key in _KEYS:
        waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        for place, result in left.items():
            waiting[key(result["functionResponse"])].append(place)
        waiting.pop("", None)
        for at, call in enumerate(calls):
            if answers[at] is None and (places := waiting.get(key(call))):
                answers[at] = left.pop(places.popleft())
    return answers, list(left.values())


_KEYS: Final[tuple[Callable[[dict[str, Any]], str], ...]] = (
    lambda one: one["id"],
    lambda one: one["name"],
    lambda _: "anywhere",
)


class _Ids:
    """Ids that no other call of the history has; the same history always gives the same ones.

    `strict`: of letters, digits, `_` and `-` alone.
    """

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def distinct(self, call_id: str, place: int, turn: int) -> str:
        wanted = (ODD_IN_ID.sub("_", call_id) if self._strict else call_id) or _made_id(turn, place)
        found, count = wanted, self._counts.get(wanted, 1)
        while found in self._taken:
            count += 1
            found = f"{wanted}-{count}"
        self._taken.add(found)
        self._counts[wanted] = count
        return found


def _made_id(turn: int, place: int) -> str:
    return "call_" + hashlib.sha256(f"{turn}.{place}".encode()).hexdigest()[:24]


def _with_id(part: WirePart, ids: Iterator[str]) -> WirePart:
    for kind in ("functionCall", "functionResponse"):
        if kind in part:
            return {**part, kind: {**part[kind], "id": next(ids)}}
    return part


def _response(name: str, call_id: str, answer: WirePart | None) -> WirePart:
    response = {"error": NO_RESULT} if answer is None else answer["functionResponse"]["response"]
    return {"functionResponse": {"name": name, "id": call_id, "response": response}}


def _as_text(part: WirePart) -> WirePart:
    """A result whose call is gone, said in words."""
    result = part.get("functionResponse")
    if result is None:
        return part
    response: msgspec.Raw | dict[str, str] = result["response"]
    text = bytes(response).decode() if isinstance(response, msgspec.Raw) else "".join(response.values())
    return {"text": f"Tool result ({result['name'] or 'unknown'}): {text}"}
