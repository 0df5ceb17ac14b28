"""The table of service methods, read from the Protocols of core/services.py.

A capability added there is spoken by both ends at once: nothing here names a service or a method,
except which streams have no end of their own. Knows nothing of sockets.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import msgspec
from msgspec import Struct

from core import services
from core.domain.failure import Failure

ENDLESS = frozenset({("events", "subscribe"), ("records", "tail"), ("accounts", "login_watch")})
"""Streams that only watch: an owner that stops ends them at once and waits for all others."""


class Fault(Struct, frozen=True, tag="fault"):
    """A failure on the wire; the whole body of an answer, or the last line of a stream."""

    failure: Failure


class End(Struct, frozen=True, tag="end"):
    """The last line of a stream that came to its own end; without it the stream was cut."""


class Method(Struct, frozen=True):
    """One method of one service.

    `params` is a struct type with the method's parameters as fields, `result` the type of the answer,
    or of one item of a stream. `line` is the decoder type of a stream's line: Item | Fault | End.
    """

    service: str
    name: str
    stream: bool
    params: type[Struct]
    result: Any
    item: type[Struct]
    signature: inspect.Signature

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"

    @property
    def endless(self) -> bool:
        return (self.service, self.name) in ENDLESS

    @property
    def line(self) -> Any:
        return self.item | Fault | End

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Struct:
        """The arguments of a call as one value. Raises TypeError as the call itself would."""
        return self.params(**self.signature.bind(*args, **kwargs).arguments)

    def arguments(self, params: Struct) -> dict[str, Any]:
        return {name: getattr(params, name) for name in params.__struct_fields__}


def _method(service: str, name: str, function: Callable[..., Any]) -> Method:
    hints = typing.get_type_hints(function)
    result: Any = hints.pop("return")
    signature = inspect.signature(function)
    signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    fields: list[Any] = [
        (key, hints[key]) if spec.default is spec.empty else (key, hints[key], spec.default)
        for key, spec in signature.parameters.items()
    ]
    stream = not inspect.iscoroutinefunction(function)
    if stream:
        if typing.get_origin(result) is not AsyncIterator:
            raise TypeError(f"{service}.{name} must be `async def` or return an AsyncIterator")
        (result,) = typing.get_args(result)
    title = f"{service}_{name}"
    return Method(
        service,
        name,
        stream,
        msgspec.defstruct(f"{title}_params", fields, frozen=True, forbid_unknown_fields=True),
        result,
        msgspec.defstruct(f"{title}_item", [("value", result)], frozen=True, tag="item"),
        signature,
    )


@functools.cache
def table() -> dict[str, dict[str, Method]]:
    """Every method by service and name, as `Services` declares them."""
    methods: dict[str, dict[str, Method]] = {}
    for service, member in vars(services.Services).items():
        if not isinstance(member, property):
            continue
        protocol: Any = typing.get_type_hints(member.fget)["return"]
        if not getattr(protocol, "_is_protocol", False):
            continue
        methods[service] = {
            name: _method(service, name, function)
            for name, function in cast(dict[str, Any], vars(protocol)).items()
            if inspect.isfunction(function) and not name.startswith("_")
        }
    return methods
