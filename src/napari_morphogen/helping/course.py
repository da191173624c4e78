"""Networks trained with and without synthetic pairs, and scored on the same images."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from napari_morphogen.evaluate import object_scores
from napari_morphogen.evaluate.detection import pooled
from napari_morphogen.helping.messages import REAL, WATERSHED, Report, Row, Settings
from napari_morphogen.helping.pairs import Sample, Whole, check, flat, mixed, whole
from napari_morphogen.helping.verdict import only_synthetic, with_synthetic
from napari_morphogen.learning import Files, Lesson
from napari_morphogen.params import InputError
from napari_morphogen.segment.models import need_networks

JUDGED = (0.5, 0.7)  # intersections over union
TUNED = 16  # samples at most that thresholds are chosen by
UNSEEN = "held-out"
Pairs = Sequence[Lesson | Files]
USUAL = Settings()


class Arm(NamedTuple):
    """What one network learns from.

    Attributes
    ----------
    name : str
        Of the row.
    real, synthetic : list of Sample
        Either may be empty.
    """

    name: str
    real: list[Sample]
    synthetic: list[Sample]


def does_it_help(
    real: Pairs,
    synthetic: Mapping[str, Pairs],
    settings: Settings = USUAL,
    *,
    unseen: Pairs = (),
) -> Iterator[Report]:
    """Train networks with and without synthetic pairs, and score them alike.

    Parameters
    ----------
    real : sequence of Lesson or Files
        Images and their objects. A share of them, other ones for every seed, is held
        out; with `unseen` all are learnt from, and there may be none.
    synthetic : mapping of str to sequence of Lesson or Files
        One or more sets of pairs, by their names.
    settings : Settings
        How.
    unseen : sequence of Lesson or Files
        Real images that are only scored.

    Yields
    ------
    report : Report
        Several times for every network; each holds all rows so far.

    Raises
    ------
    InputError
        When there is too little to learn from or to score, or PyTorch is missing.

    Notes
    -----
    For every seed: the watershed of the distance within Otsu's threshold; a network
    that learns from the real pairs; one that learns from the real and the synthetic
    pairs, at least half of its patches real; one that learns from the synthetic pairs
    alone. All take equally many steps, vary their patches alike, and choose the
    thresholds of their objects on pairs they have learnt from, real ones where there
    are any.

    Examples
    --------
    >>> from napari_morphogen.generate.cells import synthetic_cells
    >>> from napari_morphogen.learning import Settings as Learning, lesson
    >>> made = [synthetic_cells(height=64, width=64, count=5, seed=s) for s in range(3)]
    >>> objects = Learning(task="instances")
    >>> pairs = [lesson(*pair, objects, "none") for pair in made]
    >>> small = Settings(steps=1, seeds=1, width=4, levels=1, patch=16)
    >>> *_, last = does_it_help(pairs[:2], {"cells": pairs[2:]}, small)
    >>> [row.arm for row in last.rows]
    ['watershed', 'real', 'real + cells', 'cells only']
    """
    need_networks()
    settings.check()
    yield Report(0.0, "Reading …", ())
    yield from _Course(real, synthetic, settings, unseen).run()


class _Course:
    """All trainings of a comparison, one after the other."""

    def __init__(
        self,
        real: Pairs,
        synthetic: Mapping[str, Pairs],
        settings: Settings,
        unseen: Pairs,
    ) -> None:
        self.settings, self.rows = settings, list[Row]()
        self.real, self.unseen = self._read(real), self._read(unseen)
        self.synthetic = {name: self._read(pairs) for name, pairs in synthetic.items()}
        sets = {REAL: self.real, UNSEEN: self.unseen}
        sets = {name: images for name, images in sets.items() if images}
        if not sets:
            raise InputError("Scores need real images with labels; choose some.")
        if not synthetic:
            raise InputError("There are no synthetic pairs; choose some.")
        check(sets | self.synthetic)
        self.spacing = next(
            one.spacing for images in sets.values() for one in images if one.samples
        )
        self.alone = settings.alone or not self.real
        arms = len(synthetic) * (self.alone + bool(self.real)) + bool(self.real)
        self.trainings, self.trained = arms * settings.seeds, 0
        if not self.unseen and len(self.real) < 2:
            raise InputError(
                "One real image cannot be learnt from and held out as well; give at "
                "least two, or images to score beside it."
            )

    def _read(self, pairs: Pairs) -> list[Whole]:
        return [whole(pair, planes=self.settings.planes) for pair in pairs]

    def run(self) -> Iterator[Report]:
        """Train and score every network of every seed."""
        for number in range(self.settings.seeds):
            seed = self.settings.seed + number
            learnt, scored = self._split(seed)
            arms = self._arms(learnt)
            yield self._report(f"Seed {seed}: {WATERSHED} …")
            self._keep(WATERSHED, seed, (0, 0), self._flooded(arms, scored), scored)
            for arm in arms:
                yield from self._one(arm, seed, scored)
        yield self._report("", done=True)

    def _split(self, seed: int) -> tuple[list[Sample], list[Sample]]:
        """Return what is learnt from and what is scored."""
        if self.unseen:
            return flat(self.real), flat(self.unseen)
        count = len(self.real)
        order = np.random.default_rng([seed, 2]).permutation(count)
        held = min(max(1, round(self.settings.held_out * count)), count - 1)
        parts = order[held:], order[:held]
        learnt, scored = (flat([self.real[i] for i in part]) for part in parts)
        return learnt, scored

    def _arms(self, real: list[Sample]) -> list[Arm]:
        arms = [Arm(REAL, real, [])] if real else []
        sets = {name: flat(images) for name, images in self.synthetic.items()}
        if real:
            arms += [Arm(with_synthetic(name), real, s) for name, s in sets.items()]
        if self.alone:
            arms += [Arm(only_synthetic(name), [], s) for name, s in sets.items()]
        return arms

    def _one(self, arm: Arm, seed: int, scored: list[Sample]) -> Iterator[Report]:
        """Train and score one network."""
        from napari_morphogen.nn.train import Budget
        from napari_morphogen.nn.training import Training
        from napari_morphogen.segment.network import tuned

        title = f"Seed {seed}: {arm.name}"
        yield self._report(f"{title} …")
        pairs = mixed(arm.real, arm.synthetic)
        images, labels = [p.image for p in pairs], [p.labels for p in pairs]
        options = self._options(seed)
        training = Training(images, labels, options=options, channel_axis=0)
        for now in training.run(Budget(steps=self.settings.steps)):
            step = f"step {now.progress.step} of {self.settings.steps}"
            loss = f"loss {now.progress.loss:.3f}"
            yield self._report(f"{title}: {step}, {loss}", now.progress.share)
        yield self._report(f"{title}: scoring …", 1.0)
        known = (arm.real or arm.synthetic)[:TUNED]
        known_images, known_labels = zip(*known, strict=True)
        model = tuned(training.segmenter(), known_images, known_labels, channel_axis=0)
        found = self._predicted(model, scored, options.device)
        counts = len(arm.real), len(arm.synthetic)
        self._keep(arm.name, seed, counts, found, scored)
        self.trained += 1

    def _options(self, seed: int) -> Any:
        from napari_morphogen.nn.devices import device
        from napari_morphogen.nn.options import Options

        chosen = self.settings
        return Options(
            spacing=self.spacing,
            width=chosen.width,
            levels=chosen.levels,
            patch=chosen.patch,
            seed=seed,
            threads=chosen.threads,
            device=device(chosen.device),
        )

    def _predicted(
        self, model: Any, scored: Sequence[Sample], device: str
    ) -> Iterator[Any]:
        from napari_morphogen.nn.training import threads
        from napari_morphogen.segment.trained import objects_by

        for one in scored:
            with threads(self.settings.threads):
                yield objects_by(model, one.image, channel_axis=0, device=device).labels

    def _flooded(self, arms: Sequence[Arm], scored: Sequence[Sample]) -> Iterator[Any]:
        """Yield what needs no training; from what is learnt comes the polarity."""
        from napari_morphogen.segment.watershed import watershed

        objects = _polarity([*arms[0].real, *arms[0].synthetic])
        for one in scored:
            seen = one.image.mean(axis=0)
            words: dict[str, Any] = {"objects": objects, "spacing": self.spacing}
            yield watershed(seen, **words)

    def _keep(
        self,
        arm: str,
        seed: int,
        learnt: tuple[int, int],
        found: Iterator[Any],
        scored: Sequence[Sample],
    ) -> None:
        each = [
            object_scores(labels, one.labels, thresholds=JUDGED).detections
            for labels, one in zip(found, scored, strict=True)
        ]
        first, second = (pooled(same).ap for same in zip(*each, strict=True))
        self.rows.append(Row(arm, seed, first, second, *learnt, len(scored)))

    def _report(self, doing: str, share: float = 0.0, **words: bool) -> Report:
        whole_share = (self.trained + share) / self.trainings
        return Report(min(whole_share, 1.0), doing, tuple(self.rows), **words)


def _polarity(samples: Sequence[Sample]) -> str:
    """Return whether objects are brighter or darker than what surrounds them."""
    signs = []
    for image, labels in samples[:TUNED]:
        seen, inside = image.mean(axis=0, dtype=np.float64), labels > 0
        if inside.any() and not inside.all():
            signs.append(np.sign(np.nanmean(seen[inside]) - np.nanmean(seen[~inside])))
    return "dark" if signs and np.mean(signs) < 0 else "bright"
