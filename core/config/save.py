"""Saves settings into config.toml and leaves everything else of the file as its owner wrote it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, cast

from core.storage.files import disk_work, ensure_dir, write_atomic

from .load import broken


def save_settings(file: Path, section: str, values: Mapping[str, object]) -> None:
    """Set the keys of a section; comments, order and spacing of the rest are kept.

    A value is what TOML can hold; None takes the key out. The file is replaced atomically with mode
    0600; a link is followed, so that a settings file kept elsewhere stays there.
    Raises GatewayError(bad_request, cause config) when the file is broken, which is then left as it is.
    """
    import tomlkit
    import tomlkit.exceptions

    file = file.resolve()
    ensure_dir(file.parent)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise broken(f"{file} is not UTF-8 text. It was left as it is.") from None
    try:
        document = tomlkit.parse(text)
        if section not in document:
            document[section] = tomlkit.table()
        table = document[section]
        if not isinstance(table, MutableMapping):
            raise broken(f"{file}: expected a table [{section}]. The file was left as it is.", section)
        settings = cast("MutableMapping[str, Any]", table)
        for key, value in values.items():
            if value is None:
                settings.pop(key, None)
            else:
                settings[key] = value
        text = tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType]
    except tomlkit.exceptions.TOMLKitError:
        raise broken(f"{file} is not valid TOML. It was left as it is.") from None
    with disk_work(f"Writing {file}"):
        write_atomic(file, text.encode())
