"""Repairs: what a 400 says is wrong with a request, and the request with that changed.

The table names what is read of a refusal; `mended` changes the request as it is about to be sent. A repair
is proposed once a request and kind, and only if it changes anything. Whether the request is sent again is
the gateway's. Source: the repairs of the upstream notes (10.8), Gemini's and Claude's words for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from core.domain.requests import Effort
from core.wire.gemini import to_json
from core.wire.schema import clean_json

from .contents import CONTINUE, OPENER
from .models import EFFORT_LEVELS, Facts, budget_for, level_for, level_of_budget
from .pairing import renamed
from .signatures import SIGNING
from .thinking import CLAUDE_LEAST
from .tools import schema_mode

Wire = dict[str, Any]


class Repair(Struct, frozen=True):
    """One kind. It applies where one of `texts` (lower case) or `pattern` occurs in what the 400 says.

    The group of `pattern` that matched is the repair's detail: the key or the tool that is meant. `loses`
    names what the caller asked and is not told any more; a key names itself.
    """

    kind: str
    change: Callable[[Wire, Facts, str], Wire]
    texts: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    loses: str = ""


def proposed(text: str, done: tuple[str, ...], request: Callable[[tuple[str, ...]], Wire]) -> str:
    """The repair for a 400 that says `text`, as `kind` or `kind:detail`; empty: none that would change it.

    `request` gives the request object with some repairs made, `done` are those that it had.
    """
    kinds = {name.partition(":")[0] for name in done}
    for repair in REPAIRS:
        detail = _detail(repair, text)
        if detail is None or repair.kind in kinds:
            continue
        name = f"{repair.kind}:{detail}" if detail else repair.kind
        if to_json(request(done)) != to_json(request((*done, name))):
            return name
    return ""


def mended(request: Wire, row: Facts, repairs: tuple[str, ...]) -> Wire:
    """The request object with `repairs` made; it is not changed itself."""
    for name in repairs:
        kind, _, detail = _split(name)
        request = _CHANGES[kind](request, row, detail)
    return request


def lost(repairs: tuple[str, ...]) -> list[str]:
    """Names of what the caller asked and a request with `repairs` does not say."""
    said = {repair.kind: repair.loses for repair in REPAIRS}
    names = [said[kind] or (detail if kind == "key" else "") for kind, _, detail in map(_split, repairs)]
    return [name for name in names if name]


def _split(name: str) -> tuple[str, str, str]:
    return name.partition(":")


def _detail(repair: Repair, text: str) -> str | None:
    """What the 400 means in particular; None: the repair is not for it."""
    if repair.pattern is not None and (found := repair.pattern.search(text)):
        return next((group for group in found.groups() if group), "")
    lower = text.lower()
    return "" if any(one in lower for one in repair.texts) else None


# --- the changes -----------------------------------------------------------------------------------


def _without_thoughts(request: Wire, row: Facts, _: str) -> Wire:
    """No thoughts and no signatures. Gemini is told of every call that it need not look for one; Claude
    does not think on in the middle of a tool loop."""
    contents: list[Wire] = []
    for turn in request.get("contents", ()):
        parts = [_unsigned(part, row) for part in turn["parts"] if not part.get("thought")]
        contents.append({**turn, "parts": parts or [{"text": OPENER}]})
    request = {**request, "contents": contents}
    if row.claude and any("functionResponse" in part for part in contents[-1]["parts"]):
        return _without_thinking(request)
    return request


def _unsigned(part: Wire, row: Facts) -> Wire:
    bare = {key: value for key, value in part.items() if key != "thoughtSignature"}
    sentinel = SIGNING[row.family].sentinel
    if "functionCall" in part and row.signs_calls and sentinel:
        return {**bare, "thoughtSignature": sentinel}
    return bare


def _without_thinking(request: Wire) -> Wire:
    config = {key: value for key, value in request.get("generationConfig", {}).items() if key != THINKING}
    return {**request, "generationConfig": config}


def _paired_anew(request: Wire, row: Facts, _: str) -> Wire:
    """Every call under an id of our own, and its results alone in the turn that follows: what else was
    said there stands in a turn after it."""
    contents: list[Wire] = []
    for turn in renamed(request.get("contents", [])):
        results = [part for part in turn["parts"] if "functionResponse" in part]
        rest = [part for part in turn["parts"] if "functionResponse" not in part]
        if results and rest:
            contents += (
                {**turn, "parts": results},
                {"role": "model", "parts": [{"text": OPENER}]},
                {**turn, "parts": rest},
            )
        else:
            contents.append(turn)
    return {**request, "contents": contents}


def _smaller_budget(request: Wire, row: Facts, _: str) -> Wire:
    """A thinking budget well below the output limit; no thinking where there is no room for it."""
    config: Wire = request.get("generationConfig", {})
    thinking: Wire = config.get(THINKING, {})
    budget, limit = thinking.get("thinkingBudget"), config.get("maxOutputTokens")
    if budget is None or limit is None:
        return request
    budget = min(budget, limit) // 2
    if row.claude and budget < CLAUDE_LEAST:
        return _without_thinking(_without_thoughts(request, row, ""))
    return {**request, "generationConfig": {**config, THINKING: {**thinking, "thinkingBudget": budget}}}


def _other_form(request: Wire, row: Facts, _: str) -> Wire:
    """A thinking level as a budget, a budget as a level."""
    config: Wire = request.get("generationConfig", {})
    thinking: Wire = dict(config.get(THINKING, {}))
    level, budget = thinking.pop("thinkingLevel", None), thinking.pop("thinkingBudget", None)
    if level is not None:
        efforts: list[Effort] = [effort for effort, one in EFFORT_LEVELS.items() if one == level]
        thinking["thinkingBudget"] = budget_for(row, efforts[0])
    elif budget is not None and row.gemini:
        wanted = level_of_budget(budget) if budget >= 0 else "high"
        thinking["thinkingLevel"] = level_for(row, wanted) if row.levels else wanted
    limit, budget = config.get("maxOutputTokens"), thinking.get("thinkingBudget")
    if limit is not None and budget is not None:
        thinking["thinkingBudget"] = min(budget, limit - 1)
    return {**request, "generationConfig": {**config, THINKING: thinking}}


def _without_key(request: Wire, row: Facts, key: str) -> Wire:
    """One key out of the configuration, at every depth but in the answer's schema."""
    config = _pruned(request.get("generationConfig", {}), _camel(key))
    return {**request, "generationConfig": config}


