"""One training of a generator, from its images to the written model."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.generating.messages import STOP, Report, Settings
from napari_morphogen.generating.pieces import label_pieces, pieces, source_of
from napari_morphogen.generating.samples import Wanted, placed
from napari_morphogen.learning.messages import unfinished
from napari_morphogen.params import InputError
from napari_morphogen.segment.models import need_networks
from napari_morphogen.spatial import SpatialArray, as_spatial

REPORT_SECONDS = 0.5
LOOK_SECONDS = 3.0  # between two looks at samples, at least
LOOKING = 0.08  # of the time at most
SAVE_SECONDS = 15.0
SHOWN = 16  # samples
COMPARED, SEEN = 256, 2048  # samples and unseen patches, and patches learnt from
LEAST_PATCHES, MOST_PATCHES = 4, 32  # of a step
PAINTED = 2**15  # pixels of a step of a painter
MIXED = "Pixels differ in size from image to image; samples have those of the first."
Course = Generator[Report, "list[Any] | None", None]


def learn(
    images: Sequence[SpatialArray | Path],
    settings: Settings,
    path: str | Path,
    *,
    channel: int | None = None,
    classes: Sequence[str | SpatialArray | Path] | None = None,
    class_names: Mapping[int, str] | None = None,
    labels: Sequence[SpatialArray | Path] | None = None,
    resume: bool = False,
    looks: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> Course:
    """Train a generator on images and write it to a file.

    Parameters
    ----------
    images : sequence of SpatialArray or path
        What is learnt from: every plane or volume in them.
    settings : Settings
        How.
    path : path
        Of the file, which is written at the end and when somebody says stop.
    channel : int or None
        The channel that is learnt from; all of them by default.
    classes : sequence of str, or of SpatialArray or path, optional
        The name of the class of every image; or labels of the image whose numbers are
        classes, 0 where there is none: every patch is of the class of its centre.
    class_names : mapping of int to str, optional
        Of the numbers in `classes`; by default the numbers themselves.
    labels : sequence of SpatialArray or path, optional
        Of every image, for painters: one number per object, 0 is background.
    resume : bool
        Whether to go on with the interrupted training beside `path`.
    looks : bool
        Whether reports show samples now and then.
    clock : callable
        Returns seconds.

    Yields
    ------
    report : Report
        How it goes; a list with `STOP` sent to the generator ends it early.

    Raises
    ------
    InputError
        When there is nothing to learn from, or PyTorch is missing.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> rng = np.random.default_rng(0)
    >>> images = [as_spatial(rng.random((40, 40))) for _ in range(4)]
    >>> settings = Settings("vae", patch=16, seconds=0.2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     *_, last = learn(images, settings, Path(folder, "m.morphogen"))
    >>> last.done, last.samples.data.shape
    (True, (64, 64))
    """
    need_networks()
    settings.check()
    given = _Given(images, channel, classes, class_names or {}, labels)
    course = _Course(given, settings, Path(path), looks, clock)
    if resume:
        course.resume()
    yield from course.run()


def ready() -> Iterator[None]:
    """Import what training needs; for a worker that waits."""
    need_networks()
    import napari_morphogen.nn.generator_training  # noqa: F401

    yield None


class _Given(NamedTuple):
    """What is learnt from, as `learn` is given it."""

    images: Sequence[SpatialArray | Path]
    channel: int | None
    classes: Sequence[str | SpatialArray | Path] | None
    class_names: Mapping[int, str]
    labels: Sequence[SpatialArray | Path] | None

    def classed(
        self, read: Sequence[SpatialArray], groups: Sequence[int], planes: bool
    ) -> tuple[list[str], list[Any] | None]:
        """Return the names of classes, and that of every piece, or of its pixels."""
        if self.classes is None:
            return [], None
        self._fits("a class", len(self.classes))
        names = [one for one in self.classes if isinstance(one, str)]
        if names:
            names, numbers = list(dict.fromkeys(names)), self.classes
            return names, [names.index(str(numbers[group])) for group in groups]
        from napari_morphogen.nn.mask_maps import checked_labels

        pieces = _label_pieces(self.classes, read, planes)
        found = [checked_labels(one, "of the classes") for one in pieces]
        known = sorted(set().union(*(np.unique(one).tolist() for one in found)) - {0})
        if not known:
            raise InputError(
                "The labels of the classes are 0 everywhere; paint the number of a "
                "class on objects or regions first."
            )
        codes = [np.searchsorted([0, *known], one) - 1 for one in found]
        return [self.class_names.get(number, str(number)) for number in known], codes

    def labelled(
        self, read: Sequence[SpatialArray], planes: bool
    ) -> list[NDArray[Any]] | None:
        """Return the labels of every piece."""
        if self.labels is None:
            return None
        self._fits("labels", len(self.labels))
        return list(_label_pieces(self.labels, read, planes))

    def _fits(self, what: str, count: int) -> None:
        if count != len(self.images):
            raise InputError(
                f"Expected {what} for each of {len(self.images)} images, but got "
                f"{count}; give one each."
            )


class _Course:
    """A training, its looks at samples and its files."""

    def __init__(
        self,
        given: _Given,
        settings: Settings,
        path: Path,
        looks: bool,
        clock: Callable[[], float],
    ) -> None:
        from napari_morphogen.nn.devices import device
        from napari_morphogen.nn.generator_options import GeneratorOptions
        from napari_morphogen.nn.generator_training import GeneratorTraining

        self.settings, self.path, self.looks, self.clock = settings, path, looks, clock
        read = [_read(image) for image in given.images]
        if not read:
            raise InputError("There is no image to learn from; choose one.")
        words: dict[str, Any] = {"channel": given.channel, "planes": settings.planes}
        parts = [list(pieces(image, **words)) for image in read]
        groups = [number for number, found in enumerate(parts) for _ in found]
        names, known = given.classed(read, groups, settings.planes)
        self.source = source_of(read, planes=settings.planes)
        if given.channel is not None:
            self.source["rgb"] = False
        self.training = GeneratorTraining(
            [piece for found in parts for piece in found],
            classes=known,
            class_names=names,
            labels=given.labelled(read, settings.planes),
            groups=groups,
            spacing=tuple(self.source["scale"]),
            options=GeneratorOptions(
                kind=settings.kind,
                patch=settings.patch,
                batch=_batch(settings),
                rotations=settings.rotations,
                each=settings.each,
                held_out=settings.held_out,
                width=settings.width,
                latent=settings.latent,
                seed=settings.seed,
                threads=settings.threads,
                device=device(settings.device),
            ),
        )
        self.reported = self.looked = self.saved = -math.inf
        self.look_cost, self.said = 0.0, ""
        self.first = MIXED if len({image.spacing for image in read}) > 1 else ""

    def resume(self) -> None:
        """Go on with an interrupted training."""
        there = unfinished(self.path)
        if not there.is_file():
            raise InputError(
                f"There is no interrupted training {there}; train without resuming."
            )
        self.training.restore(there)

    def run(self) -> Course:
        """Learn until time is over or somebody says stop, then write the model."""
        from napari_morphogen.nn.train import Budget

        budget = Budget(seconds=self.settings.seconds)
        for progress in self.training.run(budget, every=1, clock=self.clock):
            if progress.share < 1:
                self._save()
            for report in self._reports(progress):
                told = yield report
                if told and STOP in told:
                    yield from self._finish()
                    return
        yield from self._finish()

    def _save(self) -> None:
        now = self.clock()
        if self.saved == -math.inf:
            self.saved = now
        if now - self.saved > SAVE_SECONDS:
            self.training.save(unfinished(self.path))
            self.saved = now

    def _reports(self, progress: Any) -> Iterator[Report]:
        now = self.clock()
        pause = max(LOOK_SECONDS, self.look_cost / LOOKING)
        look = self.looks and now - self.looked > pause
        if look or now - self.reported > REPORT_SECONDS or progress.share >= 1:
            self.reported = now
            yield self._report(self._look() if look else None)

    def _report(self, samples: SpatialArray | None = None, **words: Any) -> Report:
        step, seconds = self.training.position
        note = self.training.note
        said, self.said = (note if note != self.said else self.first), note
        self.first = ""
        given: dict[str, Any] = {"note": said} | words
        left = max(self.settings.seconds - seconds, 0.0)
        return Report(step, seconds, left, self.training.losses, samples, **given)

    def _look(self) -> SpatialArray:
        began = self.clock()
        found = self._samples(self.training.generator({"source": self.source}))
        self.looked = self.clock()
        self.look_cost = self.looked - began
        return found

    def _samples(self, generator: Any) -> SpatialArray:
        """Return samples side by side, of the same noise every time."""
        wanted = Wanted(SHOWN, self.settings.seed, montage=True)
        device = self.training.options.device
        asked = self.training.maps(SHOWN, unseen=bool(self.training.unseen))
        values = generator.sample(
            SHOWN, seed=wanted.seed, condition=asked, device=device
        )
        return placed(values, generator, wanted, self.path.name)

    def _finish(self) -> Course:
        yield self._report(note="Finishing …")
        self.training.finish()
        generator = self.training.generator({"source": self.source})
        generator.save(self.path)  # whoever stops now has a generator
        yield self._report(note="Comparing samples with real images …")
        card, nearest = self._card(generator)
        note = "" if card else "Too little was held out to compare samples with."
        generator = self.training.generator({"source": self.source, "card": card})
        generator.save(self.path)
        unfinished(self.path).unlink(missing_ok=True)
        samples = self._samples(generator)
        words = {"nearest": nearest, "note": note, "card": card or None}
        yield self._report(samples, done=True, **words)

    def _card(self, generator: Any) -> tuple[Mapping[str, Any], SpatialArray | None]:
        """Return the figures of the report card, and samples with what is nearest.

        There are none where nothing was held out.
        """
        from napari_morphogen.evaluate.report_card import FEWEST, report_card
        from napari_morphogen.nn.generator_patches import seen_in

        unseen = self.training.patches(COMPARED, unseen=True)
        if len(unseen) < FEWEST:
            return {}, None
        seen = self.training.patches(SEEN)
        learnt = seen_in(self.training.kept, self.training.range)
        device = self.training.options.device
        other = self.settings.seed + 1
        asked = self.training.maps(COMPARED, unseen=True, seed=other)
        made = generator.sample(COMPARED, seed=other, condition=asked, device=device)
        card = report_card(
            list(seen),
            list(made),
            list(unseen),
            searched=learnt,
            patch_size=max(self.training.config.shape),
            channel_axis=0,
        )
        beside = np.concatenate(
            [made[card.pairs["image"][:SHOWN]], _originals(card, learnt)], axis=-1
        )
        shown = Wanted(len(beside), other, montage=True)
        nearest = placed(beside, generator, shown, self.path.name)
        name = nearest.name.replace("samples", "samples and nearest")
        figures = card.as_dict() | {"noise": dict(card.noise)}
        return figures, replace(nearest, name=name)


def _originals(card: Any, learnt: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the places in the training images that are most like the samples."""
    found = []
    places = zip(
        card.pairs["training_image"], card.pairs["training_corner"], strict=True
    )
    for image, corner in islice(places, SHOWN):
        pairs = zip(corner, card.patch_shape, strict=True)
        cut = tuple(slice(first, first + side) for first, side in pairs)
        found.append(learnt[image][(slice(None), *cut)])
    return np.stack(found)


def _label_pieces(
    labels: Sequence[Any], read: Sequence[SpatialArray], planes: bool
) -> Iterator[NDArray[Any]]:
    for one, image in zip(labels, read, strict=True):
        yield from label_pieces(_read(one), image, planes=planes)


def _batch(settings: Settings) -> int:
    """Return the patches of a step; a painter learns from fewer large ones as well."""
    if settings.kind != "painter":
        return MOST_PATCHES
    return min(max(PAINTED // settings.patch**2, LEAST_PATCHES), MOST_PATCHES)


def _read(image: SpatialArray | Path) -> SpatialArray:
    if isinstance(image, Path):
        from napari_morphogen.io import read

        return read(image)
    return as_spatial(image)
