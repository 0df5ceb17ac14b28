"""Sums: finds one in a question, works it out exactly, shows the way."""

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

_WORDS: Final = (
    (r"\bplus\b", "+"),
    (r"\bminus\b", "-"),
    (r"\b(times|multiplied by)\b|×", "*"),
    (r"\b(divided by|over)\b|÷", "/"),
    (r"\b(to the power of)\b|\^", "**"),
    (r"(\d+(?:\.\d+)?)\s*(?:%|percent)\s+of\s+", r"\1/100*"),
    (r"(\d)\s*x\s*(\d)", r"\1*\2"),
    (r"(\d),(\d{3})\b", r"\1\2"),
    (r"\bsquare root of (\d+(?:\.\d+)?)", r"\1**(1/2)"),
)
_SUM: Final = re.compile(r"[(\-]*\d[\d.\s()+\-*/]*[+\-*/][\d.\s()+\-*/]*\d\)*")
_DATE: Final = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d+\.\d+\.\d+|\b\d{1,4}([-/])\d{1,4}\1\d{1,4}\b")
_LARGEST: Final = 10**60
_LONGEST: Final = 200
"""Characters of a question that may be a sum."""

_SIGNS: Final[dict[type[ast.operator], tuple[str, Callable[[Fraction, Fraction], Fraction]]]] = {
    ast.Add: ("+", lambda left, right: left + right),
    ast.Sub: ("−", lambda left, right: left - right),
    ast.Mult: ("×", lambda left, right: left * right),
    ast.Div: ("÷", lambda left, right: left / right),
}


class _NoSumError(ValueError):
    """The text isn't a sum that can be worked out."""


def answer(question: str) -> str | None:
    """Markdown with the result and each step, or None if there is no sum in `question`."""
    if len(question) > _LONGEST:
        return None
    text = _DATE.sub(" ", question)
    for pattern, sign in _WORDS:
        text = re.sub(pattern, sign, text, flags=re.I)
    found = max((match[0].strip() for match in _SUM.finditer(text)), key=len, default="")
    if not found or (len(found) < len(question) / 4 and len(question) > 60):
        return None
    try:
        steps: list[tuple[str, str]] = []
        result = _work_out(ast.parse(found, mode="eval").body, steps)
    except ZeroDivisionError:
        return (
            f"## {found}\n\nThis divides by zero, so it has **no value**. Change the divisor and ask again."
        )
    except (_NoSumError, SyntaxError, RecursionError, ValueError, OverflowError):
        return None
    shown = found.replace("**", "^").replace("*", "×").replace("/", "÷")
    rows = "\n".join(f"| {at} | {left} | {right} |" for at, (left, right) in enumerate(steps, 1))
    notes = _notes(result)
    return (
        f"## {_text(result)}\n\n**{shown} = {_text(result)}**\n\n"
        f"| Step | Sum | Result |\n| ---: | --- | ---: |\n{rows}\n\n"
        f"{notes}\n\nTo check it in a shell:\n\n```sh\npython3 -c 'print({found})'\n```\n"
    )


def _work_out(node: ast.expr, steps: list[tuple[str, str]]) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Fraction(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_work_out(inner, steps)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_work_out(left, steps), _work_out(right, []), steps)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            sign, work = _SIGNS[type(op)]
            first, second = _work_out(left, steps), _work_out(right, steps)
            result = work(first, second)
            if abs(result) > _LARGEST:
                raise _NoSumError("too large")
            steps.append((f"{_text(first)} {sign} {_text(second)}", _text(result)))
            return result
        case _:
            raise _NoSumError(ast.dump(node))


def _power(base: Fraction, exponent: Fraction, steps: list[tuple[str, str]]) -> Fraction:
    if abs(exponent) > 64 or abs(base) > 10**6 or (base < 0 and exponent.denominator != 1):
        raise _NoSumError("too large")
    if exponent.denominator == 1:
        result = base**exponent.numerator
    else:
        result = Fraction(f"{float(base) ** float(exponent):.10g}")
    if abs(result) > _LARGEST:
        raise _NoSumError("too large")
    steps.append((f"{_text(base)} ^ {_text(exponent)}", _text(result)))
    return result


def _text(number: Fraction) -> str:
    """Whole numbers with thin groups, others to ten digits."""
    if number.denominator == 1:
        return f"{number.numerator:,}"
    return f"{float(number):,.10g}"


def _notes(result: Fraction) -> str:
    notes: list[str] = []
    if result.denominator == 1:
        whole = result.numerator
        notes.append(f"It is {'even' if whole % 2 == 0 else 'odd'}.")
        if 1 < whole < 10**9:
            divisor = next((n for n in range(2, min(whole, 31623)) if whole % n == 0), whole)
            notes.append(
                "It is a prime number." if divisor == whole else f"Its smallest divisor is {divisor}."
            )
        if 0 <= whole < 2**32:
            notes.append(f"In hexadecimal: `{whole:#x}`.")
    else:
        notes.append(f"As an exact fraction: {result.numerator}/{result.denominator}.")
        notes.append(f"Rounded: {float(result):.2f}.")
    return "\n".join(f"- {note}" for note in notes)
