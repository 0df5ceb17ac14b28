"""The table of figures at the end of `make bench`, and what the benchmarks share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import tools as peers
from tests.bench.figures import Figures
from tests.bench.processes import environment

SEEN = '{"onboarded": true}'
"""A ui.json that keeps the first-run page away."""
TABLE = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Figures()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash[TABLE].lines():
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Where a benchmark writes its rows."""
    return request.config.stash[TABLE]


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> peers.Tools:
    """The C tools, compiled; skips what needs them where they are missing."""
    if lacking := peers.missing():
        said = f"not measured against the C upstream, for want of: {', '.join(lacking)}"
        request.config.stash[TABLE].note(said)
        pytest.skip(said)
    return peers.build(tmp_path_factory.mktemp("tools"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty state directory whose first-run page was seen."""
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    (place / "ui.json").write_text(SEEN)
    return place


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return environment(home)
