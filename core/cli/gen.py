"""`agtui gen`: pictures from a prompt, into the library and into files."""

from __future__ import annotations

import base64
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
from .exits import Exit, Stop, exit_of
from .output import clean, data, emit_json, on_terminal, words
from .progress import Progress


class Picture(msgspec.Struct, frozen=True):
    """One line of `--json`. `path` is where it is; `id` names it in the library."""

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
@click.option("--model", "-m", default="", help="The model (default: the setting studio.model).")
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
    if not force:
        _refuse_to_overwrite(files)
    request = ImageRequest(text, model, count, ImageOptions(aspect, size or ""))
    made, failures = app.run(_make(app, request, files, force, quiet))
    if as_json:
        emit_json({"pictures": made, "failures": failures})
    for picture in made:
        if not as_json:
            if on_terminal() and not (no_show or quiet):
                from .show import show_file

                show_file(Path(picture.path))
            data(picture.path)
    for failure in failures:
        words(f"agtui: {clean(failure.public_message)}")
    if failures:
        raise click.exceptions.Exit(int(exit_of(failures[0])))


def targets(output: Path | None, count: int) -> list[Path | None]:
    """A file for each picture: none given, the one that was named, or numbered ones."""
    if output is None:
        return [None] * count
    if count == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, count + 1)]


def _refuse_to_overwrite(files: list[Path | None]) -> None:
    for file in files:
        if file is not None and file.exists():
            raise Stop(f"{file} exists; --force overwrites it.", Exit.CANT_CREATE)


async def _make(
    app: App, request: ImageRequest, files: list[Path | None], force: bool, quiet: bool
) -> tuple[list[Picture], list[Failure]]:
    made: list[Picture] = []
    failures: list[Failure] = []
    async with app.services() as services:
        await ready_to_ask(services)
        making = services.studio.make(request, caller("agtui gen"))
        async with Progress(request.n, quiet) as progress, closing(making) as events:
            async for event in events:
                _note(event, progress)
                match event:
                    case Made():
                        made.append(_keep(event, files[event.index], force))
                    case NotMade(failure=failure):
                        failures.append(failure)
                    case _:
                        pass
    if not made and not failures:
        raise GatewayError.of(Kind.UPSTREAM, "No picture came back. `agtui logs --errors` may say why.")
    return sorted(made, key=lambda picture: picture.index), failures


def _note(event: JobEvent, progress: Progress) -> None:
    match event:
        case Phase(name=name):
            progress.phase(name)
        case Partial():
            progress.phase("drawing")
        case Made() | NotMade():
            progress.one_more()


def _keep(made: Made, file: Path | None, force: bool) -> Picture:
    """Write a picture where it was asked for; without a place, the library's file is it."""
    asset, started, mime = made.asset, made.started, made.media.mime
    if file is None and asset is not None:
        path = asset.path
    else:
        suffix = f".{ENDINGS.get(mime, 'bin')}"
        file = file or Path(f"agtui-{made.index + 1}{suffix}")
        path = str(_write(file if file.suffix else file.with_suffix(suffix), _bytes(made.media), force))
        if guess_type(path)[0] != mime:
            words(f"agtui: {path} holds {mime}; its name says otherwise.")
    return Picture(
        index=made.index,
        path=path,
        id=asset.id if asset else "",
        mime=mime,
        model=started.model if started else "",
        account=started.account if started else "",
    )


def _write(file: Path, content: bytes, force: bool) -> Path:
    try:
        with file.open("wb" if force else "xb") as out:
            out.write(content)
    except FileExistsError:
        raise Stop(f"{file} exists; --force overwrites it.", Exit.CANT_CREATE) from None
    except OSError as error:
        raise Stop(f"{file} can't be written: {error.strerror}.", Exit.CANT_CREATE) from None
    return file.absolute()


def _bytes(media: Media) -> bytes:
    match media.data:
        case bytes():
            return media.data
        case Base64Text(text=text):
            return base64.b64decode(text)
        case _:
            raise GatewayError.of(Kind.UPSTREAM, "The picture came as a reference that can't be saved.")
