"""Answers that are about form more than knowledge: greetings, lists, comparisons, verse, outlines."""

import re
from typing import Final

from core.sandbox.pairs import PAIRS
from core.sandbox.subjects import subject_of, title

_VERSE: Final = re.compile(
    r"\b(poem|haiku|verse|limerick|rhyme|song)\b(?:\s+(?:about|on|of|for))?\s*(?P<about>.*)", re.I
)
_VERSUS: Final = re.compile(
    r"(?:difference between|compare|pros and cons of)?\s*(?P<left>[\w.+# -]{1,40}?)\s+(?:vs\.?|"
    r"versus|or|and|with)\s+"
    r"(?P<right>[\w.+# -]{1,40})",
    re.I,
)
_COMPARES: Final = re.compile(r"\b(difference|compare|comparison|vs\.?|versus|better|pros and cons)\b", re.I)
_COMPARING: Final = re.compile(
    r"^.*\b(difference between|compare|comparison of|pros and cons of|better:?)\b", re.I | re.S
)
_COUNT: Final = re.compile(r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b", re.I)
_NUMBERS: Final = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LISTS: Final = re.compile(
    r"\b(list|ideas?|names?|tips|suggest\w*|recommend\w*|ways|examples|steps|plan|how (do i|to|can i))\b",
    re.I,
)
_MESSAGE: Final = re.compile(r"\b(e-?mail|letter|message|note) (to|for)\b", re.I)
_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "planet": ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"),
    "colo": ("amber", "teal", "indigo", "coral", "olive", "slate", "crimson", "ivory", "violet", "sand"),
    "fruit": ("apple", "pear", "plum", "cherry", "orange", "banana", "grape", "fig", "kiwi", "mango"),
    "language": ("Python", "Rust", "Go", "TypeScript", "C", "Haskell", "Ruby", "Kotlin", "Zig", "Elixir"),
    "cat": ("Miso", "Pixel", "Nimbus", "Clove", "Juno", "Tofu", "Mocha", "Ziggy", "Olive", "Comet"),
    "dog": ("Biscuit", "Rover", "Luna", "Scout", "Hazel", "Bruno", "Maple", "Otto", "Poppy", "Ranger"),
    "book": (
        "Middlemarch",
        "Frankenstein",
        "Emma",
        "Ulysses",
        "Walden",
        "Dracula",
        "Persuasion",
        "Moby-Dick",
    ),
    "breakfast": (
        "porridge with apple",
        "eggs on toast",
        "yoghurt and nuts",
        "pancakes",
        "a banana smoothie",
    ),
    "gift": (
        "a good notebook",
        "a plant",
        "concert tickets",
        "a cooking evening",
        "a framed photo",
        "a board game",
    ),
}
_STEPS: Final = (
    ("Say what done looks like", "one sentence that can be checked"),
    ("Find out what there is already", "what works, what is in the way"),
    ("Make the smallest version", "one that can be shown today"),
    ("Show it to one person", "watch, don't explain"),
    ("Fix what hurts most", "one thing at a time"),
    ("Write down what you learned", "for the next one, and for you"),
    ("Set a date to look again", "two weeks are enough"),
    ("Tell whoever waits for it", "before they ask"),
    ("Clear what is left over", "files, notes, promises"),
    ("Rest", "it was work"),
)
_SHORTEST: Final = 3


def greeting(variant: int) -> str:
    """A short hello that says what one may try."""
    opening = ("Hello! Good to see you.", "Hi there!", "Hello, and welcome.")[variant]
    return (
        f"{opening} I'm the **sandbox**: a simulated model, so everything works without account or "
        f"network.\n\n"
        "Try one of these:\n\n"
        "- *what is SSH?* for an explanation\n"
        "- *write a python function for fibonacci* for code\n"
        "- *17 × 23 + 4* for a sum, *compare tea and coffee* for a table\n"
    )


def thanks(subject: str) -> str:
    """A reply to thanks, pointing back at what was asked before."""
    about = f" If anything about *{subject}* is still open, just ask." if subject else ""
    return f"You're welcome!{about}"


def abilities() -> str:
    """What the sandbox is and which words steer it."""
    return (
        "## What I can do\n\nI'm the **sandbox**, a simulated model inside agtui. I answer offline, "
        "and always the "
        "same way, so that you can try the program and test your own.\n\n"
        "- explain a few dozen subjects, translate words, work out sums\n"
        "- write small pieces of code, lists, comparisons and verse\n"
        "- call tools, follow a JSON schema, describe pictures\n\n"
        "| Write | and this happens |\n| --- | --- |\n"
        "| `use the tool` | the first tool is called |\n| `[[slow]]` | five chunks a second |\n"
        "| `[[error 429]]` | that error, in its real shape |\n| `[[cut]]` | the connection breaks |\n"
        "| `[[big]]` | 2,000 chunks |\n\n"
        '```sh\nagtui chat "[[slow]] what is a rainbow?"\n```\n'
    )


