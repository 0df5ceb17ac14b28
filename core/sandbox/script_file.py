"""Reading a script from TOML, strictly: what is wrong is said with its line and with what was expected.

[[account]]                      [[rule]]
name = "ada"                     account = "ada"
without = ["*-image"]            after = 2
                                 answer = "quota"
                                 reset = "1h16m3s"
"""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

from core.sandbox.accounts import Planned
from core.sandbox.durations import duration
from core.sandbox.quotas import Allowance, QuotaStart
from core.sandbox.refusals import Refusal
from core.sandbox.script import GENERATIONS, Rule, Script
from core.sandbox.script_keys import (
    ACCOUNT,
    OF_ANSWERS,
    OWN_ANSWERS,
    QUOTA,
    ROOT,
    RULE,
    Key,
    answers_for,
    refuses,
)
from core.sandbox.steering import ACCIDENTS, CHUNKS
from core.sandbox.tokens import name_of, refresh_token

LARGEST: Final = 1024 * 1024
MOST_ACCOUNTS: Final = 1_000


class ScriptError(ValueError):
    """A script that can't be played; its text says where and what was expected."""


def read(content: bytes, file: str) -> Script:
    """The script in the bytes of `file`, whose name is only repeated. Raises ScriptError."""
    text = _text(content, file)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(_not_toml(str(error), text, file)) from None
    lines = Lines(text, file)
    root = _values(table, ROOT, lines, "", 0)
    accounts = [
        one
        for at, row in enumerate(root.get("account", ()), 1)
        for one in _accounts(_values(row, ACCOUNT, lines, "account", at), lines, at)
    ]
    names = [one.name for one in accounts]
    if len(accounts) > MOST_ACCOUNTS:
        raise ScriptError(f"{file}: it has {len(accounts)} accounts; {MOST_ACCOUNTS} are the most.")
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ScriptError(f"{file}: there are two accounts called {twice}; every account needs its own name.")
    rules = [
        _rule(_values(row, RULE, lines, "rule", at), lines, at, root.get("endpoints", 1))
        for at, row in enumerate(root.get("rule", ()), 1)
    ]
    return Script(tuple(accounts), tuple(rules), root.get("endpoints", 1), root.get("pace"))


