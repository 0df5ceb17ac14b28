"""Code the sandbox can write: a few classics, each of which runs as it stands."""

import re
from typing import Final

from msgspec import Struct

from core.sandbox.subjects import subject_of, title

_ASKS: Final = re.compile(
    r"\b(code|function|script|program|snippet|implement|regex|class|one-?liner|algorithm|"
    r"in (python|bash|sql|js|rust|go))\b"
    r"|\bwrite .{0,30}\b(python|bash|sql|javascript|rust|go)\b",
    re.I,
)
_LANGUAGE: Final = re.compile(r"\b(python|javascript|js|typescript|bash|shell|sql|rust|go|golang)\b", re.I)
_DULL: Final = {"a", "an", "the", "function", "script", "program", "that", "which", "code"} | {
    *("in", "to", "of", "by", "with", "from", "for"),
}


class Snippet(Struct, frozen=True):
    """One piece of code. `words`: all of them name it; `uses` are (input, output) pairs."""

    title: str
    words: tuple[str, ...]
    language: str
    code: str
    why: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]


_SNIPPETS: Final = (
    Snippet(
        "Fibonacci numbers",
        ("fibonacci",),
        "python",
        "def fibonacci(n: int) -> int:\n"
        '    """The n-th Fibonacci number; fibonacci(0) is 0."""\n'
        "    first, second = 0, 1\n"
        "    for _ in range(n):\n"
        "        first, second = second, first + second\n"
        "    return first",
        ("Two variables are enough; no recursion, no list.", "Python's integers grow, so `n` may be large."),
        (("`fibonacci(10)`", "55"), ("`fibonacci(50)`", "12586269025")),
    ),
    Snippet(
        "Prime numbers",
        ("prime",),
        "python",
        "def primes(limit: int) -> list[int]:\n"
        '    """All primes below limit, by the sieve of Eratosthenes."""\n'
        "    is_prime = bytearray([1]) * limit\n"
        "    is_prime[:2] = bytes(min(2, limit))\n"
        "    for n in range(2, int(limit**0.5) + 1):\n"
        "        if is_prime[n]:\n"
        "            is_prime[n * n :: n] = bytes(len(range(n * n, limit, n)))\n"
        "    return [n for n in range(limit) if is_prime[n]]",
        (
            "Each composite is crossed out by its smallest factor.",
            "Starting at `n * n` skips what is already done.",
        ),
        (("`primes(10)`", "[2, 3, 5, 7]"), ("`len(primes(1000))`", "168")),
    ),
    Snippet(
        "Reverse a string",
        ("revers",),
        "python",
        'def reverse(text: str) -> str:\n    """The characters of text, last to first."""\n'
        "    return text[::-1]",
        ("A slice with step −1 walks backwards.", "It reverses code points; combined emoji may fall apart."),
        (('`reverse("stressed")`', "desserts"), ('`reverse("")`', "the empty string")),
    ),
    Snippet(
        "Palindrome",
        ("palindrom",),
        "python",
        "def is_palindrome(text: str) -> bool:\n"
        '    """Whether text reads the same both ways, letters and digits only."""\n'
        "    letters = [c for c in text.casefold() if c.isalnum()]\n"
        "    return letters == letters[::-1]",
        ("`casefold` makes the comparison ignore case.", "Spaces and punctuation don't count."),
        (
            ('`is_palindrome("A man, a plan, a canal: Panama")`', "True"),
            ('`is_palindrome("agtui")`', "False"),
        ),
    ),
    Snippet(
        "FizzBuzz",
        ("fizz",),
        "python",
        'for n in range(1, 101):\n    print("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0) or n)',
        (
            "A string times `True` is itself, times `False` is empty.",
            "An empty string lets `or` choose the number.",
        ),
        (("9", "Fizz"), ("15", "FizzBuzz")),
    ),
    Snippet(
        "Binary search",
        ("binary", "search"),
        "python",
        "from bisect import bisect_left\n\n\n"
        "def find(items: list[int], wanted: int) -> int | None:\n"
        '    """The index of wanted in sorted items, or None."""\n'
        "    at = bisect_left(items, wanted)\n"
        "    return at if at < len(items) and items[at] == wanted else None",
        ("Each comparison halves what is left: 20 steps for a million items.", "The list has to be sorted."),
        (("`find([1, 3, 5], 3)`", "1"), ("`find([1, 3, 5], 4)`", "None")),
    ),
    Snippet(
        "Sorting",
        ("sort",),
        "python",
        "def merge_sort(items: list[int]) -> list[int]:\n"
        '    """A sorted copy of items; equal items keep their order."""\n'
        "    if len(items) < 2:\n"
        "        return items\n"
        "    middle = len(items) // 2\n"
        "    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])\n"
        "    merged: list[int] = []\n"
        "    while left and right:\n"
        "        merged.append((left if left[0] <= right[0] else right).pop(0))\n"
        "    return merged + left + right",
        (
            "It splits, sorts both halves and merges them.",
            "In practice `sorted(items)` is faster and also stable.",
        ),
        (("`merge_sort([3, 1, 2])`", "[1, 2, 3]"), ("`merge_sort([])`", "[]")),
    ),
    Snippet(
        "Count words in a file",
        ("count", "word"),
        "python",
        "from collections import Counter\nfrom pathlib import Path\n\n"
        'words = Path("notes.txt").read_text(encoding="utf-8").casefold().split()\n'
        "for word, count in Counter(words).most_common(10):\n"
        '    print(f"{count:6} {word}")',
        ("`Counter` does the counting.", "`casefold` makes *The* and *the* one word."),
        (("a b a", "2 a, 1 b"), ("an empty file", "nothing")),
    ),
    Snippet(
        "Ask a chat server",
        ("stream",),
        "python",
        "from openai import OpenAI\n\n"
        'client = OpenAI(base_url="http://localhost:8045/v1", api_key="…")\n'
        "stream = client.chat.completions.create(\n"
        '    model="sandbox-chat",\n'
        '    messages=[{"role": "user", "content": "hello"}],\n'
        "    stream=True,\n"
        ")\n"
        "for chunk in stream:\n"
        '    print(chunk.choices[0].delta.content or "", end="", flush=True)',
        ("`agtui keys show` prints the key.", "Each chunk holds a few characters of the answer."),
        (("`stream=True`", "text as it is written"), ("`stream=False`", "one object at the end")),
    ),
    Snippet(
        "Largest files",
        ("file", "larg"),
        "sh",
        "find . -type f -printf '%s\\t%p\\n' | sort -rn | head -20 | numfmt --field=1 --to=iec",
        ("`find` prints size and name of each file.", "`numfmt` turns bytes into K, M and G."),
        (("`-size +100M`", "only large ones"), ("`-mtime -7`", "only this week's")),
    ),
    Snippet(
        "Second-highest salary",
        ("sql",),
        "sql",
        "SELECT name, salary\nFROM employees\nORDER BY salary DESC\nLIMIT 10;",
        ("`ORDER BY … DESC` puts the largest first.", "An index on `salary` makes it cheap."),
        (("`LIMIT 1 OFFSET 1`", "the second-highest"), ("`GROUP BY team`", "one row a team")),
    ),
    Snippet(
        "E-mail addresses",
        ("regex", "mail"),
        "python",
        'import re\n\nADDRESS = re.compile(r"[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+")\n'
        'print([m[0] for m in ADDRESS.finditer("ada@sandbox.test, alan@sandbox.test")])',
        ("Good enough to find addresses in text.", "Only a mail that arrives proves one is real."),
        (("`ada@sandbox.test`", "found"), ("`not an address`", "ignored")),
    ),
    Snippet(
        "Hello in Rust",
        ("rust",),
        "rust",
        'use std::env;\n\nfn main() {\n    let name = env::args().nth(1).unwrap_or_else(|| "world".into());\n'
        '    println!("Hello, {name}!");\n}',
        ("`args().nth(1)` is the first word after the program's name.", "No argument is no error here."),
        (("`cargo run`", "Hello, world!"), ("`cargo run Ada`", "Hello, Ada!")),
    ),
    Snippet(
        "Debounce",
        ("debounce",),
        "js",
        "function debounce(wait, call) {\n  let timer;\n  return (...args) => {\n"
        "    clearTimeout(timer);\n    timer = setTimeout(() => call(...args), wait);\n  };\n}",
        ("Each call restarts the timer.", "Only the last call within `wait` milliseconds goes through."),
        (("typing fast", "one call"), ("pausing", "one call a pause")),
    ),
    Snippet(
        "Read a file line by line",
        ("file",),
        "python",
        'from pathlib import Path\n\nwith Path("notes.txt").open(encoding="utf-8") as lines:\n'
        "    for number, line in enumerate(lines, start=1):\n"
        '        print(f"{number:4} {line.rstrip()}")',
        ("Lines come one at a time, so large files are fine.", "`with` closes the file in every case."),
        (("a file of 3 lines", "numbers 1 to 3"), ("no such file", "FileNotFoundError")),
    ),
)


