"""Values of any type that the services speak of, and services that answer with them.

`sample(type, n)` makes a value; different `n` reach every member of a union.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from core.attach.schema import Method, table
from core.domain.failure import Failure, GatewayError, Kind

PLAIN: dict[Any, Any] = {
    str: "line one\nline\u2028two \x1b[0m é",
    int: 7,
    float: 1.5,
    bool: True,
    bytes: b"\x00\xff\x89PNG",
    type(None): None,
    Any: {"any": [1, None, "x"]},
}


def sample(kind: Any, n: int = 0) -> Any:
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[n % len(arguments)], n)
    if origin is typing.Literal:
        return arguments[n % len(arguments)]
    if origin is tuple:
        return tuple(sample(arguments[0], n + at) for at in range(2))
    if origin is list:
        return [sample(arguments[0], n + at) for at in range(12)]
    if origin in (dict, frozenset):
        return {"key": sample(arguments[1], n)}
    if issubclass(kind, enum.Enum):
        return list(kind)[n % len(list(kind))]
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: sample(hints[field.name], n) for field in msgspec.structs.fields(kind)})


class Echo:
    """One service: every method notes its arguments and answers with samples, or fails as told."""

    def __init__(self, methods: dict[str, Method], failure: Failure | None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        for method in methods.values():
            setattr(self, method.name, self._function(method, failure))

    def _function(self, method: Method, failure: Failure | None) -> Any:
        def note(args: Any, kwargs: Any) -> None:
            bound = method.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            self.calls.append((method.name, dict(bound.arguments)))

        async def unary(*args: Any, **kwargs: Any) -> Any:
            note(args, kwargs)
            if failure is not None:
                raise GatewayError(failure)
            return sample(method.result)

        async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            note(args, kwargs)
            for n in range(9):
                yield sample(method.result, n)
            if failure is not None:
                raise GatewayError(failure)

        return stream if method.stream else unary


class EchoServices:
    attached = False

    def __init__(self, failure: Failure | None = None) -> None:
        for service, methods in table().items():
            setattr(self, service, Echo(methods, failure))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    async def aclose(self) -> None:
        return


FAILURE = Failure(Kind.QUOTA, "Used up.", retry_after=12.5, status=429, params={"model": "x"})


def arguments(method: Method) -> dict[str, Any]:
    hints = typing.get_type_hints(method.params)
    return {name: sample(hints[name], 1) for name in inspect.signature(method.params).parameters}
