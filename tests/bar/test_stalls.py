"""While many large pictures pass through, no step of the loop keeps the others waiting.

What a step costs is counted in the loop's own processor time, so that a busy machine is not taken for a
slow program.
"""

from __future__ import annotations

import asyncio
import io
import random
import time
from typing import Any

import pytest
from PIL import Image

from .asking import head, post
from .conftest import House, World
from .figures import PICTURES_AT_ONCE, STEP_S
from .upstream import Upstream

SIDE = 1536


def noise() -> bytes:
    """A picture that can't be packed: 7 MB, as large as they come."""
    out = io.BytesIO()
    pixels = random.Random(1).randbytes(SIDE * SIDE * 3)
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(out, "PNG", compress_level=0)
    return out.getvalue()


async def test_no_step_of_the_loop_is_long_while_many_pictures_are_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await house(Upstream(picture=await asyncio.to_thread(noise)))
    await picture(world)
    steps: list[tuple[float, str]] = []
    run = asyncio.Handle._run  # pyright: ignore[reportPrivateUsage]

    def timed(handle: Any) -> None:
        begun = time.thread_time()
        run(handle)
        steps.append((time.thread_time() - begun, repr(handle)[:300]))

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        sizes = await asyncio.gather(*(picture(world) for _ in range(PICTURES_AT_ONCE)))
    assert min(sizes) > SIDE * SIDE * 3
    assert max(steps)[0] < STEP_S, max(steps)


async def picture(world: World) -> int:
    """Ask for a picture; the size of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=1 << 20)
    body = {"prompt": "a kite", "model": "gemini-3-pro-image", "response_format": "b64_json"}
    writer.write(post(world.key, "/v1/images/generations", body, "Connection: close"))
    assert b" 200 " in await head(reader)
    size = 0
    while read := await reader.read(1 << 20):
        size += len(read)
    writer.close()
    return size