def answer(question: str) -> str | None:
    """Markdown with code for `question`, or None if it asks for none."""
    lower = question.lower()
    if not _ASKS.search(lower):
        return None
    for snippet in _SNIPPETS:
        if all(word in lower for word in snippet.words):
            return _text(snippet)
    return _skeleton(question)


def _text(snippet: Snippet) -> str:
    why = "\n".join(f"- {line}" for line in snippet.why)
    uses = "\n".join(f"| {given} | {result} |" for given, result in snippet.uses)
    return (
        f"## {snippet.title}\n\n```{snippet.language}\n{snippet.code}\n```\n\n"
        f"How it works:\n\n{why}\n\n| Given | Result |\n| --- | --- |\n{uses}\n"
    )


def _skeleton(question: str) -> str:
    """A frame to start from, for what the sandbox can't write."""
    subject = subject_of(question) or "your task"
    words = re.findall(r"[a-z]+", _LANGUAGE.sub("", subject.lower()))
    name = "_".join([word for word in words if word not in _DULL][:3]) or "solve"
    return (
        f"## {title(subject)}\n\n"
        f"The sandbox has no ready code for this, so here is a frame with a test to fill in:\n\n"
        f'```python\ndef {name}(value: str) -> str:\n    """{title(subject)}."""\n'
        f"    raise NotImplementedError\n\n\ndef test_{name}() -> None:\n"
        f'    assert {name}("given") == "expected"\n```\n\n'
        "1. Write down two or three inputs with their results; they are your tests.\n"
        "2. Make the simplest one pass.\n"
        "3. Then the odd ones: empty, very large, not ASCII.\n\n"
        "| Question | Decides |\n| --- | --- |\n| What goes in? | the parameters |\n"
        "| What comes out? | the return type |\n"
        "| What can go wrong? | which errors are raised |\n"
    )
