"""What a setting is: the facts of a field of a settings struct, and reading one value of it.

Neither files nor the environment are read here; `load` does that.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from core.domain.secret import Secret

Kind = Literal["text", "number", "switch", "choice", "list", "table"]

_WORDS_FOR_BOOL = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_MASK = "***"


class Field(Struct, frozen=True):
    """One setting. `env` are the names it may have in the environment, ours first."""

    section: str
    key: str
    type: Any
    default: Any
    doc: str
    env: tuple[str, ...]
    kind: Kind
    expected: str
    secret: bool = False
    restart: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    def read(self, value: object, *, loose: bool = False) -> Any:
        """`value` as this setting's type; `loose` takes texts, as the environment and flags give them.

        Raises ValueError without the value in it: the value may be a secret.
        """
        if loose and isinstance(value, str):
            value = self._from_text(value)
        try:
            read = msgspec.convert(value, self.type, strict=not loose, dec_hook=_wrap_secret)
        except (msgspec.ValidationError, ValueError):
            where = self._wrong_row(value) if self.kind == "table" and not self.secret else ""
            raise ValueError(self.expected + where) from None
        if isinstance(read, float) and not math.isfinite(read):
            raise ValueError(self.expected)
        return read

    def _from_text(self, text: str) -> object:
        text = text.strip() if self.kind != "text" else text
        if self.kind == "list":
            return [item for item in (part.strip() for part in text.split(",")) if item]
        if self.kind == "table":
            try:
                return msgspec.json.decode(text)
            except msgspec.DecodeError:
                return text
        if self.kind == "switch":
            return _WORDS_FOR_BOOL.get(text.lower(), text)
        return text

    def _wrong_row(self, value: object) -> str:
        """What is wrong with which row of a table, if `value` is one at all."""
        base, _ = _peel(self.type)
        if not isinstance(value, dict) or get_origin(base) is not dict:
            return ""
        for name, row in cast("dict[object, object]", value).items():
            try:
                msgspec.convert(row, get_args(base)[1])
            except msgspec.ValidationError as error:
                return f"; in {name}: {str(error).replace(' - at `$.', ' at `')}"
        return ""

    def show(self, value: object) -> str:
        """`value` as text for people; a secret is masked."""
        if value is None:
            return ""
        if self.secret:
            return _MASK if value else ""
        match value:
            case bool():
                return "true" if value else "false"
            case tuple() | list():
                return ", ".join(str(item) for item in cast("Iterable[object]", value))
            case dict() | Struct():
                return msgspec.json.encode(value).decode()
            case _:
                return str(value)


def fields_of(section: str, struct: type[Struct]) -> list[Field]:
    """The settings that a struct declares."""
    return [_field(section, facts) for facts in msgspec.structs.fields(struct)]


def fields_in(sections: Mapping[str, type[Struct]]) -> dict[str, Field]:
    """All settings by their name `section.key`, in the order in which they are declared."""
    return {field.name: field for section, struct in sections.items() for field in fields_of(section, struct)}


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean ...?` for a name that is almost right, else an empty text."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]}?" if close else ""


def plain(value: object) -> Any:
    """A setting's value as what a TOML file holds."""
    match value:
        case Secret():
            return value.reveal()
        case tuple():
            return [plain(item) for item in cast("tuple[object, ...]", value)]
        case dict():
            return msgspec.to_builtins(value)
        case _:
            return value


def _field(section: str, facts: msgspec.structs.FieldInfo) -> Field:
    base, metas = _peel(facts.type)
    extra: dict[str, Any] = {}
    for meta in metas:
        extra |= meta.extra_json_schema or {}
    kind, choices = _kind(base)
    aliases: list[str] = list(extra.get("env", ()))
    ours = f"AGTUI_{section}__{facts.name}".upper()
    return Field(
        section=section,
        key=facts.name,
        type=facts.type,
        default=_default(facts),
        doc=next((meta.description for meta in metas if meta.description), ""),
        env=(ours, *(alias for alias in aliases if alias != ours)),
        kind=kind,
        expected=_expected(base, kind, choices, metas),
        secret=bool(extra.get("secret")) or base is Secret,
        restart=bool(extra.get("restart")),
        choices=choices,
    )


def _default(facts: msgspec.structs.FieldInfo) -> Any:
    if facts.default is not msgspec.NODEFAULT:
        return facts.default
    if facts.default_factory is not msgspec.NODEFAULT:
        return facts.default_factory()
    raise TypeError(f"the setting {facts.name} needs a default")


def _peel(kind: Any) -> tuple[Any, list[Meta]]:
    """The bare type below Annotated and `| None`, and every Meta on the way."""
    metas: list[Meta] = []
    while True:
        if get_origin(kind) is Annotated:
            inner, *notes = get_args(kind)
            metas += [note for note in notes if isinstance(note, Meta)]
            kind = inner
        elif get_origin(kind) in (Union, types.UnionType):
            some = [option for option in get_args(kind) if option is not type(None)]
            if len(some) != 1:
                return kind, metas
            kind = some[0]
        else:
            return kind, metas


def _kind(base: Any) -> tuple[Kind, tuple[str, ...]]:
    origin = get_origin(base)
    if origin is Literal:
        return "choice", tuple(str(choice) for choice in get_args(base))
    if base is bool:
        return "switch", ("true", "false")
    if base in (int, float):
        return "number", ()
    if base in (tuple, list) or origin in (tuple, list):
        return "list", ()
    if base is dict or origin is dict or (isinstance(base, type) and issubclass(base, Struct)):
        return "table", ()
    return "text", ()


def _expected(base: Any, kind: Kind, choices: tuple[str, ...], metas: list[Meta]) -> str:
    match kind:
        case "choice":
            return "one of " + ", ".join(choices)
        case "switch":
            return "true or false"
        case "list":
            return "a list of texts (in the environment: separated by commas)"
        case "table":
            return "a table (in the environment: JSON)"
        case "text":
            return "a text"
        case "number":
            words = "a whole number" if base is int else "a number"
    for meta in metas:
        if meta.ge is not None and meta.le is not None:
            words += f" from {meta.ge:g} to {meta.le:g}"
            continue
        for name, mark in (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<")):
            bound = getattr(meta, name)
            if bound is not None:
                words += f" {mark} {bound:g}"
    return words


def _wrap_secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("a text is expected")