class Lines:
    """Where tables and keys stand: tomllib gives no positions."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._at: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        inside, number = "", 0
        for line, content in enumerate(_without_texts(text).splitlines(), 1):
            if header := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", content):
                table, _, within = header[1].partition(".")
                if within:  # a table of the table before: one key of that
                    inside = ""
                    self._at.setdefault((table, counts.get(table, 0), within), line)
                    continue
                inside, number = table, counts.get(table, 0) + 1
                counts[table] = number
                self._at[table, number, ""] = line
            elif key := re.match(r"""\s*["']?([\w-]+)["']?\s*[.=]""", content):
                self._at.setdefault((inside, number, key[1]), line)

    def place(self, table: str, number: int, key: str = "") -> str:
        """`FILE, line 7: [[rule]] 2:`"""
        line = self._at.get((table, number, key)) or self._at.get((table, number, ""))
        where = f"{self._file}, line {line}:" if line else f"{self._file}:"
        return f"{where} [[{table}]] {number}:" if table else where


def _text(content: bytes, file: str) -> str:
    if len(content) > LARGEST:
        raise ScriptError(f"{file} is larger than {LARGEST} bytes; that is no script.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScriptError(f"{file}, line {line}: expected UTF-8 text.") from None


def _not_toml(words: str, text: str, file: str) -> str:
    found = re.search(r"\s*\(at line (\d+), column \d+\)$", words)
    line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
    reason = words[: found.start()] if found else words.removesuffix(" (at end of document)")
    return f"{file}, line {line}: this is not valid TOML ({reason[:200]})."


def _without_texts(text: str) -> str:
    """`text` with the inside of its long texts left out, their lines kept: they may hold anything."""

    def emptied(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n")

    return re.sub(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'', emptied, text, flags=re.S)


def _values(
    row: object, keys: Mapping[str, Key], lines: Lines, table: str, number: int, within: str = ""
) -> dict[str, Any]:
    """The values of one table, or of one that is `within` a key of it, each read by its own key."""
    place = lines.place(table, number, within)
    if not isinstance(row, dict):
        raise ScriptError(f"{place} expected a table [[{table}]] with keys and values.")
    read: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", row).items():
        where = lines.place(table, number, within or name)
        key = keys.get(name)
        if key is None:
            near = get_close_matches(name, keys, 1)
            meant = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(keys)}."
            raise ScriptError(f"{where} there is no key {name}. {meant}")
        try:
            read[name] = key.read(value)
        except ValueError:
            raise ScriptError(f"{where} {name} must be {key.expected}.") from None
    for name, key in keys.items():
        if key.needed and name not in read:
            raise ScriptError(f"{place} {name} is missing: {key.expected}.")
    return read


def _accounts(values: dict[str, Any], lines: Lines, at: int) -> list[Planned]:
    """One account, or `count` of them with numbered names."""
    place = lines.place("account", at, "name")
    count: int = values.get("count", 0)
    names = [f"{values['name']}-{number}" for number in range(1, count + 1)] if count else [values["name"]]
    if unfit := next((name for name in names if name_of(refresh_token(name)) is None), ""):
        raise ScriptError(
            f"{place} {unfit} can't be the name of an account: 1 to 40 small letters, digits and hyphens, "
            "and not `revoked`."
        )
    quotas = tuple(_quota(row, lines, at) for row in values.get("quota", ()))
    if "polls" in values and values.get("project") != "onboard":
        raise ScriptError(f'{lines.place("account", at, "polls")} polls needs project = "onboard".')
    plain = {key: values[key] for key in ("project", "polls", "tier", "without") if key in values}
    return [Planned(name, offers=values.get("models", ("*",)), quotas=quotas, **plain) for name in names]


def _quota(row: object, lines: Lines, at: int) -> QuotaStart:
    values = _values(row, QUOTA, lines, "account", at, "quota")
    start = QuotaStart(**values)
    if values.keys() <= {"family", "window"}:
        raise ScriptError(
            f"{lines.place('account', at, 'quota')} a quota needs left, resets, tokens or pictures."
        )
    longest = next(one.seconds for one in Allowance().windows if one.name == start.window)
    if start.resets is not None and start.resets > longest:
        raise ScriptError(
            f"{lines.place('account', at, 'quota')} resets is after {duration(start.resets)}, but the window "
            f"{start.window} is over after {duration(longest)}."
        )
    return start


def _rule(values: dict[str, Any], lines: Lines, at: int, endpoints: int) -> Rule:
    answer: str = values["answer"]
    calls: tuple[str, ...] = values.get("call", GENERATIONS)
    for call in calls:
        possible = answers_for(call)
        if answer not in possible and not (answer.isdecimal() and refuses(call)):
            near = get_close_matches(answer, possible, 1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise ScriptError(
                f"{lines.place('rule', at, 'answer')} a call {call} can't be answered {answer}.{meant} "
                f"Possible are {', '.join(possible)}{' or a status from 400 to 599' * refuses(call)}."
            )
    for name in values.keys() & OF_ANSWERS.keys():
        if not OF_ANSWERS[name](answer, values):
            raise ScriptError(
                f"{lines.place('rule', at, name)} {name} says nothing about a call {' or '.join(calls)} "
                f"that is answered {answer}."
            )
    if values.get("endpoint", 1) > endpoints:
        raise ScriptError(
            f"{lines.place('rule', at, 'endpoint')} there is no endpoint {values['endpoint']}: "
            f"endpoints = {endpoints} at the top of the script says how many there are."
        )
    account = str(values.get("account", "*")).partition("@")[0]
    fields = {name: values[name] for name in ("model", "endpoint", "after", "times") if name in values}
    return Rule(answer, account, calls=calls, changes=_changes(answer, values), **fields)


def _changes(answer: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the rule changes of the steering."""
    changes: dict[str, Any] = {"wait": values.get("delay", 0.0)}
    if answer in ACCIDENTS:
        changes |= {answer: True, "chunks": values.get("chunks", CHUNKS)}
    elif answer not in OWN_ANSWERS:
        given = {
            name: values[name]
            for name in ("reset", "form", "status", "message", "details", "headers", "body")
            if name in values
        }
        if "type" in values:
            given["media_type"] = values["type"]
        changes |= {"refusal": Refusal(answer, **given), "chunks": values.get("chunks", CHUNKS)}
    return changes
