"""Pictures have exactly the size asked for, are the same for the same request, and know their prompt."""

import base64
import io

import pytest
from PIL import Image

from core.sandbox import art
from tests.sandbox.world import World, parts_of


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def picture_of(response: dict[str, object]) -> bytes:
    (part,) = parts_of(response)
    assert part["inlineData"]["mimeType"] == "image/png"
    return base64.b64decode(part["inlineData"]["data"])


@pytest.mark.parametrize("ratio", sorted(art.SIZES))
async def test_each_ratio_has_its_pixels(ada: World, ratio: str) -> None:
    config = {"imageConfig": {"aspectRatio": ratio}}
    response = await ada.ask("A red kite over dunes", "gemini-3-pro-image", generationConfig=config)
    assert opened(picture_of(response)).size == art.SIZES[ratio]


@pytest.mark.parametrize(("size", "pixels"), [("1K", 672), ("2K", 1344), ("4K", 2688)])
def test_larger_sizes_are_the_same_picture_with_more_pixels(size: str, pixels: int) -> None:
    picture = opened(art.draw("harbour", "21:9", size, 0, []))
    assert picture.height == pixels
    small = opened(art.draw("harbour", "21:9", "1K", 0, []))
    assert _distance(picture, small) < 4


def _distance(first: Image.Image, second: Image.Image) -> float:
    left, right = (
        one.convert("RGB").resize((24, 24), Image.Resampling.BOX).tobytes() for one in (first, second)
    )
    return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)


@pytest.mark.parametrize(
    "prompt", ["dunes", "a city at night", "flowers", "abstract", "aurora", "a flowing dream"]
)
def test_the_same_request_draws_the_same_picture_and_another_variant_another(prompt: str) -> None:
    first = art.draw(prompt, None, "1K", 0, [])
    assert first == art.draw(prompt, None, "1K", 0, [])
    assert _distance(opened(first), opened(art.draw(prompt, None, "1K", 1, []))) > 1


def test_the_prompt_is_written_into_the_file() -> None:
    assert opened(art.draw("Ein roter Drachen über Dünen 🪁", None, "1K", 0, [])).info["prompt"] == (
        "Ein roter Drachen über Dünen 🪁"
    )


def test_a_reference_lends_its_colours() -> None:
    plain = opened(art.draw("hills", None, "1K", 0, []))
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (20, 200, 60)).save(file, "PNG")
    green = opened(art.draw("hills", None, "1K", 0, [file.getvalue()]))

    def greenness(picture: Image.Image) -> float:
        red, middle, blue = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
        return middle - (red + blue) / 2

    assert greenness(green) > greenness(plain) + 10


def test_a_picture_is_no_flat_colour() -> None:
    for prompt in ("dunes", "a city", "a flower", "a poster", "northern lights", "music", "x"):
        colours = opened(art.draw(prompt, None, "1K", 0, [])).resize((60, 48)).getcolors(4096)
        assert colours is None or len(colours) > 40, prompt


async def test_asking_again_gives_another_picture_unless_a_seed_is_given(ada: World) -> None:
    first, second = [picture_of(await ada.ask("hills", "sandbox-image")) for _ in range(2)]
    assert first != second
    seeded = {"generationConfig": {"seed": 7}}
    third, fourth = [picture_of(await ada.ask("hills", "sandbox-image", **seeded)) for _ in range(2)]
    assert third == fourth


async def test_a_picture_costs_tokens_and_quota(ada: World) -> None:
    response = await ada.ask("hills", "sandbox-image")
    assert response["usageMetadata"]["candidatesTokenCount"] == 1120
    models = (await ada.post("fetchAvailableModels", {})).json()["models"]
    assert models["gemini-3-pro-image"]["quotaInfo"]["remainingFraction"] == 0.99


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(art.UnreadableError):
        art.describe(data, "image/png")
    with pytest.raises(art.UnreadableError):
        art.draw("x", None, "1K", 0, [data])


def test_other_media_are_named_and_not_opened() -> None:
    assert "application/pdf" in art.describe(b"%PDF-1.7", "application/pdf")
