"""The README's generated part: the table of settings. `python -m tests.house.readme` writes it anew."""

from __future__ import annotations

from pathlib import Path

from core.config.fields import Field, fields_in
from core.config.settings import SECTIONS
from core.runtime.rooms import SECTIONS_OF_PROVIDERS

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


def settings() -> list[Field]:
    """Every setting of the program, section by section."""
    return list(fields_in(SECTIONS | SECTIONS_OF_PROVIDERS).values())


def table() -> str:
    rows = ["| setting | default | what it does |", "| --- | --- | --- |"]
    for field in settings():
        default = "" if field.secret else shown(field.default)
        rows.append(f"| `{field.name}` | {default} | {field.doc}{also(field)} |")
    return "\n".join(rows)


def shown(value: object) -> str:
    """A default as it would be written; nothing for an empty one."""
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value not in ("", None) else ""


def also(field: Field) -> str:
    """The names that other programs use for it."""
    names = [name for name in field.env if not name.startswith(f"AGTUI_{field.section.upper()}__")]
    return f" Also `{'`, `'.join(names)}`." if names else ""


def written() -> str:
    """The README with the table as it should be."""
    text = README.read_text()
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(written())
