"""The search: which method and parameters make labels like these."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray
from napari_morphogen.tuning.candidates import Candidate
from napari_morphogen.tuning.choice import chosen_without, first_best
from napari_morphogen.tuning.ranking import Pool, ranked
from napari_morphogen.tuning.results import Kind, Options, Ranking
from napari_morphogen.tuning.scenes import kind_of, scenes, whole_scenes
from napari_morphogen.tuning.scoring import Judge
from napari_morphogen.tuning.space import Space, searchable
from napari_morphogen.tuning.suggestions import suggest
from napari_morphogen.tuning.trials import Bench, Clock

LOOK_SECONDS = 0.3  # between two rankings
SEARCH = 0.85  # of the budget; the rest is for whole images
PATIENCE = 15.0  # a candidate may take a fifteenth of the budget,
LEARNING = 4.0  # one that learns a quarter: once for every fold
LEAST = 1.0  # second that a candidate may take in any case
CHANCE = 0.25  # how often a candidate is drawn, not derived
HALVINGS = (0.15, 0.4)  # of the search: then the worse half of the methods ends
LARGEST = 6_000_000  # pixels of an image up to which whole images are looked at


def tune(
    images: Sequence[SpatialArray],
    references: Sequence[SpatialArray],
    options: Options = Options(),  # noqa: B008 (frozen)
    *,
    clock: Clock = time.monotonic,
) -> Iterator[Ranking]:
    """Search methods and parameters that make labels like a reference.

    Parameters
    ----------
    images : sequence of SpatialArray
        Of any dimensionality. Of large ones crops around what is painted are
        looked at.
    references : sequence of SpatialArray
        Labels of each image, complete or (`Options.sparse`) painted in part.
    options : Options
        What is searched, and how long.
    clock : callable
        Seconds; ``time.process_time`` counts only what this process computes.
        They count from when all libraries are loaded.

    Yields
    ------
    ranking : Ranking
        Several times a second; the last one is `done`. Whoever stops asking
        keeps the last.

    Raises
    ------
    InputError
        When shapes or types do not fit, nothing is painted, or nothing can be
        searched.

    Notes
    -----
    Every method begins with its defaults and with what `suggest` says of the
    images. Then candidates are drawn, or derived from the best so far in ever
    smaller steps; the worse half of the methods ends at several points
    (successive halving [1]_), and a candidate ends as soon as it lags behind on
    the scenes it has seen. Scores are nested cross-validation; see `Row.score`.

    References
    ----------
    .. [1] K. Jamieson and A. Talwalkar, Proc. AISTATS, PMLR 51 (2016) 240-248

    Examples
    --------
    >>> from napari_morphogen.samples import coin_labels, coins
    >>> options = Options(methods=("threshold",), trials=3)
    >>> *_, ranking = tune([coins()], [coin_labels()], options)
    >>> ranking.kind, ranking.rows[0].candidate.main.method
    ('objects', 'threshold')
    """
    started = clock()
    _check(options)
    kind = options.kind or kind_of(references)
    found = scenes(images, references, kind, options.sparse)
    bench = Bench(Judge.of(found, kind, options.sparse), clock)
    search = _Search(bench, options, kind, started)
    if max(math.prod(scene.spatial) for scene in found) <= LARGEST:
        if not all(scene.whole for scene in found):
            frames = whole_scenes(images, references)
            bench.whole = Judge.of(frames, kind, options.sparse)
    yield from search.run()


def _check(options: Options) -> None:
    if not (math.isfinite(options.budget) and options.budget > 0):
        raise InputError(f"Expected a budget above 0 seconds, got {options.budget}.")
    if options.trials is not None and options.trials < 1:
        raise InputError(f"Expected at least 1 trial, but got {options.trials}.")
    if options.kind not in (None, "objects", "classes"):
        raise InputError(
            f'Expected the kind to be "objects" or "classes", but got {options.kind!r}.'
        )


@dataclass
class _Search:
    bench: Bench
    options: Options
    kind: Kind
    started: float
    pools: dict[str, Pool] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    seen: set[Candidate] = field(default_factory=set)
    tried: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.options.seed)
        self.spaces = self._spaces()
        self.alive = list(self.spaces)
        self.looked = self.started

    # ---- what is searched

    def _spaces(self) -> dict[str, Space]:
        known = searchable(self.kind)
        names = self.options.methods or known
        for name in names:
            if name not in known:
                raise InputError(
                    f"{name} is not searched for {self.kind}; "
                    f"those are {', '.join(known)}."
                )
        image = self.bench.scenes[0].image
        axis = image.axes.find("c")
        found = suggest(image)
        return {
            name: Space(
                name,
                self.kind,
                channels=0 if axis < 0 else int(image.data.shape[axis]),
                ndim=len(image.spacing),
                size=self._size() or found.size,
                starts=[found.parameters[name]] if name in found.parameters else [],
            )
            for name in names
        }

    def _size(self) -> float:
        """Return the median diameter of the objects of the reference."""
        if self.kind == "classes":
            return 0.0
        areas, ndim = [], 2
        for scene in self.bench.scenes:
            _, pixels = np.unique(scene.truth[scene.truth != 0], return_counts=True)
            areas += pixels.tolist()
            ndim = scene.truth.ndim
        return float(2 * (np.median(areas) / math.pi) ** (1 / ndim))

    # ---- time

    @property
    def elapsed(self) -> float:
        return self.bench.clock() - self.started

    @property
    def fraction(self) -> float:
        """How much of the search is done, from 0 to 1."""
        if self.options.trials is not None:
            return self.tried / self.options.trials
        return self.elapsed / (self.options.budget * SEARCH)

    @property
    def over(self) -> bool:
        return self.fraction >= 1 or self.elapsed >= self.options.budget * SEARCH

    # ---- the search

    def run(self) -> Iterator[Ranking]:
        yield from self._begin()
        yield from self._refine()
        yield from self._confirm()
        yield self._ranking(done=True)

    def _begin(self) -> Iterator[Ranking]:
        starts = [self.spaces[name].begin() for name in self.alive]
        yield self._ranking()  # loading libraries takes seconds and is not counted
        for candidates in starts:
            self.bench.warm(candidates[0])
        self.started = self.looked = self.bench.clock()
        for turn in range(max(map(len, starts))):  # all defaults come first
            for name, candidates in zip(list(self.spaces), starts, strict=True):
                if turn < len(candidates) and not self.over and name in self.alive:
                    self._try(name, candidates[turn])
                    yield from self._look()

    def _refine(self) -> Iterator[Ranking]:
        halvings = list(HALVINGS)
        idle = 0
        while not self.over and self.alive and idle < 200:
            if halvings and self.fraction >= halvings[0]:
                halvings.pop(0)
                self._halve()
                yield from self._open()
            name = self.alive[int(self.rng.integers(len(self.alive)))]
            candidate = self._next(name)
            if candidate in self.seen:  # small spaces come to an end
                idle += 1
                continue
            idle = 0
            self._try(name, candidate)
            yield from self._look()

    def _open(self) -> Iterator[Ranking]:
        """Try every step more around the best of every method once."""
        for name in self.alive:
            pool = self.pools.get(name)
            if pool is None or not pool.full:
                continue
            for candidate in self.spaces[name].openings(pool.best.candidate):
                if not self.over and candidate not in self.seen:
                    self._try(name, candidate)
                    yield from self._look()

    def _next(self, name: str) -> Candidate:
        space, pool = self.spaces[name], self.pools.get(name)
        if pool is None or not pool.full or self.rng.random() < CHANCE:
            return space.drawn(self.rng)
        return space.near(self._base(pool), self.rng, max(0.08, 1 - self.fraction))

    def _base(self, pool: Pool) -> Candidate:
        """Return one of those that some of the folds would choose."""
        matrix = pool.matrix
        weights = self.bench.judge.parts.weights
        best = first_best(matrix @ (weights / weights.sum()))
        choices = [best, best, *chosen_without(matrix, weights)]
        place = choices[int(self.rng.integers(len(choices)))]
        return pool.full[place].candidate

    def _try(self, name: str, candidate: Candidate) -> None:
        self.seen.add(candidate)
        pool = self.pools.setdefault(name, Pool())
        best = pool.best.scenes if pool.full else ()
        patience = LEARNING if candidate.learns else PATIENCE
        limit = max(self.options.budget / patience, LEAST)
        trial = self.bench.tried(candidate, limit, best)
        self.tried += 1
        pool.add(trial)
        if trial.problem and not pool.full and candidate in self._defaults(name):
            slow = trial.problem.startswith("takes")
            if slow or len(pool.failed) >= len(self._defaults(name)):
                self._drop(name, trial.problem)
        elif trial.problem == "":
            self.skipped.pop(name, None)

    def _defaults(self, name: str) -> list[Candidate]:
        return self.spaces[name].begin()

    def _drop(self, name: str, reason: str) -> None:
        self.skipped[name] = reason
        self.alive = [one for one in self.alive if one != name]

    def _halve(self) -> None:
        order = sorted(self.alive, key=lambda name: -self._standing(name))
        self.alive = order[: max(2, math.ceil(len(order) / 2))]

    def _standing(self, name: str) -> float:
        pool = self.pools.get(name)
        return pool.best.mean if pool and pool.full else -1.0

    # ---- whole images

    def _confirm(self) -> Iterator[Ranking]:
        if self.bench.whole is None:
            return
        weights = self.bench.judge.parts.weights
        order = sorted(self.pools, key=lambda name: -self._standing(name))
        for name in order:
            pool = self.pools[name]
            if not pool.full:
                continue
            matrix = pool.matrix
            best = first_best(matrix @ (weights / weights.sum()))
            defaults = self._defaults(name)
            usual = [i for i, t in enumerate(pool.full) if t.candidate in defaults]
            wanted = dict.fromkeys([best, *usual, *chosen_without(matrix, weights)])
            for trial in [pool.full[place] for place in wanted]:
                if pool.confirmed and self.elapsed >= self.options.budget:
                    break
                pool.confirm(self.bench.confirmed(trial))
                yield from self._look()
            if self.elapsed >= self.options.budget:
                return

    # ---- what is told

    def _look(self) -> Iterator[Ranking]:
        now = self.bench.clock()
        if now - self.looked >= LOOK_SECONDS or self.tried == 1:
            yield self._ranking()
            self.looked = self.bench.clock()

    def _ranking(self, done: bool = False) -> Ranking:
        return replace(
            ranked(self.bench, self.pools),
            tried=self.tried,
            elapsed=self.elapsed,
            budget=self.options.budget,
            skipped=dict(self.skipped),
            done=done,
        )