def verse(question: str) -> str | None:
    """A haiku or a short poem, or None if none is asked for."""
    match = _VERSE.search(question)
    if not match:
        return None
    subject = subject_of(match["about"]) or "the terminal"
    if match[1].lower() == "haiku":
        return (
            f"## {title(subject)}\n\n> {title(subject)} at dawn —\n> the cursor waits, and blinks once.\n"
            "> A line, then silence.\n\n"
            "| Line | Holds |\n| ---: | --- |\n| 1 | the place |\n| 2 | the pause |\n| 3 | what stays |\n"
        )
    return (
        f"## {title(subject)}\n\n> I looked for {subject} late at night,\n"
        f"> by nothing but a screen's small light;\n"
        "> the prompt stood still, the fan went round,\n> and what I sought made not a sound.\n>\n"
        f"> Then line by line the letters came,\n> and {subject} answered to its name;\n"
        "> not loud, not large, but plain and true:\n> a thing one sees, and then sees through.\n\n"
        "- Form: two stanzas of four lines, rhymed in pairs.\n- Metre: four beats a line, read it slowly.\n"
    )


def comparison(question: str) -> str | None:
    """Two things side by side, or None if nothing is compared."""
    if not _COMPARES.search(question):
        return None
    asked = _COMPARING.sub("", question)
    match = _VERSUS.search(asked)
    if not match:
        return None
    left, right = subject_of(match["left"]), subject_of(match["right"])
    if not left or not right:
        return None
    for first, second, verdict, rows in PAIRS:
        if {first.lower(), second.lower()} == {left.lower(), right.lower()}:
            table = "\n".join(f"| {ask} | {one} | {two} |" for ask, one, two in rows)
            return (
                f"## {title(first)} and {second}\n\n**In short:** {verdict}\n\n"
                f"| | {title(first)} | {title(second)} |\n| --- | --- | --- |\n{table}\n\n"
                "- Nobody has to choose for ever: start with one and note what it lacks.\n"
                "- What the people around you know counts more than any table.\n"
            )
    return (
        f"## {title(left)} or {right}\n\n"
        f"The sandbox has no facts on these two, but a fair way to choose. Give each "
        "side 1 to 5 points, weigh the questions, add up:\n\n"
        f"| Question | Weight | {title(left)} | {title(right)} |\n| --- | ---: | ---: | ---: |\n"
        "| Does it do the job today? | 3 | 4 | 4 |\n| What does a first try cost? | 2 | 5 | 3 |\n"
        "| What if it was wrong? | 2 | 3 | 4 |\n| Will it still do in two years? | 1 | 3 | 5 |\n\n"
        "1. Put your own numbers in.\n2. Strike the rows that come out equal.\n"
        "3. If the sums are close, take the one that is easier to leave again.\n\n"
        "```python\nweights = [3, 2, 2, 1]\n"
        f"left, right = [4, 5, 3, 3], [4, 3, 4, 5]  # {left}, {right}\n"
        "for points in (left, right):\n    print(sum(w * p for w, p in zip(weights, points)))\n```\n"
    )


def list_of(question: str) -> str | None:
    """A numbered list of as many entries as asked for, or None if no list is asked for."""
    if not _LISTS.search(question):
        return None
    count = _count(question)
    lower = question.lower()
    subject = subject_of(re.sub(r"^\W*(list|suggest|recommend|name)\b", "", question, flags=re.I)) or "this"
    for word, entries in _KNOWN.items():
        if word in lower:
            shown = entries[: min(count, len(entries))]
            rows = "\n".join(f"{at}. **{entry}**" for at, entry in enumerate(shown, 1))
            table = "\n".join(f"| {entry} | {len(entry)} |" for entry in sorted(shown, key=len)[:3])
            return (
                f"## {title(subject)}\n\n{rows}\n\nThe shortest of them:\n\n| Entry | Letters |\n"
                f"| --- | ---: |\n{table}\n"
            )
    steps = "\n".join(f"{at}. **{step}**: {detail}." for at, (step, detail) in enumerate(_STEPS[:count], 1))
    return (
        f"## {title(subject)}\n\n"
        f"The sandbox knows no facts about this, but a way that works for most things:\n\n{steps}\n\n"
        "| When | Look at |\n| --- | --- |\n| today | step 1 |\n| this week | steps 2 and 3 |\n"
        "| later | the rest |\n\n"
        f"As a checklist to paste:\n\n```markdown\n- [ ] {subject}: what does done look like?\n"
        f"- [ ] smallest version\n```\n"
    )


