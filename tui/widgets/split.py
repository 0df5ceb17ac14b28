"""Where Markdown may be cut so that each piece renders alone, while the rest is still arriving.

Pure. A cut lies at a blank line outside a fence when the next text starts in the first column (an indented
paragraph or fence stays with its list item), and before and after a fence that stands in the first column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r" *(?:[-*+] +|\d{1,9}[.)] +)?(`{3,}|~{3,})(.*)")


@dataclass(slots=True)
class Splitter:
    """Finds cuts in growing text. Feed it whole text each time; it looks only at what is new.

    `stable` is where the last cut lies: everything before it is final. `fence` is the open fence's
    mark, or empty.
    """

    stable: int = 0
    fence: str = ""
    _seen: int = 0
    _free: bool = False
    _alone: bool = False

    def advance(self, text: str) -> list[tuple[int, int]]:
        """Blocks completed since the last call, as (start, end) in `text`, which may only grow."""
        found: list[tuple[int, int]] = []
        at = self._seen
        while at < len(text):
            end = text.find("\n", at)
            line = text[at : end if end >= 0 else len(text)]
            if self._cut_before(line, end >= 0):
                if text[self.stable : at].strip():
                    found.append((self.stable, at))
                self.stable = at
                self._free = False
            if end < 0:
                break
            self._take(line)
            at = end + 1
        self._seen = at
        return found

    def _cut_before(self, line: str, whole: bool) -> bool:
        if self.fence or not line or line[0] in " \t":
            return False
        return self._free or (whole and line[0] in "`~" and _opens(line) != "")

    def _take(self, line: str) -> None:
        bare = line.strip()
        if not bare:
            self._free = self._free or not self.fence
        elif self.fence:
            if bare.startswith(self.fence) and not bare.strip(self.fence[0]):
                self.fence = ""
                self._free = self._alone
        else:
            self.fence = _opens(line)
            self._free, self._alone = False, line[0] in "`~"


def _opens(line: str) -> str:
    """The mark of the fence that `line` opens, or empty. A backtick in the info string makes it no fence."""
    match = _FENCE.match(line)
    return match[1] if match and not (match[1][0] == "`" and "`" in match[2]) else ""


def split_blocks(text: str) -> list[str]:
    """`text` cut at every stable boundary; joined again the pieces are `text` without blank ends."""
    splitter = Splitter()
    cuts = splitter.advance(text)
    blocks = [text[start:end] for start, end in cuts]
    if (rest := text[splitter.stable :]).strip():
        blocks.append(rest)
    return blocks
