"""The code the sandbox shows is code: it parses, and the functions do what their tables say."""

import ast
import re

import pytest

from core.sandbox import brain, snippets
from core.sandbox.shelf_computing import COMPUTING
from core.sandbox.shelf_world import WORLD

_USE = re.compile(r"\| `(?P<call>[a-z_]+\(.*?\))` \| (?P<result>.*?) \|")


def code_of(answer: str, language: str = "python") -> str:
    match = re.search(rf"```{language}\n(.*?)\n```", answer, re.S)
    assert match, answer
    return match[1]


@pytest.mark.parametrize(
    "question",
    [
        "write a python function for fibonacci numbers",
        "python code for primes below n",
        "write a function that reverses a string",
        "write a function to check a palindrome",
        "implement a binary search",
        "write a sort function",
    ],
)
def test_the_functions_do_what_their_table_says(question: str) -> None:
    answer = brain.answer(question)
    names: dict[str, object] = {}
    exec(code_of(answer), names)
    uses = [*_USE.finditer(answer)]
    assert uses
    for use in uses:
        result = str(eval(use["call"], names))
        assert result == use["result"] or (result == "" and use["result"] == "the empty string")


def test_fizzbuzz_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(code_of(brain.answer("write fizzbuzz code")), {})
    lines = capsys.readouterr().out.split()
    assert lines[:5] == ["1", "2", "Fizz", "4", "Buzz"]
    assert lines[14] == "FizzBuzz"


def test_every_piece_of_python_on_the_shelf_parses() -> None:
    for fact in (*COMPUTING, *WORLD):
        language, code = fact.code
        if language == "python":
            assert ast.parse(code)


def test_every_subject_on_the_shelf_is_found_by_each_of_its_names() -> None:
    for fact in (*COMPUTING, *WORLD):
        for word in fact.words:
            answer = brain.answer(f"what is {word}?")
            assert answer.startswith("## "), word
            assert "no facts" not in answer, word


def test_what_it_cannot_write_it_frames_with_a_test() -> None:
    answer = snippets.answer("write a script that renames photos by date")
    assert answer
    assert ast.parse(code_of(answer))
    assert "def test_" in answer
