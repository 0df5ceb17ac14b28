"""Deleting with a way back, without a screen."""

from __future__ import annotations

import asyncio

import pytest

from tui.trash import Trash


class Shelf:
    def __init__(self, *held: str) -> None:
        self.held = list(held)
        self.go = asyncio.Event()
        self.go.set()

    async def delete(self, thing: str) -> None:
        await self.go.wait()
        self.held.remove(thing)

    async def restore(self, thing: str) -> None:
        self.held.append(thing)

    def trash(self) -> Trash:
        return Trash(self.delete, self.restore)


async def test_what_was_deleted_last_comes_back_first() -> None:
    shelf = Shelf("a", "b")
    trash = shelf.trash()
    assert await trash.put("a")
    assert await trash.put("b")
    assert [await trash.bring_back() for _ in range(3)] == ["b", "a", ""]
    assert shelf.held == ["b", "a"]


async def test_asking_twice_deletes_once() -> None:
    shelf = Shelf("a")
    trash = shelf.trash()
    assert await asyncio.gather(trash.put("a"), trash.put("a")) == [True, False]


async def test_an_undo_waits_for_the_deletion_that_it_undoes() -> None:
    shelf = Shelf("a")
    shelf.go.clear()
    trash = shelf.trash()
    deletion = asyncio.create_task(trash.put("a"))
    undo = asyncio.create_task(trash.bring_back())
    await asyncio.sleep(0)
    shelf.go.set()
    assert (await deletion, await undo) == (True, "a")
    assert shelf.held == ["a"]


async def test_what_could_not_be_deleted_is_not_brought_back() -> None:
    trash = Shelf().trash()
    with pytest.raises(ValueError, match="not in list"):
        await trash.put("a")
    assert await trash.bring_back() == ""