def _pruned(node: Wire, key: str) -> Wire:
    kept: Wire = {}
    for name, value in node.items():
        if name == key:
            continue
        if isinstance(value, dict):
            value = _pruned(value, key)  # pyright: ignore[reportUnknownArgumentType]
            if not value:
                continue
        kept[name] = value
    return kept


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _open_schema(request: Wire, row: Facts, place: str) -> Wire:
    """The accused tool takes any object."""
    tools: list[Wire] = request.get("tools", [])
    accused = accused_tools(request, place)
    if not accused:
        return request
    anything = clean_json({"type": "object"}, schema_mode(row))
    declared = [
        {**one, "parameters": anything} if one in accused else one for one in tools[0]["functionDeclarations"]
    ]
    return {**request, "tools": [{**tools[0], "functionDeclarations": declared}, *tools[1:]]}


def accused_tools(request: Wire, place: str) -> list[Wire]:
    """The declarations whose schemas a 400 is about: the one at `place`, or all where it names none."""
    tools: list[Wire] = request.get("tools", [])
    declared: list[Wire] = tools[0].get("functionDeclarations", []) if tools else []
    return [one for at, one in enumerate(declared) if not place or int(place) == at]


def _unvalidated(request: Wire, row: Facts, _: str) -> Wire:
    """Tools whose calls are not held to their schemas."""
    calling: Wire = request.get("toolConfig", {}).get("functionCallingConfig", {})
    if calling.get("mode") != "VALIDATED":
        return request
    return {**request, "toolConfig": {"functionCallingConfig": {**calling, "mode": "AUTO"}}}


def _ended(request: Wire, row: Facts, _: str) -> Wire:
    """The last turn is the user's."""
    contents: list[Wire] = request.get("contents", [])
    if not contents or contents[-1]["role"] == "user":
        return request
    return {**request, "contents": [*contents, {"role": "user", "parts": [{"text": CONTINUE}]}]}


THINKING: Final = "thinkingConfig"

REPAIRS: Final[tuple[Repair, ...]] = (
    Repair("mode", _unvalidated, pattern=re.compile(r"\bVALIDATED\b")),
    Repair(
        "thinking_form",
        _other_form,
        (
            "thinking_level",
            "thinkinglevel",
            "thinking level",
            "thinking_budget",
            "thinkingbudget",
            "thinking budget",
        ),
    ),
    Repair(
        "key",
        _without_key,
        pattern=re.compile(
            r"""Unknown name "(\w+)" at '[^']*(?:generation_?config|image_?config)|\b(image_?size)\b""",
            re.IGNORECASE,
        ),
    ),
    Repair(
        "schema",
        _open_schema,
        ("input_schema", "request.tools"),
        re.compile(r"tools\.(\d+)\.custom\.input_schema|function_declarations\[(\d+)\]", re.IGNORECASE),
        loses="tools",
    ),
    Repair(
        "budget",
        _smaller_budget,
        ("`max_tokens` must be greater than", "max_tokens must be greater", "greater than `thinking.budget"),
        loses="thinking",
    ),
    Repair(
        "max_output",
        lambda request, row, _: _without_key(request, row, "maxOutputTokens"),
        ("maxoutputtokens", "max_output_tokens", "max_tokens:"),
        loses="max_tokens",
    ),
    Repair(
        "thoughts",
        _without_thoughts,
        (
            "invalid `signature`",
            "invalid signature",
            "thought_signature",
            "thought signature",
            "thoughtsignature",
            "expected `thinking`",
            "must start with a thinking block",
            "thinking is disabled",
            "cannot be modified",
        ),
    ),
    Repair(
        "pairing",
        _paired_anew,
        (
            "without `tool_result`",
            "without tool_result",
            "unexpected `tool_use_id`",
            "unexpected tool_use_id",
            "number of function response parts",
            "function response turn comes",
            "function call turn comes",
        ),
    ),
    Repair("ending", _ended, ("must end with a user message", "must be user", "prefill")),
)
"""Tried in this order; the first one that applies and changes something is proposed."""

_CHANGES: Final = {repair.kind: repair.change for repair in REPAIRS}
