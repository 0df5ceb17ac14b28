"""The model routes: names beside ids, what a name means, and Codex's list."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.models import ModelInfo
from tests.fakes import FakePool, FakeProvider

from .conftest import KEY, Start

DETECT = "/v1/models/detect"
MODELS = "/v1/models"
PAINTER = ModelInfo("p-image", "fake", "Painter", kind="image")
CHAT = ModelInfo("m1", "fake", "Model One", context=200_000, thinking="asked", images_in=False)


def pool() -> FakePool:
    return FakePool(models=(PAINTER, CHAT))


NAMED = FakeProvider(names=("alias-m1", "alias-p-image", "alias-nowhere"))
SHAPES: dict[str, dict[str, str]] = {
    "openai": {},
    "anthropic": {"anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": KEY},
}


def ids(listed: Any) -> list[str]:
    entries = listed.get("data") or listed["models"]
    return [(one.get("id") or one["name"]).removeprefix("models/") for one in entries]


@pytest.mark.parametrize("family", SHAPES)
async def test_every_protocol_lists_names_beside_ids_by_id(start: Start, family: str) -> None:
    world = await start(NAMED, pool())
    listed = (await world.client.get(MODELS, headers=SHAPES[family])).json()
    assert ids(listed) == ["alias-m1", "alias-p-image", "m1", "p-image"]


@pytest.mark.parametrize("family", SHAPES)
async def test_only_what_accounts_have_is_listed_where_that_is_wanted(start: Start, family: str) -> None:
    world = await start(NAMED, pool(), list_names=False)
    listed = (await world.client.get(MODELS, headers=SHAPES[family])).json()
    assert ids(listed) == ["m1", "p-image"]
    one = await world.client.get(f"{MODELS}/alias-m1", headers=SHAPES[family])
    assert one.status_code == 200, "what is not listed can be asked for all the same"


async def test_each_entry_says_who_owns_it_and_since_when(start: Start) -> None:
    world = await start(NAMED, pool())
    listed = (await world.client.get(MODELS)).json()
    assert listed.keys() == {"object", "data"}
    for one in listed["data"]:
        assert (one["object"], one["owned_by"]) == ("model", "fake")
        assert one["created"] > 0


async def test_codex_finds_its_own_list_beside_the_other(start: Start) -> None:
    world = await start(NAMED, pool())
    listed = (await world.client.get(f"{MODELS}?client_version=0.169.0")).json()
    assert ids(listed) == ["alias-m1", "alias-p-image", "m1", "p-image"]
    rows = {one["slug"]: one for one in listed["models"]}
    assert rows.keys() == {"alias-m1", "m1"}
    assert (rows["m1"]["visibility"], rows["alias-m1"]["visibility"]) == ("list", "hide")
    assert (rows["m1"]["display_name"], rows["m1"]["context_window"]) == ("Model One", 200_000)
    assert [one["effort"] for one in rows["m1"]["supported_reasoning_levels"]] == ["low", "medium", "high"]
    assert rows["m1"]["input_modalities"] == ["text"]
    assert rows["m1"]["base_instructions"]


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("m1", {"mapped_model": "m1", "type": "agent"}),
        ("alias-m1", {"mapped_model": "m1", "type": "agent"}),
        ("m1-online", {"mapped_model": "m1", "type": "web_search"}),
        ("unheard-of", {"mapped_model": "unheard-of", "type": "agent"}),
        (
            "p-image",
            {"mapped_model": "p-image", "type": "image_gen", "config": {"aspectRatio": "1:1"}},
        ),
        (
            "new-image-16x9-4k",
            {
                "mapped_model": "new-image-16x9-4k",
                "type": "image_gen",
                "config": {"aspectRatio": "16:9", "imageSize": "4K"},
            },
        ),
    ],
)
async def test_what_a_name_would_be_taken_for_can_be_asked(
    start: Start, model: str, found: dict[str, Any]
) -> None:
    world = await start(NAMED, pool())
    answer = await world.client.post(DETECT, json={"model": model})
    features = {
        "has_web_search": found["type"] == "web_search",
        "is_image_gen": found["type"] == "image_gen",
    }
    assert answer.status_code == 200
    assert answer.json() == {"model": model, "features": features} | found


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": None}, {"model": []}, {"model": "x" * 300}])
async def test_without_a_name_there_is_nothing_to_detect(start: Start, body: dict[str, Any]) -> None:
    world = await start(NAMED, pool())
    answer = await world.client.post(DETECT, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"


async def test_a_call_of_googles_clients_beside_it_is_still_theirs(start: Start) -> None:
    world = await start(FakeProvider(), pool())
    asked = {"contents": [{"parts": [{"text": "Hi"}]}]}
    answer = await world.client.post("/v1/models/detect:generateContent", json=asked)
    assert "candidates" in answer.json()
