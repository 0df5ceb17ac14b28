"""The keys of a script, what each takes, and which answers a kind of call can be given. Data, mostly."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, cast

from msgspec import Struct

from core.sandbox.accounts import TIERS
from core.sandbox.catalogue import MODELS
from core.sandbox.durations import seconds
from core.sandbox.quotas import Allowance
from core.sandbox.refusals import NAMES, POSSIBLE, TOKEN_SHAPES
from core.sandbox.script import CALLS, GENERATIONS
from core.sandbox.steering import ACCIDENTS, FORMS

AS_USUAL: Final = "ok"
BEFORE: Final = ("close", "silent")
"""Accidents that can happen to any call."""

OWN_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    AS_USUAL: tuple(CALLS),
    "no-refresh-token": ("code",),
    "pending": ("onboard",),
    "refuse": ("consent",),
    "wait": ("consent",),
    "expired": ("consent",),
}
"""Answers that are no refusal, beside `steering.ACCIDENTS`, and the calls that they are for."""


class Key(Struct, frozen=True):
    """`read` takes a value of TOML and raises ValueError for what is not `expected`."""

    read: Callable[[Any], Any]
    expected: str
    needed: bool = False


def refuses(call: str) -> bool:
    """Whether a kind of call can be refused with a status: a page can't."""
    return call != "consent"


def answers_for(call: str) -> tuple[str, ...]:
    """The names that a kind of call can be answered with."""
    own = [name for name, calls in OWN_ANSWERS.items() if call in calls]
    if not refuses(call):
        return tuple(own)
    accidents = ACCIDENTS if call in GENERATIONS else BEFORE
    tokens = TOKEN_SHAPES if call in ("code", "refresh") else ()
    return (*own, *accidents, *NAMES, "body", *tokens)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _any_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_text(value),)
    if not isinstance(value, list):
        raise ValueError
    return tuple(_text(one) for one in cast("list[Any]", value))


def _number(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return read


def _fraction(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError
    return float(value)


def _duration(value: Any) -> float:
    length = seconds(value) if isinstance(value, str) else value
    if not isinstance(length, int | float) or isinstance(length, bool) or not 0 <= length <= 1e9:
        raise ValueError
    return float(length)


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError
        return cast("str", value)

    return read


def _calls(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    if not names or not set(names) <= CALLS.keys():
        raise ValueError
    return names


def _answer(value: Any) -> str:
    """A name; a status is taken as a number or as a text."""
    if isinstance(value, int) and not isinstance(value, bool) and value in POSSIBLE:
        return str(value)
    if _text(value).isdecimal() and int(value) not in POSSIBLE:
        raise ValueError
    return cast("str", value)


def _model(value: Any) -> str:
    if not any(fnmatchcase(model, _text(value)) for model in MODELS):
        raise ValueError
    return cast("str", value)


def _models(value: Any) -> tuple[str, ...]:
    patterns = _texts(value)
    if not patterns:
        raise ValueError
    return tuple(_model(one) for one in patterns)


def _tables(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError
    return cast("list[Any]", value)


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError
    found = cast("dict[str, Any]", value)
    for name, text in found.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", _any_text(text)):
            raise ValueError
    return {name.lower(): text for name, text in found.items()}


_LENGTH: Final = 'a length of time such as "1h16m3s", "700ms", or a number of seconds'
_MODELS: Final = f'models of the sandbox, or patterns such as "claude-*": {", ".join(MODELS)}'
_FAMILIES: Final = tuple(dict.fromkeys(model.family for model in MODELS.values()))
_WINDOWS: Final = tuple(window.name for window in Allowance().windows)
_TIERS: Final = ("free", *TIERS)


def _words(words: tuple[str, ...]) -> str:
    return f"one of {', '.join(words)}"


ROOT: Final[Mapping[str, Key]] = {
    "account": Key(_tables, "written as [[account]]"),
    "rule": Key(_tables, "written as [[rule]]"),
    "endpoints": Key(_number(1, 8), "a whole number from 1 to 8"),
    "pace": Key(_duration, _LENGTH),
}
ACCOUNT: Final[Mapping[str, Key]] = {
    "name": Key(_text, "a text, such as ada", needed=True),
    "count": Key(_number(1, 1000), "a whole number from 1 to 1000"),
    "project": Key(_one_of("ready", "onboard", "none"), "one of ready, onboard, none"),
    "polls": Key(_number(0, 1000), "a whole number, 0 or more"),
    "tier": Key(_one_of(*_TIERS), _words(_TIERS)),
    "models": Key(_models, f"a list of {_MODELS}"),
    "without": Key(_models, f"a list of {_MODELS}"),
    "quota": Key(_tables, 'a list such as [{ window = "weekly", left = 0.1 }]'),
}
QUOTA: Final[Mapping[str, Key]] = {
    "family": Key(_one_of(*_FAMILIES), _words(_FAMILIES)),
    "window": Key(_one_of(*_WINDOWS), _words(_WINDOWS)),
    "left": Key(_fraction, "a number from 0 to 1"),
    "resets": Key(_duration, _LENGTH),
    "tokens": Key(_number(1, 10**9), "a whole number, 1 or more"),
    "pictures": Key(_number(1, 10**9), "a whole number, 1 or more"),
}
RULE: Final[Mapping[str, Key]] = {
    "account": Key(_text, 'the name of an account, or a pattern such as "acc-*"'),
    "model": Key(_model, _MODELS),
    "call": Key(_calls, f"one or a list of {', '.join(CALLS)}"),
    "endpoint": Key(_number(1, 8), "a whole number from 1 to 8"),
    "after": Key(_number(0, 10**9), "a whole number, 0 or more"),
    "times": Key(_number(1, 10**9), "a whole number, 1 or more"),
    "answer": Key(_answer, "the name of an answer, or a status from 400 to 599", needed=True),
    "reset": Key(_duration, _LENGTH),
    "status": Key(_number(400, 599), "a status from 400 to 599"),
    "form": Key(_one_of(*FORMS), _words(FORMS)),
    "details": Key(_texts, 'a list of kinds such as ["RetryInfo"], which may be empty'),
    "message": Key(_text, "a text"),
    "headers": Key(_headers, 'a table of texts such as { retry-after = "30" }'),
    "body": Key(_any_text, "a text"),
    "type": Key(_text, "a media type such as text/html"),
    "delay": Key(_duration, _LENGTH),
    "chunks": Key(_number(0, 10**6), "a whole number, 0 or more"),
}


def _is_refusal(answer: str, _: Mapping[str, Any]) -> bool:
    return answer not in ACCIDENTS and answer not in OWN_ANSWERS


def _is_shaped(answer: str, values: Mapping[str, Any]) -> bool:
    return _is_refusal(answer, values) and answer not in ("body", "page")


OF_ANSWERS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], bool]]] = {
    "reset": lambda answer, _: answer in ("quota", "rate", "capacity", "429", "503", "529"),
    "model": lambda _, values: set(values.get("call", GENERATIONS)) <= set(GENERATIONS),
    "status": lambda answer, values: _is_refusal(answer, values) and not answer.isdecimal(),
    "form": lambda answer, values: _is_shaped(answer, values) and answer not in TOKEN_SHAPES,
    "details": lambda answer, values: _is_shaped(answer, values) and answer not in TOKEN_SHAPES,
    "message": _is_shaped,
    "headers": _is_refusal,
    "body": lambda answer, _: answer == "body",
    "type": lambda answer, _: answer == "body",
    "chunks": lambda answer, values: answer in ("cut", "hang") or values.get("form") == "stream",
}
"""Keys that mean something only with some answers, or with some calls."""
