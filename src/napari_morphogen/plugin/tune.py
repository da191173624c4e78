"""The dock that searches methods and parameters for labels like the user's."""

from pathlib import Path

from napari.layers import Layer
from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_morphogen import recipe
from napari_morphogen.io.disk import check_target
from napari_morphogen.params import InputError
from napari_morphogen.plugin.jobs import Job
from napari_morphogen.plugin.latest import CANCELLED, Latest
from napari_morphogen.plugin.model_paths import new_model_path
from napari_morphogen.plugin.opening import bring_forward
from napari_morphogen.plugin.panel import show_share
from napari_morphogen.plugin.score_table import Rows
from napari_morphogen.plugin.tune_apply import Applier, fill_dock
from napari_morphogen.plugin.tune_choices import TuneChoices
from napari_morphogen.plugin.tune_panel import BUDGETS
from napari_morphogen.plugin.tune_words import (
    applied_words,
    conclusion,
    suggestion_words,
    underway,
)
from napari_morphogen.plugin.tune_work import Task, saving
from napari_morphogen.registry import get
from napari_morphogen.segment.stroke_files import SUFFIX as LEARNED
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning import (
    Candidate,
    Curve,
    Options,
    Ranking,
    Suggestion,
    recipe_of,
    sensitivity,
    step,
    stored,
    suggestions,
    tune,
)
from napari_morphogen.worker import POOL

TICK_MS = 500


