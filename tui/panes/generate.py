"""The generate tab: a prompt becomes pictures; the queue, the preview, the recent ones.

Jobs run in the gateway and go on while another tab is on screen; this pane only shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Static

from core.domain.failure import GatewayError
from core.domain.requests import ImageOptions, ImageRequest
from core.domain.works import Asset, Job
from tui import format as say
from tui import turns
from tui.messages import Heard
from tui.panes.base import FooterKey, HelpData, Pane
from tui.trash import BACK, MOVED, Trash
from tui.widgets.choice import Choice
from tui.widgets.clean import clean_line
from tui.widgets.picture_strip import PictureStrip, Thumb
from tui.widgets.pixel_view import PixelView
from tui.widgets.plain import PlainText, frame
from tui.widgets.prompt import PromptArea
from tui.widgets.row_list import Cell, Column, Row, RowList, Tone

if TYPE_CHECKING:
    from core.services import Services

ASPECTS = ("auto", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")
COUNTS = ("1", "2", "4")
START = "Describe a picture and press enter."
COMING = "The picture is on its way."
ENDED = {"done", "failed", "cancelled"}
MARKS: dict[str, tuple[str, Tone]] = {
    "queued": ("○", "muted"),
    "running": ("◐", "accent"),
    "done": ("●", "good"),
    "failed": ("✗", "error"),
    "cancelled": ("–", "muted"),
}


class GeneratePane(Pane):
    """Prompt, model, aspect, count; a queue with phases; the picture as half-blocks and where its file is."""

    SCOPED_CSS = False  # its rules name the classes of small and large terminals
    DEFAULT_CSS = """
    GeneratePane {
        #form { width: 38; }
        #result { width: 1fr; }
        #ask { height: auto; }
        #model { height: 1; padding: 0 1; margin-top: 1; }
        Choice { padding: 0 1; }
        #queue { height: 1fr; margin-top: 1; }
        #picture { height: 1fr; }
        #where { height: 1; color: $muted; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    .-narrow GeneratePane #form { width: 32; }
    .-short GeneratePane #recent { display: none; }
    .-wide GeneratePane #form { width: 44; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "model", "Model", id="generate.model", priority=True, tooltip="Choose the model"),
        Binding(
            "ctrl+y",
            "copy_path",
            "Copy path",
            id="generate.copy",
            priority=True,
            tooltip="Copy the file's path",
        ),
        Binding(
            "f", "full", "Full screen", id="generate.full", tooltip="Show the picture on the whole screen"
        ),
        Binding(
            "x", "cancel_job", "Cancel job", id="generate.cancel", tooltip="Cancel the job under the bar"
        ),
        Binding("left", "browse(-1)", "Newer picture", id="generate.newer", show=False),
        Binding("right", "browse(1)", "Older picture", id="generate.older", show=False),
        Binding("d", "delete", "Delete", id="generate.delete", tooltip="Move the picture to the trash"),
        Binding(
            "u", "undo", "Undo", id="generate.undo", show=False, tooltip="Bring the deleted picture back"
        ),
    ]
    help_data = HelpData(
        "Generate",
        "Describe a picture and press enter. Jobs run in the queue, also while you are elsewhere; esc "
        "cancels the newest one. Pictures are kept as files; the line under the picture says where.",
    )
    keys = var(
        (
            FooterKey("enter", "generate", 85, where="PromptArea"),
            FooterKey("tab", "options", 60, where="PromptArea"),
            FooterKey("left", "→ choose", 85, where="Choice"),
            FooterKey("left", "→ browse", 85, where="#recent, #picture"),
            FooterKey("x", "cancel job", 65, "generate.cancel", where="#queue"),
            FooterKey("escape", "cancel job", 65, where="PromptArea"),
            FooterKey("ctrl+t", "model", 75, "generate.model"),
            FooterKey("z", "zoom", 45, where="#picture"),
            FooterKey("f", "full", 55, "generate.full"),
            FooterKey("d", "delete", 40, "generate.delete"),
            FooterKey("ctrl+y", "copy path", 35, "generate.copy"),
        )
    )

    prompt = getters.query_one(PromptArea)
    picture = getters.query_one(PixelView)
    strip = getters.query_one(PictureStrip)
    queue = getters.query_one("#queue", RowList)
    aspect = getters.query_one("#aspect", Choice)
    amount = getters.query_one("#count", Choice)
    where = getters.query_one("#where", PlainText)
    model: var[str] = var("")

    def __init__(self, id: str = "generate") -> None:
        super().__init__(id=id)
        self._assets: dict[str, Asset] = {}
        self._jobs: list[Job] = []
        self._newest = ""
        self._seen_id = ""  # the picture that is seen, and that every key is about
        self._then_show = ""
        self._trash = Trash(self._delete_asset, self._restore_asset)

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="form"):
                with Vertical(id="ask", classes="framed"):
                    yield PromptArea(placeholder="a lighthouse at dusk, linocut")
                yield Static(id="model")
                yield Choice("Aspect", ASPECTS, id="aspect")
                yield Choice("Count", COUNTS, id="count")
                yield RowList(
                    (Column(width=1), Column(), Column(width=9, align="right")), id="queue", classes="framed"
                )
            with Vertical(id="result"):
                yield PixelView(id="picture", classes="framed")
                yield PlainText(id="where")
                yield PictureStrip(id="recent")

    def on_mount(self) -> None:
        self.picture.border_title = "no picture yet"
        self.queue.border_title = "queue"
        self.query_one("#ask", Vertical).border_title = "prompt"
        self.watch_model()

    def first_focus(self) -> Widget | None:
        return self.prompt

    # What the shell says ----------------------------------------------------------------------------

    def restore(self, kept: Mapping[str, str]) -> None:
        self.model = kept.get("model", "")
        if text := kept.get("prompt", ""):
            self.prompt.put_text(text)
        for choice, name in ((self.aspect, "aspect"), (self.amount, "count")):
            if value := kept.get(name, ""):
                choice.value = value

    def kept(self) -> Mapping[str, str]:
        return {
            "model": self.model,
            "prompt": self.prompt.text,
            "aspect": self.aspect.value,
            "count": self.amount.value,
        }

    def ready(self, services: Services) -> None:
        self.load()

    def activated(self) -> None:
        if self.services:
            self.load()

    def heard(self, message: Heard) -> None:
        topics = message.topics()
        if self.is_active and (message.gap or topics & {"job.changed", "asset.added", "asset.removed"}):
            self.load()

    def asked(self, what: str) -> None:
        """`what` is the id of a picture to show."""
        self._then_show = what
        self.load()

    def busy(self) -> str:
        waiting = sum(job.state not in ENDED for job in self._jobs)
        return (
            f"{waiting} picture {'job is' if waiting == 1 else 'jobs are'} still running" if waiting else ""
        )

    def stop(self) -> bool:
        waiting = [job for job in self._jobs if job.state not in ENDED]
        if waiting:
            self.cancel(waiting[0].id)
        return bool(waiting)

    # Loading ----------------------------------------------------------------------------------------

    @work(group="generate-load", exclusive=True, exit_on_error=False)
    async def load(self) -> None:
        """Read queue and pictures anew; what is wanted or was just made goes on show.

        A wish stays until a load has come to its end: the next one may cut it short.
        """
        if self.services is None:
            return
        if not self.model:
            listed = await self.services.settings.list()
            self.model = next(
                (each.value for each in listed if each.name == "studio.model"), "gemini-3-pro-image"
            )
        self._jobs = await self.services.studio.jobs()
        assets = await self.services.library.assets(limit=60)
        newest = assets[0].id if assets else ""
        wanted = self._then_show
        if wanted and wanted not in {asset.id for asset in assets}:
            try:
                assets.insert(0, await self.services.library.asset(wanted))
            except GatewayError as error:
                self.flash(turns.error_text(error.failure), "error", 8)
        self._then_show = ""
        self._assets = {asset.id: asset for asset in assets}
        show = wanted or (newest if newest != self._newest else self._seen_id)
        self._newest = newest
        self.strip.show([Thumb(asset.id, Path(asset.thumbnail or asset.path)) for asset in assets], show)
        self._show_queue()
        self._show_picture(self.strip.cursor_id)

    def _show_queue(self) -> None:
        rows: list[Row] = []
        for job in self._jobs:
            mark, tone = MARKS[job.state]
            several = f"{job.request.n}× " if job.request.n > 1 else ""
            text = several + say.one_line(job.request.prompt)
            rows.append(Row(job.id, (Cell(mark, tone), Cell(text), Cell(job_state(job), "muted"))))
            if job.failure is not None and job.state == "failed":
                rows.append(Row("", (Cell("   " + turns.error_text(job.failure), "error"),)))
        self.queue.show(rows)
        if not self.queue.has_focus and self._jobs:
            self.queue.put_cursor(self._jobs[0].id)
        waiting = sum(job.state not in ENDED for job in self._jobs)
        self.queue.border_subtitle = f"{waiting} running" if waiting else ""

    def _show_picture(self, asset_id: str) -> None:
        asset = self._assets.get(asset_id)
        if asset is None:
            self._seen_id, self.picture.path = "", None
            frame(self.picture, "no picture yet", "")
            waits = any(job.state not in ENDED for job in self._jobs)
            self.where.put(COMING if waits else START)
            return
        self._seen_id = asset_id
        self.picture.path = Path(asset.path)
        facts = f"{asset.width}×{asset.height} · {say.weight(asset.size)} · {asset.model}"
        frame(self.picture, say.one_line(asset.prompt), facts)
        self.on_resize()

    def on_resize(self) -> None:
        """Where the file is; both ends of a long path stay."""
        if asset := self._assets.get(self._seen_id):
            room = self.where.content_size.width or self.size.width // 2
            self.where.put(say.middle(say.place(asset.path), room))

    def watch_model(self) -> None:
        if self.is_mounted:
            text = Content.from_markup(
                "[$muted]Model[/]    $model  [$faint]^T[/]", model=clean_line(self.model)
            )
            self.query_one("#model", Static).update(text)

    # Making -----------------------------------------------------------------------------------------

    @on(PromptArea.Changed)
    def typed(self) -> None:
        self.keep_soon()

    @on(PromptArea.Submitted)
    def generate(self, message: PromptArea.Submitted) -> None:
        text = message.text.strip()
        if not text:
            return
        if self.services is None:
            self.flash("The gateway is still starting; press enter again in a moment.", "warning")
            return
        self.prompt.sent = (*self.prompt.sent, text)
        aspect = "" if self.aspect.value == "auto" else self.aspect.value
        self.submit(ImageRequest(text, self.model, int(self.amount.value), ImageOptions(aspect)))

    @work(group="generate-submit", exit_on_error=False)
    async def submit(self, request: ImageRequest) -> None:
        """Queue a job. The prompt stays, to be changed and sent again."""
        if self.services is None:
            return
        try:
            await self.services.studio.submit(request)
        except GatewayError as error:
            self.flash(turns.error_text(error.failure), "error", 8)
        self.load()

    @work(group="generate-cancel", exit_on_error=False)
    async def cancel(self, job_id: str) -> None:
        if self.services:
            await self.services.studio.cancel(job_id)
            self.load()

    @on(PictureStrip.Moved)
    def other_picture(self, message: PictureStrip.Moved) -> None:
        self._show_picture(message.id)

    @on(RowList.Moved, "#queue")
    def job_pictures(self, message: RowList.Moved) -> None:
        """The bar in the queue shows what that job made."""
        job = next((job for job in self._jobs if job.id == message.id), None)
        if job and job.assets and self.queue.has_focus:
            self._show_picture(job.assets[0].id)

    # Actions ----------------------------------------------------------------------------------------

    @work(group="generate-model", exclusive=True, exit_on_error=False)
    async def action_model(self) -> None:
        from tui.screens.models import choose_model

        if self.services and (chosen := await choose_model(self.program, self.services, "image", self.model)):
            self.model = chosen

    def action_cancel_job(self) -> None:
        if self.queue.cursor_id:
            self.cancel(self.queue.cursor_id)

    def action_copy_path(self) -> None:
        if asset := self._assets.get(self._seen_id):
            self.copy(asset.path)

    @on(PictureStrip.Chosen)
    def picture_chosen(self, message: PictureStrip.Chosen) -> None:
        self._show_picture(message.id)
        self.action_full()

    def action_browse(self, step: int) -> None:
        """The picture beside the shown one, also where there is no room for the strip."""
        self.strip.action_move(step)

    def action_full(self) -> None:
        from tui.screens.picture import PictureScreen

        if asset := self._assets.get(self._seen_id):
            self.program.push_screen(PictureScreen(asset))

    def action_delete(self) -> None:
        if self._seen_id:
            self.delete(self._seen_id)

    @work(group="generate-delete", exit_on_error=False)
    async def delete(self, asset_id: str) -> None:
        if await self._trash.put(asset_id):
            self.flash(MOVED, seconds=10)
            self.load()

    @work(group="generate-delete", exit_on_error=False)
    async def action_undo(self) -> None:
        if asset_id := await self._trash.bring_back():
            self.flash(BACK, "good")
            self._then_show = asset_id
            self.load()

    async def _delete_asset(self, asset_id: str) -> None:
        assert self.services is not None  # a picture is on show, so they are
        await self.services.library.delete_asset(asset_id)

    async def _restore_asset(self, asset_id: str) -> None:
        assert self.services is not None
        await self.services.library.restore_asset(asset_id)


def job_state(job: Job) -> str:
    """`drawing`, `4.1 s`, `failed`: what the right end of a queue row says."""
    if job.state == "running":
        return job.phase
    if job.state == "done" and job.started_at and job.ended_at:
        return say.milliseconds((job.ended_at - job.started_at) * 1000)
    return job.state
