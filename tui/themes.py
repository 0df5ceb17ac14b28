"""Themes: TOML files become Textual themes, checked first.

The files in the package `themes` are shipped; `<config>/themes/*.toml` are the person's own and win over
a shipped one of the same name. A file's name is the theme's name. A broken file is reported with file and
line, and the last good reading of that theme stays in use.

Not here: which theme is on (tui/app.py) and the palette that shows them (tui/commands.py).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT = "harbor"
LIGHT = "harbor-light"
ANSI = "ansi"

COLOURS = (
    "primary",
    "secondary",
    "warning",
    "error",
    "success",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
)

DERIVED: dict[str, str] = {
    # The third lift, what lies over the page, text of two lower ranks, thin rules, selected rows, chips.
    "lift": "$panel",
    "dialog": "$panel",
    "muted": "$foreground 62%",
    "faint": "$foreground 42%",
    "rule": "$foreground 14%",
    "select": "$primary 20%",
    "select-text": "$foreground",
    "chip": "$accent",
    "chip-text": "$background",
    # Who speaks.
    "chat-user": "$primary",
    "chat-model": "$secondary",
    "chat-tool": "$accent",
    "code-background": "$panel",
    # How much is left, how bad it is.
    "quota-good": "$success",
    "quota-mid": "$warning",
    "quota-low": "$error",
    "log-debug": "$faint",
    "log-info": "$muted",
    "log-warning": "$warning",
    "log-error": "$error",
    # Textual's own variables, so that its widgets sit in the same picture.
    "text-muted": "$muted",
    "text-disabled": "$faint",
    "ansi-background": "$background",
    "ansi-foreground": "$foreground",
    "surface-active": "$lift",
    "foreground-muted": "$muted",
    "foreground-disabled": "$faint",
    "border": "$primary",
    "border-blurred": "$rule",
    "scrollbar": "$lift",
    "scrollbar-hover": "$faint",
    "scrollbar-active": "$primary",
    "scrollbar-background": "$background",
    "scrollbar-background-hover": "$background",
    "scrollbar-background-active": "$background",
    "scrollbar-corner-color": "$background",
    "block-cursor-background": "$select",
    "block-cursor-foreground": "$select-text",
    "block-cursor-blurred-background": "$select",
    "block-cursor-blurred-foreground": "$select-text",
    "block-hover-background": "$panel",
    "input-selection-background": "$select",
    "screen-selection-background": "$select",
}
"""Every variable a theme may set under `[vars]`, with what it is when the theme does not. `$name` is a
colour of the theme or a variable above; a percentage blends it over the surface. All of them can be
used in CSS and are in `app.theme_variables`."""

WORDS: dict[str, str] = {"code-theme": "monokai", "block-cursor-text-style": "bold"}
"""Variables that are words and not colours."""


@dataclass(frozen=True)
class Problem:
    """What is wrong in a theme file, for people: file, line (1-based, 0 if unknown), one sentence."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.text}"


class ThemeError(Exception):
    """A theme file cannot be used; `problems` says why, in the file's order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def parse(text: str, name: str, file: str) -> Theme:
    """Read one theme file. Raises ThemeError that names every wrong line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        reason = str(error).split(" (at ")[0]
        raise ThemeError((Problem(file, int(found[1]) if found else 0, reason),)) from None
    problems = [*_check_fields(table, text, file), *_check_vars(table.get("vars", {}), text, file)]
    if table.get("name", name) != name:
        problems.append(Problem(file, _line(text, "name"), f'name must be "{name}", as the file'))
    if problems:
        raise ThemeError(tuple(sorted(problems, key=lambda problem: problem.line)))
    colours: dict[str, Any] = {key: table[key] for key in COLOURS if key in table}
    ansi = bool(table.get("ansi", False))
    try:
        variables = derive(colours, table.get("vars", {}), ansi=ansi)
    except ValueError as error:
        line = _line(text, str(error))
        raise ThemeError((Problem(file, line, f"{error} is defined by itself"),)) from None
    return Theme(name=name, dark=bool(table.get("dark", True)), ansi=ansi, variables=variables, **colours)


def derive(colours: Mapping[str, str], given: Mapping[str, str], *, ansi: bool = False) -> dict[str, str]:
    """All variables of a theme as plain colours: what it gives, and `DERIVED` for the rest.

    Percentages are blended over the surface, because a widget that draws its own cells can use no
    transparency; the terminal's 16 colours can't be blended and stay what they are. Raises ValueError
    with the name of a variable that is defined by itself.
    """
    expressions = {**dict.fromkeys(COLOURS, "$primary"), "panel": "$surface", **DERIVED, **colours, **given}
    known: dict[str, Color] = {}

    def resolve(name: str, above: tuple[str, ...] = ()) -> Color:
        if name in above:
            raise ValueError(name)
        if name not in known:
            reference, _, percent = expressions[name].partition(" ")
            inner = reference.startswith("$")
            colour = resolve(reference[1:], (*above, name)) if inner else Color.parse(reference)
            if percent and not ansi and colour.ansi is None:
                colour = resolve("surface").blend(colour, float(percent.rstrip("%")) / 100, alpha=1.0)
            known[name] = colour
        return known[name]

    words = {name: given.get(name, word) for name, word in WORDS.items()}
    return {**{name: resolve(name).hex for name in DERIVED}, **words}


