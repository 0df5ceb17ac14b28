"""Chats on disk: one JSON file each, replaced whole. Blocks: call it in a thread.

A file is `{"format": 1, "chat": {...}}` with the fields of `domain.works.Chat`. Pictures and documents
inside turns are put away as attachments, so that a chat stays quick to write.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.domain.content import Role, text_of
from core.domain.failure import GatewayError, Kind
from core.domain.ports import Clock
from core.domain.works import Chat, ChatSummary, ChatTurn
from core.storage.beneath import read_beneath
from core.storage.files import ensure_dir, write_atomic
from core.storage.full import storage_failure

from .attachments import Attachments
from .ids import checked, is_plain

FOLDER: Final = "chats"
LONGEST_TITLE: Final = 80
LONGEST_PREVIEW: Final = 120
_MOST_BYTES: Final = 256 * 1024 * 1024


class ChatFile(Struct, frozen=True):
    chat: Chat
    format: int = 1


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ChatFile).decode


class ChatStore:
    """The folder `chats` below the library's `root`."""

    def __init__(self, root: Path, attachments: Attachments, clock: Clock) -> None:
        self._root = root
        self._attachments = attachments
        self._clock = clock
        self._lock = threading.RLock()

    def load(self, chat_id: str) -> Chat:
        """Raises GatewayError: not_found, or internal for a file that can't be read (it is left alone)."""
        content = read_beneath(self._root, name_of(checked(chat_id, "chat")), _MOST_BYTES)
        if content is None:
            raise GatewayError.of(Kind.NOT_FOUND, f"No chat has the id {chat_id}.")
        return parse(content, chat_id)

    def save(self, chat: Chat) -> Chat:
        """Replace the chat's file; gives the chat as it was stored, attachments put away.

        Turns are only ever added: those that came in since the caller read the chat are kept, with the
        head that the last of them set.
        """
        with self._lock:
            with contextlib.suppress(GatewayError):
                stored = self.load(chat.id)
                known = {turn.id for turn in chat.turns}
                if more := tuple(turn for turn in stored.turns if turn.id not in known):
                    chat = replace(chat, turns=(*chat.turns, *more), head=stored.head)
            return self._write(chat)

    def _write(self, chat: Chat) -> Chat:
        path = self._root / name_of(checked(chat.id, "chat"))
        try:
            chat = replace(chat, turns=tuple(self._attachments.put_away(turn) for turn in chat.turns))
            ensure_dir(path.parent)
            write_atomic(path, _encode(ChatFile(chat)))
        except OSError as error:
            raise storage_failure(error, "chat") from error
        return chat

    def add_turn(self, chat_id: str, turn: ChatTurn, title: str = "") -> Chat:
        """Add `turn` after its parent and make it the head; a turn with the same id is replaced.

        An answer of nothing beside one that came to something stays a side branch: asking again may fail,
        and must not take away what there was. `title` names the chat if it has no name yet.
        """
        with self._lock:
            chat = self.load(chat_id)
            ids = {known.id for known in chat.turns}
            if turn.parent and turn.parent not in ids:
                raise GatewayError.of(Kind.NOT_FOUND, f"Chat {chat_id} has no turn {turn.parent}.")
            if turn.id in ids:
                turns = tuple(turn if known.id == turn.id else known for known in chat.turns)
            else:
                turns = (*chat.turns, turn)
            return self._write(
                replace(
                    chat,
                    turns=turns,
                    head=chat.head if _is_worse(turn, turns) else turn.id,
                    title=chat.title or shortened(title, LONGEST_TITLE),
                    updated_at=max(self._clock.now(), chat.updated_at),
                )
            )

    def ids(self) -> Iterator[str]:
        """The ids that the folder holds files for."""
        folder = self._root / FOLDER
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        stems = (name.removesuffix(".json") for name in names if name.endswith(".json"))
        yield from filter(is_plain, stems)

    def path(self, chat_id: str) -> Path:
        return self._root / name_of(chat_id)


def _is_worse(turn: ChatTurn, turns: Iterable[ChatTurn]) -> bool:
    """Whether an answer holds nothing while another one to the same question does."""
    beside = (known for known in turns if known.parent == turn.parent and known.id != turn.id)
    return turn.role is Role.MODEL and not turn.parts and any(known.parts for known in beside)


def parse(content: bytes, chat_id: str) -> Chat:
    """The chat that a file holds. Raises GatewayError(internal) for a file that can't be read."""
    try:
        return _decode(content).chat
    except (msgspec.DecodeError, RecursionError) as error:
        raise GatewayError.of(
            Kind.INTERNAL, f"The file of chat {chat_id} can't be read ({error}). It was left as it is."
        ) from error


def name_of(chat_id: str) -> str:
    """The chat's file, relative to the library."""
    return f"{FOLDER}/{chat_id}.json"


def summary(chat: Chat) -> ChatSummary:
    """The chat in a list: its size counts every branch, its preview is what was said last."""
    last = next((text for turn in reversed(chat.path()) if (text := text_of(turn.parts).strip())), "")
    return ChatSummary(
        id=chat.id,
        title=chat.title,
        model=chat.model,
        created_at=chat.created_at,
        updated_at=chat.updated_at,
        turns=len(chat.turns),
        tokens=sum(turn.note.input_tokens + turn.note.output_tokens for turn in chat.turns),
        preview=shortened(last, LONGEST_PREVIEW),
        sandbox=chat.sandbox,
    )


def words_of(chat: Chat) -> str:
    """What the chat is found by: its title and everything that was said, the newest first."""
    said = (text_of(turn.parts) for turn in reversed(chat.turns) if turn.role is not Role.SYSTEM)
    return "\n".join((chat.title, *said))


def shortened(text: str, length: int) -> str:
    """One line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
