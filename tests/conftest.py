"""What every test may rely on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core import redact


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """What a test registers as secret is looked for in that test only: a search for the thousands of texts
    that some tests make up would slow every log line of the others."""
    default = redact._default  # pyright: ignore[reportPrivateUsage]
    before = dict(default._forms)  # pyright: ignore[reportPrivateUsage]
    yield
    if made := default._forms.keys() - before.keys():  # pyright: ignore[reportPrivateUsage]
        redact.forget(*made)
