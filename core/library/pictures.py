"""Pictures on disk: the bytes as they came, and a sidecar that says how they came about.

    pictures/2026-11/20261121-143005-a-red-fox-<id>.png
    pictures/2026-11/20261121-143005-a-red-fox-<id>.json

The picture is written first: a crash between the two leaves a picture that is still found, by its
name and header. Blocks: call it in a thread.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import unicodedata
from collections.abc import Iterator
from math import gcd
from pathlib import Path
from stat import S_ISREG
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.domain.failure import GatewayError
from core.domain.ports import Clock
from core.domain.requests import ImageRequest
from core.domain.works import Asset
from core.storage.beneath import read_beneath
from core.storage.files import ensure_dir, write_atomic
from core.storage.full import storage_failure
from core.wire.pictures import ENDINGS, MIMES

from .ids import Ids, is_id
from .magic import MOST_BYTES, Header, checked_header, read_header
from .pixels import thumbnail

FOLDER: Final = "pictures"
THUMBNAILS: Final = "thumbnails"
_SIDECAR_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(r"(?P<stem>.*?)-?(?P<id>[0-9a-z]{14})\.(?P<ending>png|jpg|webp|gif)")


class Sidecar(Struct, frozen=True):
    """How a picture came about. `references` counts the pictures that were given along."""

    id: str
    prompt: str
    model: str
    created_at: float
    mime: str
    width: int
    height: int
    kind: Literal["image", "video"] = "image"
    account: str = ""
    aspect: str = ""
    image_size: str = ""
    style: str = ""
    quality: str = ""
    references: int = 0
    request_id: str = ""
    sandbox: bool = False
    format: int = 1


_decode = msgspec.json.Decoder(Sidecar).decode


class Found(Struct, frozen=True):
    """A picture file. `asset.path` is relative to the library; `whole` is whether its sidecar was read."""

    asset: Asset
    whole: bool


class PictureStore:
    """The folders `pictures` and `thumbnails` below the library's `root`."""

    def __init__(self, root: Path, ids: Ids, clock: Clock) -> None:
        self._root = root
        self._ids = ids
        self._clock = clock
        self._lock = threading.Lock()
        self._small: set[str] | None = None

    def keep(
        self,
        content: bytes,
        request: ImageRequest,
        *,
        model: str,
        account: str,
        request_id: str,
        sandbox: bool,
    ) -> Asset:
        """Write a picture and its sidecar, or neither; `path` of the asset is relative to the library.

        Raises GatewayError: upstream for what is no picture, too_large, unavailable (code STORAGE_FULL).
        """
        header = checked_header(content)
        at = self._clock.now()
        sidecar = Sidecar(
            id=self._ids.new(),
            prompt=request.prompt,
            model=model,
            created_at=at,
            mime=header.mime,
            width=header.width,
            height=header.height,
            account=account,
            aspect=request.image.aspect or _aspect(header),
            image_size=request.image.size,
            style=request.style,
            quality=request.quality,
            references=len(request.references),
            request_id=request_id,
            sandbox=sandbox,
        )
        day = time.gmtime(max(0.0, at))
        stem = "-".join(filter(None, (time.strftime("%Y%m%d-%H%M%S", day), slug(request.prompt), sidecar.id)))
        name = f"{FOLDER}/{time.strftime('%Y-%m', day)}/{stem}.{ENDINGS[header.mime]}"
        path = self._root / name
        try:
            ensure_dir(path.parent)
            write_atomic(path, content)
            try:
                write_atomic(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(sidecar)))
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise storage_failure(error, "picture") from error
        return _asset(sidecar, name, len(content))

    def read(self, name: str) -> bytes | None:
        return read_beneath(self._root, name, MOST_BYTES)

    def names(self) -> Iterator[str]:
        """Every picture file, relative to the library."""
        folder = self._root / FOLDER
        months = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        for month in months:
            if month.is_symlink():
                continue
            for path in month.iterdir():
                if path.suffix[1:] in MIMES and path.name[0] != ".":
                    yield f"{FOLDER}/{month.name}/{path.name}"

    def find(self, asset_id: str) -> str:
        """The file of a picture, searched for by name; empty when there is none."""
        if not is_id(asset_id):
            return ""
        found = (self._root / FOLDER).glob(f"*/*{asset_id}.*")
        return next((str(path.relative_to(self._root)) for path in found if path.suffix[1:] in MIMES), "")

    def load(self, name: str) -> Found | None:
        """The asset of a picture file, from its sidecar or, without one, from its name and header.

        None for a file that is no picture: it is left alone. Raises OSError when there is no file.
        """
        path = self._root / name
        matched = _NAME.fullmatch(path.name)
        if matched is None:
            return None
        facts = path.lstat()
        if not S_ISREG(facts.st_mode):
            return None
        side = read_beneath(self._root, str(Path(name).with_suffix(".json")), _SIDECAR_BYTES)
        if side is not None:
            with contextlib.suppress(msgspec.DecodeError):
                sidecar = _decode(side)
                if sidecar.id == matched["id"]:
                    return Found(_asset(sidecar, name, facts.st_size), whole=True)
        header = read_header(self.read(name) or b"")
        if header is None:
            return None
        made = Sidecar(
            id=matched["id"],
            prompt=_unslugged(matched["stem"]),
            model="",
            created_at=facts.st_mtime,
            mime=header.mime,
            width=header.width,
            height=header.height,
            aspect=_aspect(header),
        )
        return Found(_asset(made, name, facts.st_size), whole=False)

    def files(self, name: str) -> tuple[str, ...]:
        """What belongs to a picture, relative to the library: itself and its sidecar."""
        return (name, str(Path(name).with_suffix(".json")))

    # --- thumbnails

    def thumbnail(self, asset_id: str, name: str) -> str:
        """The picture's thumbnail, made if there is none yet; empty when it can't be made."""
        if asset_id in self._known():
            return f"{THUMBNAILS}/{asset_id}.webp"
        content = self.read(name)
        if content is None:
            return ""
        try:
            small = thumbnail(content)
            write_atomic(ensure_dir(self._root / THUMBNAILS) / f"{asset_id}.webp", small)
        except (GatewayError, OSError):
            return ""  # a picture that can't be made small is still there to be opened
        self._known().add(asset_id)
        return f"{THUMBNAILS}/{asset_id}.webp"

    def drop_thumbnail(self, asset_id: str) -> None:
        (self._root / THUMBNAILS / f"{asset_id}.webp").unlink(missing_ok=True)
        self._known().discard(asset_id)

    def absolute(self, asset: Asset) -> Asset:
        """The asset as doors get it: absolute paths, and a thumbnail if there is one."""
        small = asset.id in self._known()
        return replace(
            asset,
            path=f"{self._root}/{asset.path}",
            thumbnail=f"{self._root}/{THUMBNAILS}/{asset.id}.webp" if small else "",
        )

    def _known(self) -> set[str]:
        with self._lock:
            if self._small is None:
                folder = self._root / THUMBNAILS
                self._small = {path.stem for path in folder.glob("*.webp")} if folder.is_dir() else set()
            return self._small


def slug(prompt: str) -> str:
    """A few words of the prompt in letters that every file system and shell takes."""
    plain = unicodedata.normalize("NFKD", prompt[:200]).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "-".join(words)[:40].rstrip("-")


def _unslugged(stem: str) -> str:
    return re.sub(r"^\d{8}-\d{6}-?", "", stem).replace("-", " ")


def _aspect(header: Header) -> str:
    divisor = gcd(header.width, header.height)
    return f"{header.width // divisor}:{header.height // divisor}"


def _asset(sidecar: Sidecar, name: str, size: int) -> Asset:
    return Asset(
        id=sidecar.id,
        kind=sidecar.kind,
        path=name,
        mime=sidecar.mime,
        width=sidecar.width,
        height=sidecar.height,
        size=size,
        prompt=sidecar.prompt,
        model=sidecar.model,
        created_at=sidecar.created_at,
        account=sidecar.account,
        aspect=sidecar.aspect,
        request_id=sidecar.request_id,
        sandbox=sidecar.sandbox,
    )
