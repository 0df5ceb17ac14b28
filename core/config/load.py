"""Settings from where they may stand: flags > environment > config.toml > default.

Reads only. What can't be used raises a GatewayError that names file, line, key and what was expected;
what is merely unknown becomes a notice, because a file may be older or newer than the program.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from msgspec import Struct

from core.domain.failure import Cause, GatewayError
from core.domain.failure import Kind as FailureKind

from .fields import Field, fields_in, nearest
from .settings import SECTIONS

Origin = Literal["flag", "environment", "file", "default"]
Section = TypeVar("Section", bound=Struct)

FREE_TABLES = ("keys", "aliases")
_ENV_NAME = re.compile(r"AGTUI_([A-Z0-9]+(?:_[A-Z0-9]+)*)__([A-Z0-9_]+)")
_OURS = "AGTUI_"
_LIMIT = 1024 * 1024


class Config:
    """Every setting with its value and where it comes from. Never changes; load again for fresh values.

    `keys` (action -> key or keys) and `aliases` (model name -> model) are tables with free names.
    `notices` are sentences about names that were not understood.
    """

    def __init__(
        self,
        file: Path,
        fields: Mapping[str, Field],
        sections: Mapping[str, Struct],
        origins: Mapping[str, tuple[Origin, str]],
        free: Mapping[str, Mapping[str, Any]],
        notices: tuple[str, ...],
    ) -> None:
        self.file = file
        self.fields = fields
        self.keys: Mapping[str, str | tuple[str, ...]] = free["keys"]
        self.aliases: Mapping[str, str] = free["aliases"]
        self.notices = notices
        self._sections = sections
        self._origins = origins

    def section(self, name: str, kind: type[Section]) -> Section:
        """The settings of one section, as the struct that declares them."""
        found = self._sections[name]
        if not isinstance(found, kind):
            raise TypeError(f"the section {name} is a {type(found).__name__}")
        return found

    def value(self, name: str) -> Any:
        """The value of `section.key`."""
        field = self.fields[name]
        return getattr(self._sections[field.section], field.key)

    def origin(self, name: str) -> Origin:
        """Where the value of `section.key` comes from."""
        return self._origins.get(name, ("default", ""))[0]

    def source(self, name: str) -> str:
        """The flag or environment variable that sets `section.key`, or the file; empty: the default."""
        return self._origins.get(name, ("default", ""))[1]


def load(
    file: Path,
    env: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    providers: Mapping[str, type[Struct]] | None = None,
) -> Config:
    """Read the settings. `flags` maps `section.key` to a value (None: not given), `providers` a section
    to the struct that a provider brings.

    Raises GatewayError(bad_request, cause config).
    """
    structs = SECTIONS | dict(providers or {})
    fields = fields_in(structs)
    text = _text_of(file)
    notices: list[str] = []
    table = _parse(file, text)
    free = {name: _free_table(file, text, name, table.pop(name, {})) for name in FREE_TABLES}
    chosen: dict[str, Any] = {}
    origins: dict[str, tuple[Origin, str]] = {}

    for name, value in _flatten(file, text, table, structs, fields, notices):
        chosen[name] = _read(fields[name], value, where=_place(file, text, *name.split(".", 1)))
        origins[name] = ("file", str(file))
    for name, variable in _from_environment(env, structs, fields, notices):
        chosen[name] = _read(fields[name], env[variable], where=f"The environment: {variable}", loose=True)
        origins[name] = ("environment", variable)
    for name, value in (flags or {}).items():
        if value is not None:
            chosen[name] = _read(fields[name], value, where=f"The flag for {name}:", loose=True)
            origins[name] = ("flag", name)

    sections: dict[str, Struct] = {}
    for section, struct in structs.items():
        prefix = f"{section}."
        given = {
            name.removeprefix(prefix): value for name, value in chosen.items() if name.startswith(prefix)
        }
        sections[section] = struct(**given)
    return Config(file, fields, sections, origins, free, tuple(notices))


def broken(message: str, param: str = "") -> GatewayError:
    """The error of this room: a setting can't be used."""
    params = {"param": param} if param else {}
    return GatewayError.of(FailureKind.BAD_REQUEST, message, cause=Cause.CONFIG, params=params)


