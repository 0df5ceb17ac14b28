"""`agtui gen`: pictures from a prompt, into the library and into files."""

from __future__ import annotations

import base64
import os
from itertools import count as count_up
from mimetypes import guess_type
from pathlib import Path

import click
import msgspec

from core.domain.content import Base64Text, Media
from core.domain.events import JobEvent, Made, NotMade, Partial, Phase
from core.domain.failure import Failure, GatewayError, Kind
from core.domain.requests import ImageOptions, ImageRequest
from core.domain.streams import closing
from core.wire.pictures import ENDINGS

from .app import App, caller, json_option, pass_app, ready_to_ask
from .asking import prompt_text
from .completing import model_ids
from .exits import Exit, Stop, exit_of
from .output import clean, data, emit_json, on_terminal, words
from .progress import Progress


class Picture(msgspec.Struct, frozen=True):
    """One picture of `--json`. `path` is where it is, empty if nowhere; `id` names it in the library."""

    index: int
    path: str
    id: str
    mime: str
    model: str
    account: str


def _aspect(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from core.wire.pictures import ASPECTS

    ratio = value.strip().lower().replace("x", ":").removeprefix("auto")
    if ratio and ratio not in ASPECTS:
        raise click.BadParameter(f"{clean(value)} is no ratio that pictures come in: {', '.join(ASPECTS)}.")
    return ratio


@click.command()
@click.argument("prompt", nargs=-1)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write here; numbered when -n is above 1."
)
@click.option("--count", "-n", type=click.IntRange(1, 10), default=1, help="How many pictures.")
@click.option("--aspect", default="", metavar="W:H", callback=_aspect, help="Aspect ratio, for example 16:9.")
@click.option("--size", type=click.Choice(["1K", "2K", "4K"]), default=None, help="Resolution.")
@click.option(
    "--model",
    "-m",
    default="",
    shell_complete=model_ids,
    help="The model (default: the setting studio.model).",
)
@click.option("--force", "-f", is_flag=True, help="Overwrite files.")
@click.option("--no-show", is_flag=True, help="Don't show the pictures in the terminal.")
@click.option("--quiet", "-q", is_flag=True, help="Only the paths: no picture, no progress.")
@json_option
@pass_app
def gen(
    app: App,
    prompt: tuple[str, ...],
    output: Path | None,
    count: int,
    aspect: str,
    size: str | None,
    model: str,
    force: bool,
    no_show: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make pictures. Prints the path of each; on a terminal it shows them, too."""
    text = prompt_text(prompt)
    if not text:
        raise Stop('say what the picture shows: agtui gen "a red fox in the snow"', Exit.USAGE)
    files = targets(output, count)
    for file in files:
        _check(file, force)
    request = ImageRequest(text, model, count, ImageOptions(aspect, size or ""))
    made, failures, unwritten = app.run(_make(app, request, files, force, quiet))
    if as_json:
        emit_json({"pictures": made, "failures": failures})
    for picture in made:
        if not as_json and picture.path:
            if on_terminal() and not (no_show or quiet):
                from .show import show_file

                show_file(Path(picture.path))
            data(picture.path)
    for failure in failures:
        words(f"agtui: {clean(failure.public_message)}")
    if failures:
        raise click.exceptions.Exit(int(exit_of(failures[0])))
    if unwritten:
        raise click.exceptions.Exit(int(Exit.CANT_CREATE))


def targets(output: Path | None, count: int) -> list[Path | None]:
    """A file for each picture: none given, the one that was named, or numbered ones."""
    if output is None:
        return [None] * count
    if count == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, count + 1)]


def _check(file: Path | None, force: bool) -> None:
    """Refuse a place that a picture can't be written to, before one is made."""
    if file is None:
        return
    if file.is_dir():
        raise Stop(f"{file} is a directory: name a file in it.", Exit.CANT_CREATE)
    if file.exists() and not force:
        raise Stop(f"{file} exists; --force overwrites it.", Exit.CANT_CREATE)
    if not file.parent.is_dir():
        raise Stop(f"{file} can't be written: there is no directory {file.parent}.", Exit.CANT_CREATE)
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise Stop(f"{file} can't be written: Permission denied.", Exit.CANT_CREATE)


async def _make(
    app: App, request: ImageRequest, files: list[Path | None], force: bool, quiet: bool
) -> tuple[list[Picture], list[Failure], bool]:
    """The pictures in order, what failed, and whether a file could not be written."""
    made: list[Picture] = []
    failures: list[Failure] = []
    unwritten = False
    async with app.services() as services:
        await ready_to_ask(services)
        making = services.studio.make(request, caller("agtui gen"))
        async with Progress(request.n, quiet) as progress, closing(making) as events:
            async for event in events:
                _note(event, progress)
                match event:
                    case Made():
                        picture, written = _keep(event, files[event.index], force)
                        made.append(picture)
                        unwritten |= not written
                    case NotMade(failure=failure):
                        failures.append(failure)
                    case _:
                        pass
    if not made and not failures:
        raise GatewayError.of(Kind.UPSTREAM, "No picture came back. `agtui logs --errors` may say why.")
    return sorted(made, key=lambda picture: picture.index), failures, unwritten


def _note(event: JobEvent, progress: Progress) -> None:
    match event:
        case Phase(name=name):
            progress.phase(name)
        case Partial():
            progress.phase("drawing")
        case Made() | NotMade():
            progress.one_more()


def _keep(made: Made, file: Path | None, force: bool) -> tuple[Picture, bool]:
    """A picture where it was asked for, else in the library; whether it could be written there."""
    asset, started, mime = made.asset, made.started, made.media.mime
    place, written = asset.path if asset else "", True
    if made.not_kept is not None:
        words(f"agtui: not in the library: {clean(made.not_kept.public_message)}")
    if file is not None or asset is None:
        target = _named(file, made)
        try:
            _write(target, _bytes(made.media), force)
            place = str(target.absolute())
        except OSError as error:
            written = False
            instead = f" The picture is in the library: {place}" if place else " The picture is lost."
            words(f"agtui: {target} can't be written: {error.strerror}.{instead}")
        if written and guess_type(place)[0] != mime:
            words(f"agtui: {place} holds {mime}; its name says otherwise.")
    picture = Picture(
        index=made.index,
        path=place,
        id=asset.id if asset else "",
        mime=mime,
        model=started.model if started else "",
        account=started.account if started else "",
    )
    return picture, written


def _named(file: Path | None, made: Made) -> Path:
    """The file for a picture, with an ending; without a name, the first free one here."""
    ending = f".{ENDINGS.get(made.media.mime, 'bin')}"
    if file is not None:
        return file if file.suffix else file.with_suffix(ending)
    names = (Path(f"agtui-{number}{ending}") for number in count_up(made.index + 1))
    return next(name for name in names if not name.exists())


def _write(file: Path, content: bytes, force: bool) -> None:
    """Write the whole file or none of it. Raises OSError; FileExistsError unless `force`."""
    replaces = force and file.is_file()
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp") if replaces else file
    try:
        with draft.open("xb" if replaces or not force else "wb") as out:
            out.write(content)
        if replaces:
            os.replace(draft, file)
    except FileExistsError:
        raise
    except OSError:
        if draft.is_file():
            draft.unlink()
        raise


def _bytes(media: Media) -> bytes:
    match media.data:
        case bytes():
            return media.data
        case Base64Text(text=text):
            return base64.b64decode(text)
        case _:
            raise GatewayError.of(Kind.UPSTREAM, "The picture came as a reference that can't be saved.")
