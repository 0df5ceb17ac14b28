"""Several streams of batches as one, in the order in which their batches come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from core.dialects.openai.choices import Tagged
from core.domain.events import Batch, Failed, Started
from core.domain.failure import GatewayError
from core.domain.streams import closing


async def merged(streams: Sequence[AsyncIterator[Batch]]) -> AsyncIterator[list[Tagged | Started]]:
    """Batches of tagged events; the first is who answers the stream that came first.

    Raises GatewayError if a stream fails before anything has come; later its failure is an event. Closing it
    closes all of them.
    """
    queue: asyncio.Queue[tuple[int, Batch | GatewayError | None]] = asyncio.Queue(len(streams))

    async def pump(index: int, stream: AsyncIterator[Batch]) -> None:
        try:
            async with closing(stream):
                async for batch in stream:
                    await queue.put((index, batch))
        except GatewayError as error:
            await queue.put((index, error))
        else:
            await queue.put((index, None))

    tasks = [asyncio.create_task(pump(index, stream)) for index, stream in enumerate(streams)]
    begun, left = False, len(streams)
    try:
        while left:
            index, item = await queue.get()
            if item is None:
                left -= 1
            elif isinstance(item, GatewayError):
                if not begun:
                    raise item
                yield [(index, Failed(item.failure))]
                return
            elif not begun:
                begun = True
                yield [event for event in item if isinstance(event, Started)]
                yield [(index, event) for event in item]
            else:
                yield [(index, event) for event in item]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
