"""httpx without its command line, which would import rich and pygments: 30 ms and 6 MB for nothing."""

from __future__ import annotations

import sys
from typing import Any, cast


def skip_httpx_command_line() -> None:
    """Call before httpx is imported. httpx goes on without `httpx._main`, as it does where its
    command-line extra is not installed."""
    if "httpx" not in sys.modules:
        cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)