def _text_of(file: Path) -> str:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise broken(f"{file} can't be read: {error.strerror}.") from None
    if len(content) > _LIMIT:
        raise broken(f"{file} is larger than {_LIMIT} bytes; that is no settings file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise broken(f"{file}, line {line}: expected UTF-8 text. The file was left as it is.") from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        found = re.search(r"\s*\(at line (\d+), column \d+\)$", words)
        # At the end of the document tomllib names no line.
        line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
        reason = words[: found.start()] if found else words.removesuffix(" (at end of document)")
        raise broken(
            f"{file}, line {line}: this is not valid TOML ({_without_value(reason)}). "
            "The file was left as it is."
        ) from None


def _without_value(reason: str) -> str:
    """A parser's reason without what it found: that may be a piece of a secret."""
    return re.sub(r"(?<=[:,]) ?['\"].*", "", reason).rstrip(" :,") or "unexpected text"


def _flatten(
    file: Path,
    text: str,
    table: Mapping[str, Any],
    structs: Mapping[str, type[Struct]],
    fields: Mapping[str, Field],
    notices: list[str],
) -> list[tuple[str, Any]]:
    """The known settings of the file as (name, value); what is unknown goes into `notices`."""
    known: list[tuple[str, Any]] = []
    for section, content in table.items():
        if section not in structs:
            what = "section" if isinstance(content, dict) else "setting"
            near = nearest(section, (*structs, *FREE_TABLES))
            notices.append(f"{_place(file, text, section)} unknown {what} {section}.{near}")
            continue
        if not isinstance(content, dict):
            raise broken(f"{_place(file, text, section)} expected a table [{section}].", section)
        for key, value in cast("dict[str, Any]", content).items():
            name = f"{section}.{key}"
            if name in fields:
                known.append((name, value))
            else:
                near = nearest(name, fields)
                notices.append(f"{_place(file, text, section, key)} unknown setting {name}.{near}")
    return known


def _from_environment(
    env: Mapping[str, str],
    structs: Mapping[str, type[Struct]],
    fields: Mapping[str, Field],
    notices: list[str],
) -> list[tuple[str, str]]:
    """(name, variable) of what the environment sets; an empty variable counts as not set."""
    ours = {field.env[0] for field in fields.values()}
    known = {variable for field in fields.values() for variable in field.env}
    for variable in sorted(env):
        if variable not in known and _looks_like_a_setting(variable, structs):
            near = nearest(variable, ours)
            notices.append(f"The environment: unknown setting {variable}.{near}")
    found: list[tuple[str, str]] = []
    for name, field in fields.items():
        variable = next((variable for variable in field.env if env.get(variable, "").strip()), None)
        if variable is not None:
            found.append((name, variable))
    return found


def _looks_like_a_setting(variable: str, structs: Mapping[str, type[Struct]]) -> bool:
    """`AGTUI_A__B`, or a section's name and one underscore: the slip `AGTUI_SERVER_PORT`."""
    if _ENV_NAME.fullmatch(variable):
        return True
    return any(variable.startswith(f"{_OURS}{section.upper()}_") for section in structs)


def _read(field: Field, value: object, where: str, loose: bool = False) -> Any:
    try:
        return field.read(value, loose=loose)
    except ValueError as error:
        raise broken(f"{where} {field.name} must be {error}.", field.name) from None


def _free_table(file: Path, text: str, name: str, table: object) -> dict[str, Any]:
    """A table with free names whose values are texts; in `keys`, a list of texts too."""
    if not isinstance(table, dict):
        raise broken(f"{_place(file, text, name)} expected a table [{name}].", name)
    read: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", table).items():
        if isinstance(value, str):
            read[key] = value
        elif (
            name == "keys"
            and isinstance(value, list)
            and all(isinstance(v, str) for v in cast("list[Any]", value))
        ):
            read[key] = tuple(cast("list[str]", value))
        else:
            expected = "a text or a list of texts" if name == "keys" else "a text"
            raise broken(f"{_place(file, text, name, key)} {name}.{key} must be {expected}.", f"{name}.{key}")
    return read


def _place(file: Path, text: str, section: str, key: str = "") -> str:
    """`FILE, line N:` of a key; without the line when it is written in an unusual way."""
    line = _line_of(text, section, key)
    return f"{file}, line {line}:" if line else f"{file}:"


def _line_of(text: str, section: str, key: str) -> int:
    """The line that sets `section.key` (or opens `section`), from 1; 0: not found.

    Knows `[section]` with `key =` below it, and `section.key =`. tomllib gives no positions.
    """
    inside = ""
    dotted = f"{section}.{key}" if key else section
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
        if header:
            inside = header[1].replace('"', "")
            if (
                inside == dotted
                or inside.startswith(f"{dotted}.")
                or (not key and inside.split(".")[0] == section)
            ):
                return number
            continue
        left = re.match(r"""\s*([\w."'-]+)\s*=""", line)
        if left:
            name = left[1].replace('"', "").replace("'", "")
            full = f"{inside}.{name}" if inside else name
            if full == dotted or full.startswith(f"{dotted}."):
                return number
    return 0