def message(question: str) -> str | None:
    """A short e-mail or note about the subject, or None if none is asked for."""
    if not _MESSAGE.search(question):
        return None
    subject = subject_of(question) or "our plan"
    return (
        f"## A draft\n\n```text\nSubject: {title(subject)}\n\nHello,\n\n"
        f"I'm writing about {subject}. The state in one sentence: …\n"
        "What I need from you: …, by Friday if that works.\n\nThank you, and best wishes\n…\n```\n\n"
        "- One subject a mail, and the request before the reasons.\n"
        "- A date that is polite is still a date.\n\n"
        "| Tone | Change |\n| --- | --- |\n| warmer | open with a question |\n"
        "| firmer | give the date first |\n"
    )


def summary(text: str) -> str:
    """The first sentences and the figures of `text`."""
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s+", text.strip()) if one.strip()]
    words = text.split()
    longest = sorted({word.strip(".,;:!?\"'()").lower() for word in words}, key=lambda w: (-len(w), w))[:3]
    shown = "\n".join(f"- {one}" for one in sentences[:_SHORTEST])
    return (
        f"## In short\n\n{shown}\n\n| Figure | Value |\n| --- | --- |\n| words | {len(words)} |\n"
        f"| sentences | {len(sentences)} |\n| longest words | {', '.join(longest)} |\n"
    )


def outline(subject: str, variant: int, again: bool) -> str:
    """A frame for thinking about `subject`, for everything the sandbox knows nothing about."""
    subject = subject or "your message"
    lead = "Going on from there: the" if again else "The"
    frame = (_four_sides, _small_steps, _both_ways)[variant](subject)
    return (
        f"## {title(subject)}\n\n{lead} sandbox is a simulated model and knows no facts about this. "
        f"What it can give is a shape for your own thoughts:\n\n{frame}"
    )


def _four_sides(subject: str) -> str:
    return (
        f"- **What it is:** put *{subject}* into one sentence, without its own name in it.\n"
        "- **What it is for:** who would miss it, and when?\n"
        "- **What is unclear:** the one question whose answer changes the rest.\n\n"
        "| Side | Ask | You know it when |\n| --- | --- | --- |\n"
        "| purpose | why at all? | you can name one person |\n"
        "| cost | what does it take? | there is a number |\n"
        "| risk | what breaks first? | you have tried it |\n"
        "| next | what by tomorrow? | it fits in a day |\n\n"
        f"To keep it as a note:\n\n```markdown\n# {title(subject)}\nsentence: …\nquestion: …\n"
        "next: …\n```\n"
    )


def _small_steps(subject: str) -> str:
    return (
        "1. **Start with an example.** One real case says more than a definition.\n"
        "2. **Find its edges.** What is almost the same, and yet is not?\n"
        "3. **Look for the cause.** What had to be there first?\n"
        "4. **Say it to a child.** Where you get stuck, you have found the gap.\n\n"
        "| Step | Takes | Leaves you with |\n| --- | --- | --- |\n"
        "| example | 5 minutes | something to point at |\n| edges | 10 minutes | two near misses |\n"
        "| cause | 10 minutes | one *because* |\n| retelling | 5 minutes | the gap |\n\n"
        f'As a search to begin with:\n\n```text\n"{subject}" explained example\n'
        f'"{subject}" common mistakes\n```\n'
    )


def _both_ways(subject: str) -> str:
    return (
        f"- **If it is true:** what else would have to be so, if *{subject}* is as people say?\n"
        "- **If it is not:** what would you expect to see instead?\n"
        "- **Who says so:** somebody who was there, or somebody who heard of it?\n\n"
        "| Source | Good for | Careful with |\n| --- | --- | --- |\n"
        "| an encyclopedia | a first overview | what is still disputed |\n"
        "| a textbook | order and terms | the latest years |\n"
        "| somebody who does it | what matters in practice | one person's view |\n\n"
        "Write down the answer you expect *before* you look:\n\n"
        f"```markdown\n{subject}\nI think: …\nI'd change my mind if: …\n```\n"
    )


def _count(question: str) -> int:
    match = _COUNT.search(question)
    if not match:
        return 5
    word = match[1].lower()
    number = int(word) if word.isdigit() else _NUMBERS.index(word) + 2
    return max(1, min(number, 10))
