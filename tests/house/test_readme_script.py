"""The README's script is one that can be played, and its table of answers is whole."""

from __future__ import annotations

import re

from core.sandbox import script_file
from core.sandbox.script import CALLS
from core.sandbox.script_keys import ACCOUNT, OF_ANSWERS, ROOT, RULE, answers_for
from core.sandbox.steering import ACCIDENTS

from .readme import README

TEXT = README.read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## The sandbox") : TEXT.index("## Settings")]


def test_the_script_of_the_readme_can_be_played() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", SECTION, re.S)
    script = script_file.read(block.encode(), "README.md")
    assert len(script.accounts) == 21
    assert [rule.answer for rule in script.rules] == ["quota", "capacity", "invalid-grant"]


def test_every_call_every_answer_and_every_key_is_named() -> None:
    named = set(re.findall(r"[\w-]+", SECTION))
    for call in CALLS:
        assert {call, *answers_for(call)} <= named
    assert {*ROOT, *ACCOUNT, *RULE, *OF_ANSWERS} - {"type"} <= named


def test_every_steering_word_is_named() -> None:
    for word in (*ACCIDENTS, "big", "search"):
        assert f"[[{word}]]" in SECTION