class TuneDock(TuneChoices):
    """Searches methods and parameters that make labels like a reference."""

    page = "tune.md"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(getattr(viewer, "__wrapped__", viewer))
        self._search, self._asked = Latest(), Latest()
        self._applier = Applier(self._viewer)
        self._title = ""
        self._task: Task | None = None
        self.ranking: Ranking | None = None
        self.suggestion: Suggestion | None = None
        self.candidate: Candidate | None = None
        self._offered: list[Candidate] = []
        self._curves: list[Curve] = []
        self._connect()
        POOL.warm()

    def _connect(self) -> None:
        self.run.changed.connect(lambda: self._start())
        self.cancel.changed.connect(lambda: self._stop())
        self.suggest.changed.connect(lambda: self._suggest())
        self.look.changed.connect(lambda: self._look())
        self.save.changed.connect(lambda: self._save())
        self.sweep.taken.connect(lambda candidate: self.apply(candidate))
        for table, pick in (
            (self.table, self.apply_row),
            (self.suggested, self.apply_suggested),
        ):
            table.clicked.connect(lambda index, pick=pick: pick(index.row()))
        self._timer = QTimer(self.native)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.make_ready()

    # ---- the search

    def _start(self) -> None:
        try:
            pairs = self.pairs
            images = [pair.read_image() for pair in pairs]
            truths = [pair.read_reference() for pair in pairs]
            if not self.methods:
                raise InputError("Check at least one family of methods to search.")
        except InputError as error:
            self.status.value = str(error)
            return
        options = Options(
            kind=self.kind.value,
            sparse=bool(self.sparse.value),
            budget=BUDGETS[self.budget.value],
            methods=self.methods,
        )
        self._task, self.ranking = Task(images, truths, options), None
        self.table.setModel(None)
        self.show_tab(self.table)
        show_share(self.progress, 0)
        job = Job(tune, images, truths, options)
        self._search.start(job, self._collect, self._searched)
        self.status.value = "Starting …"
        self._timer.start()
        self._enable()

    def _stop(self) -> None:
        for work in self._works:
            work.stop()

    @property
    def _works(self) -> tuple[Latest, ...]:
        return self._search, self._applier.work, self._asked

    def _collect(self, ranking: Ranking) -> None:
        first = self.ranking is None or not self.ranking.rows
        self.ranking = ranking
        if first and ranking.rows and self._task is not None:
            self.sweep.show_image(self._task.images[ranking.image], ranking.place)
        self.table.show_ranking(ranking, self._chosen_name)
        show_share(self.progress, ranking.elapsed / ranking.budget)
        self.note.value = ranking.note
        self.note.visible = bool(ranking.note)
        self._enable()

    @property
    def _chosen_name(self) -> str:
        return "" if self.candidate is None else self.candidate.main.method

    def _tick(self) -> None:
        if self._search.job is not None and self.ranking is not None:
            self.status.value = underway(self.ranking)

    def _searched(self, text: str) -> None:
        self._timer.stop()
        words = conclusion(self.ranking) if text in ("", CANCELLED) else ""
        self.status.value = f"{text} {words}".strip()
        self._enable()

    # ---- a candidate

    def apply_row(self, number: int) -> None:
        """Apply a row of the ranking and fill the dock of its method.

        Parameters
        ----------
        number : int
            Of the row.
        """
        if self.ranking is not None and number < len(self.ranking.rows):
            self.apply(self.ranking.rows[number].candidate)

    def apply_suggested(self, number: int) -> None:
        """Apply a row of the suggestions and fill the dock of its method."""
        if number < len(self._offered):
            self.apply(self._offered[number])

    def apply(self, candidate: Candidate) -> None:
        """Make labels with a candidate, and set it in the dock of its method.

        Parameters
        ----------
        candidate : Candidate
            From the ranking, the suggestions or the sweep.
        """
        try:
            image = self._pair.read_image()
            path = self._learned_path(candidate, image)
        except InputError as error:
            self.status.value = str(error)
            return
        layer = self.image.value
        self.candidate = candidate
        if not candidate.learns:  # else there is no file yet
            self._show(candidate, layer)
        self._applier.apply(
            candidate,
            layer,
            image,
            (self._task, path),
            lambda: bool(self.keep.value),
            lambda text: self._applied(text, candidate, layer, path),
        )
        self.status.value = f"Applying {candidate.text} …"
        self._enable()

    def _learned_path(self, candidate: Candidate, image: SpatialArray) -> Path:
        """Return where a candidate keeps what it learns; nowhere if it does not."""
        if not candidate.learns:
            return Path()
        return new_model_path(image.name, candidate.main.method, LEARNED)

    def _show(self, candidate: Candidate, layer: Layer) -> None:
        """Show a candidate in the sweep and in the dock of its method."""
        if self.sweep.candidate != candidate:
            self.sweep.show_candidate(candidate)
        self._title = fill_dock(self._viewer, candidate, layer, self.axes.value)
        bring_forward(self.native)

    def _applied(
        self, text: str, candidate: Candidate, layer: Layer, path: Path
    ) -> None:
        if not text and candidate.learns and layer in self._viewer.layers:
            self._show(stored(candidate, path), layer)
        self._answered(text or applied_words(candidate, self._title))

    # ---- without a reference

    def _suggest(self) -> None:
        try:
            image = self._pair.read_image()
        except InputError as error:
            self.status.value = str(error)
            return
        self._asked.start(
            Job(suggestions, image),
            lambda found: self.show_suggestion(found, image),
            lambda text: self._answered(text or "Click a row to apply it."),
        )
        self.status.value = "Looking at the image …"
        self._enable()

    def show_suggestion(self, found: Suggestion, image: SpatialArray) -> None:
        """Show what an image says about itself.

        Parameters
        ----------
        found : Suggestion
            What was found.
        image : SpatialArray
            What was looked at.
        """
        self.suggestion = found
        self._offered = [
            Candidate((step(name, found.parameters.get(name, {})),))
            for name in self.methods
            if get(name).fit is None
        ]
        texts = [one.text for one in self._offered]
        self.suggested.show_rows(
            Rows(
                ("method, and what is not as by default",),
                len(texts),
                lambda line, _: texts[line],
                lambda line: f"{texts[line]}\nClick to apply it and fill its dock",
            )
        )
        self.show_tab(self.suggested)
        self.sweep.show_image(image, None)
        self.note.value = suggestion_words(found)
        self.note.visible = True

    def _answered(self, text: str) -> None:
        self.status.value = text
        self._enable()

    # ---- what matters

    def _look(self) -> None:
        if self.candidate is None or self._task is None:
            return
        self._curves = []
        self.plot.show_curves([])
        self.show_tab(self.scrolled)
        images, truths, options = self._task
        job = Job(sensitivity, images, truths, self.candidate, options)
        self._asked.start(
            job, self._take_curve, lambda text: self._answered(text or self.plot.words)
        )
        self.status.value = "Trying other values …"
        self._enable()

    def _take_curve(self, curve: Curve) -> None:
        self._curves.append(curve)
        self.plot.show_curves(self._curves)

    # ---- files

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.native, "Save recipe", "tuned.json", "*.json"
        )
        if path:
            self.save_recipe(path)

    def save_recipe(self, path: str | Path) -> None:
        """Write the recipe of the chosen row, or of the best.

        Parameters
        ----------
        path : path
            Of the JSON file.
        """
        best = self.ranking.best if self.ranking is not None else None
        candidate = self.candidate or (best.candidate if best else None)
        if candidate is None:
            return
        try:
            check_target(Path(path), folder=False, overwrite=True)
            image = self._pair.read_image()
            if candidate.learns:
                self._learn_and_save(candidate, image, Path(path))
                return
            recipe.save(path, recipe_of(candidate, image))
        except InputError as error:
            self.status.value = str(error)
        except OSError as error:
            self.status.value = f"Cannot write {path}: {error.strerror}."
        else:
            self.status.value = f"Saved {path}."

    def _learn_and_save(
        self, candidate: Candidate, image: SpatialArray, path: Path
    ) -> None:
        words = f"Saved {path}, and beside it what {candidate.main.method} learned."
        self._asked.start(
            Job(saving, candidate, image, self._task, path),
            lambda _: None,
            lambda text: self._answered(text or words),
        )
        self.status.value = "Learning …"
        self._enable()

    # ---- the window

    def _enable(self) -> None:
        searching = self._search.job is not None
        chosen = self.candidate is not None
        ranked = self.ranking is not None and bool(self.ranking.rows)
        self.run.enabled = not searching
        self.cancel.enabled = any(work.job is not None for work in self._works)
        self.progress.visible = searching
        self.save.enabled = chosen or ranked
        self.look.enabled = chosen and self._task is not None

    def close(self) -> None:
        """Stop what runs and let go of the viewer."""
        self._timer.stop()
        self.release()
        super().close()

    def release(self) -> None:
        """End the jobs and let go of the viewer, without touching any widget."""
        self.let_go()
        for work in self._works:
            work.drop()
        self.sweep.release()