def variables_of(theme: Theme) -> dict[str, str]:
    """What `DERIVED` is for a theme that has no file here, such as Textual's own."""
    own = {key: value for key in COLOURS if (value := getattr(theme, key)) is not None}
    dark = {"background": "#121212", "surface": "#1e1e1e", "foreground": "#e0e0e0"}
    light = {"background": "#e0e0e0", "surface": "#d8d8d8", "foreground": "#1f1f1f"}
    return derive({**(dark if theme.dark else light), **own}, {}, ansi=theme.ansi)


def contrast(first: str, second: str) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""

    def luminance(colour: Color) -> float:
        def linear(value: float) -> float:
            return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

        red, green, blue = (linear(part / 255) for part in colour.rgb)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(Color.parse(first)), luminance(Color.parse(second))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Themes:
    """All themes there are: the shipped ones and the person's own."""

    def __init__(self, own: Path | None = None) -> None:
        self._own = own
        self._good: dict[str, Theme] = {}
        self.problems: tuple[Problem, ...] = ()
        """What was wrong the last time themes were read."""

    def names(self) -> list[str]:
        """The default first, then by name. Lists directories; reads no file."""
        found = {
            entry.name.removesuffix(".toml")
            for entry in files("themes").iterdir()
            if entry.name.endswith(".toml")
        }
        if self._own is not None and self._own.is_dir():
            found |= {path.stem for path in self._own.glob("*.toml")}
        return sorted(found, key=lambda name: (not name.startswith(DEFAULT), name))

    def get(self, name: str) -> Theme | None:
        """Read the theme `name`; if it can't be used, `problems` says why and the last good one is given.

        None: there is no such theme, or it has never been good.
        """
        self.problems = ()
        for text, file in self._texts(name):
            try:
                self._good[name] = parse(text, name, file)
                break
            except ThemeError as error:
                self.problems += error.problems
                if name in self._good:
                    break
        return self._good.get(name)

    def _texts(self, name: str) -> list[tuple[str, str]]:
        """The files of `name`, the person's own before the shipped one."""
        texts: list[tuple[str, str]] = []
        own = self._own / f"{name}.toml" if self._own is not None and "/" not in name else None
        if own is not None and own.is_file():
            texts.append((own.read_text("utf-8", errors="replace"), str(own)))
        shipped = files("themes").joinpath(f"{name}.toml")
        if "/" not in name and shipped.is_file():
            texts.append((shipped.read_text("utf-8"), f"themes/{name}.toml"))
        return texts


def _line(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return 0


def _is_colour(value: object) -> bool:
    try:
        Color.parse(str(value))
    except ColorParseError:
        return False
    return isinstance(value, str)


def _check_fields(table: dict[str, Any], text: str, file: str) -> list[Problem]:
    problems: list[Problem] = []
    for key, value in table.items():
        line = _line(text, key)
        if key in COLOURS:
            if not _is_colour(value):
                problems.append(Problem(file, line, f"{key} = {value!r} is not a colour such as #7cb2ea"))
        elif key in ("dark", "ansi"):
            if not isinstance(value, bool):
                problems.append(Problem(file, line, f"{key} is true or false"))
        elif key not in ("name", "vars"):
            problems.append(Problem(file, line, f"unknown key {key}"))
    for key in ("primary", "foreground", "background", "surface"):
        if key not in table:
            problems.append(Problem(file, 0, f"{key} is missing"))
    return problems


def _check_vars(given: object, text: str, file: str) -> list[Problem]:
    if not isinstance(given, dict):
        return [Problem(file, _line(text, "vars"), "vars is a table: [vars]")]
    problems: list[Problem] = []
    for key, value in cast("dict[str, object]", given).items():
        line = _line(text, key)
        reference, _, percent = str(value).partition(" ")
        if key in WORDS:
            continue
        if key not in DERIVED:
            problems.append(Problem(file, line, f"unknown variable {key}"))
        elif percent and not re.fullmatch(r"\d+(\.\d+)?%", percent):
            problems.append(Problem(file, line, f"{key}: {percent} is not a percentage such as 45%"))
        elif reference.startswith("$"):
            if reference[1:] not in COLOURS and reference[1:] not in DERIVED:
                problems.append(Problem(file, line, f"{key}: there is no {reference}"))
        elif not _is_colour(reference):
            problems.append(Problem(file, line, f"{key} = {value!r} is not a colour"))
    return problems
