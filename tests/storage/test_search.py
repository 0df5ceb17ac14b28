"""A search finds the same rows with and without an index: those that hold every word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.storage import work_rows
from core.storage.migrations import migrate
from core.storage.search import has_index
from core.storage.tables import WORKS_TEXT
from core.storage.works import Work

PROMPTS = [
    "A red fox in the snow",
    "Castle above the sea, 100% cotton_sky",
    "東京の夜、ネオン",
    "STRASSE und Straße",
    'quotes "inside" and \\ slashes',
    "fox & hound; DROP TABLE works",
]


@pytest.fixture(params=["index", "no index"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'works.db'}")
    migrate(engine)
    with engine.begin() as connection:
        work_rows.put(
            connection,
            [
                Work(f"w{n}", "image", float(n), False, prompt.encode(), prompt)
                for n, prompt in enumerate(PROMPTS)
            ],
        )
        assert has_index(connection, WORKS_TEXT)
        if request.param == "no index":
            for event in ("insert", "delete", "update"):
                connection.exec_driver_sql(f"DROP TRIGGER works_text_{event}")
            connection.exec_driver_sql("DROP TABLE works_text")
        yield connection
    engine.dispose()


def found(connection: sa.Connection, text: str) -> set[int]:
    return {PROMPTS.index(body.decode()) for _, body in work_rows.page(connection, text=text)}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("fox", {0, 5}),
        ("FOX snow", {0}),
        ("snow fox", {0}),
        ("ox", {0, 5}),
        ("a", {0, 1, 3, 4, 5}),
        ("castl", {1}),
        ("100%", {1}),
        ("0% c", {1}),
        ("n_s", {1}),
        ("東京の夜", {2}),
        ("京の", {2}),
        ("strasse", {3}),
        ('"inside"', {4}),
        ("\\", {4}),
        ("' OR 1=1 --", set()),
        ("NEAR(fox)", set()),
        ("fox* OR castle", set()),
        ("nothing", set()),
        ("  ", {0, 1, 2, 3, 4, 5}),
        ("\0fox", {0, 5}),
    ],
)
def test_every_word_has_to_occur_in_any_case_anywhere(
    connection: sa.Connection, text: str, rows: set[int]
) -> None:
    assert found(connection, text) == rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.text(max_size=12))
def test_any_text_is_a_question_and_never_an_error(connection: sa.Connection, text: str) -> None:
    words = text.replace("\0", " ").casefold().split()
    expected = {n for n, prompt in enumerate(PROMPTS) if all(word in prompt.casefold() for word in words)}
    assert found(connection, text) == expected


def test_changed_and_removed_rows_are_found_no_more_by_their_old_words(connection: sa.Connection) -> None:
    work_rows.put(connection, [Work("w0", "image", 0.0, False, PROMPTS[1].encode(), "a green owl")])
    assert found(connection, "snow") == set()
    assert found(connection, "owl") == {1}
    work_rows.remove(connection, ["w5"])
    assert found(connection, "hound") == set()
