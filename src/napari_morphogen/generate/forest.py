"""New images like an example, drawn from forests of randomised trees."""

from collections.abc import Iterator
from typing import Annotated, Literal

import annotated_types as at
import numpy as np

from napari_morphogen.generate.texture import (
    NewDepth,
    NewHeight,
    NewWidth,
    Textured,
    Values,
    scaled,
)
from napari_morphogen.generate.texture_levels import (
    Level,
    Shape,
    levels,
    match_values,
    shuffled,
    whole_blocks,
    windows,
)
from napari_morphogen.params import ChannelAxis, Image, Labels, Seed

Variety = Annotated[float, at.Interval(ge=0, le=1), at.MultipleOf(0.05)]
Trees = Annotated[int, at.Interval(ge=1, le=64)]
MOST_CANDIDATES = 48  # for every block
ROWS = 20_000  # blocks that a forest learns from
LEAF = 3  # blocks at the end of a branch, at least
SPLITS = 0.5  # share of what is known that every branch chooses from
SWEEPS = 3  # in which every block is drawn anew among its neighbours
REACH = {2: 2, 3: 1}  # pixels around a block, by the number of axes


def texture_forest(
    image: Image,
    *,
    height: NewHeight = 0,
    width: NewWidth = 0,
    depth: NewDepth = 0,
    labels: Labels | None = None,
    layout: Labels | None = None,
    kind: Literal["objects", "classes"] = "objects",
    variety: Variety = 0.3,
    trees: Trees = 8,
    seed: Seed = 0,
    channel_axis: ChannelAxis = None,
) -> Textured:
    """Draw a new image like an example, from coarse to fine, by random forests.

    Parameters
    ----------
    image : ndarray of shape ([P,] M, N) or ([P,] M, N, C)
        The example: intensities, or C channels used together.
    height : int
        Rows of the new image; 0 makes as many as the example has.
    width : int
        Columns of the new image; 0 makes as many as the example has.
    depth : int
        Planes of the new image; 0 makes as many as the example has.
    labels : ndarray of int or None
        What is where in the example; 0 is background. Needs `layout`.
    layout : ndarray of int or None
        What shall be where in the new image, as large as that. Needs `labels`.
    kind : str
        What the numbers of `labels` and `layout` are: "objects", all of one kind, or
        "classes", each of which looks different.
    variety : float
        0 takes, among many candidates, the block that suits its neighbourhood best:
        faithful, and much is copied. 1 takes the first one.
    trees : int
        Of every forest.
    seed : int
        Start of the random numbers; the same one gives the same image.
    channel_axis : int or None
        The axis that holds channels.

    Returns
    -------
    image : ndarray of float
        The new image, its channels where the example has them.
    figures : dict of str to float
        "copied [%]": the share of patches that stand in the example, too.

    Notes
    -----
    The image is drawn level by level, each twice as fine as the one before, in blocks
    of 2 x 2 (x 2) pixels. At every level extremely randomised trees [1]_ learn to
    tell blocks of the example by the coarser image around them and, where a layout is
    given, by the distance from borders. A new block is one that came to the same
    leaf as the new surroundings; among several candidates the one with the most
    similar surroundings is taken [2]_. In two further sweeps the trees also know all
    blocks around. The coarsest level starts from patches at random places.

    References
    ----------
    .. [1] P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees," Machine
       Learning, vol. 63, pp. 3-42, 2006. DOI 10.1007/s10994-006-6226-1
    .. [2] L.-Y. Wei and M. Levoy, "Fast texture synthesis using tree-structured vector
       quantization," SIGGRAPH, pp. 479-488, 2000. DOI 10.1145/344779.345009

    Examples
    --------
    >>> import numpy as np
    >>> stripes = np.tile([0, 0, 0, 9, 9, 9], (36, 6))
    >>> made = texture_forest(stripes, width=48).image
    >>> made.shape, np.unique(made).tolist()
    ((36, 48), [0.0, 9.0])
    """
    shape = (depth, height, width)
    given = scaled(image, shape, labels, layout, kind, channel_axis)
    candidates = round(MOST_CANDIDATES ** (1 - variety))
    drawing = Drawing(candidates, trees, np.random.default_rng(seed))
    made = drawing.image(given.example, given.shape, given.planes)
    return given.result(made, image, channel_axis, seed)


class Drawing:
    """Draws images; `image` is the way in."""

    def __init__(self, candidates: int, trees: int, rng: np.random.Generator) -> None:
        self.candidates, self.trees, self.rng = candidates, trees, rng

    def image(
        self, example: Values, shape: Shape, planes: tuple[Values, Values] | None
    ) -> Values:
        """Return a new image, channels last, of whole blocks of `shape` at least."""
        *finer, coarsest = levels(example, shape, planes)
        made = self._coarsest(coarsest)
        former = coarsest
        for level in reversed(finer):
            made = self._refined(level, former, made)
            former = level
        return made

    def _coarsest(self, level: Level) -> Values:
        ones = (1,) * len(level.shape)
        if level.places is None:
            made = shuffled(level.example, level.shape, self.rng)
        else:
            made = np.zeros((*level.shape, level.example.shape[-1]), np.float32)
            self._sweep(_Known(level, ones), made, around=False)
        known, forest = _Known(level, ones), None
        for _ in range(SWEEPS):
            forest = self._sweep(known, made, around=True, forest=forest)
            if level.places is None:
                match_values(made, level.example)
        return made

    def _refined(self, level: Level, former: Level, coarse: Values) -> Values:
        known = _Known(level, level.steps, former.example, coarse)
        made = np.zeros((*level.shape, coarse.shape[-1]), np.float32)
        self._sweep(known, made, around=False)
        forest = None
        for _ in range(SWEEPS):
            forest = self._sweep(known, made, around=True, forest=forest)
        return made

    def _sweep(
        self,
        known: "_Known",
        made: Values,
        *,
        around: bool,
        forest: "_Forest | None" = None,
    ) -> "_Forest":
        """Draw every block once, in place."""
        forest = forest or self._learned(known, around)
        for phase in known.phases() if around else [known.all]:
            rows = known.rows(made, phase, new=True, around=around)
            if len(rows):  # of few blocks, some phases have none
                blocks = forest.drawn(rows, self.candidates, self.rng)
                known.put(made, phase, blocks)
        return forest

    def _learned(self, known: "_Known", around: bool) -> "_Forest":
        example = known.level.example
        rows = known.rows(example, known.all, new=False, around=around)
        blocks = windows(whole_blocks(example, known.block), known.block, 0, known.all)
        if len(rows) > ROWS:
            kept = self.rng.choice(len(rows), ROWS, replace=False)
            rows, blocks = rows[kept], blocks[kept]
        return _Forest(rows, blocks, self.trees, int(self.rng.integers(2**31)))


class _Known:
    """What is known of blocks: the coarser image, the layout, the blocks around."""

    def __init__(
        self,
        level: Level,
        block: Shape,
        example: Values | None = None,
        coarse: Values | None = None,
    ) -> None:
        self.level, self.block, self.coarse = level, block, (example, coarse)
        self.reach = REACH.get(len(block), 1)
        self.all = (slice(None),) * len(block)

    def phases(self) -> Iterator[tuple[slice, ...]]:
        """Yield which blocks are drawn at once: none is among another's neighbours."""
        apart = tuple(1 + -(-self.reach // b) for b in self.block)
        for start in np.ndindex(*apart):
            yield tuple(slice(s, None, n) for s, n in zip(start, apart, strict=True))

    def rows(
        self, image: Values, phase: tuple[slice, ...], *, new: bool, around: bool
    ) -> Values:
        """Return what is known of every block of a phase."""
        ones = (1,) * len(self.block)
        parts = []
        coarse = self.coarse[new]
        if coarse is not None:
            parts.append(windows(coarse, ones, self.reach, phase))
        if self.level.places is not None:
            places = whole_blocks(self.level.places[new], self.block)
            parts.append(windows(places, self.block, 1, phase))
        if around:
            whole = whole_blocks(image, self.block)
            parts.append(windows(whole, self.block, self.reach, phase, hollow=True))
        return np.concatenate(parts, axis=1)

    def put(self, made: Values, phase: tuple[slice, ...], blocks: Values) -> None:
        """Put blocks into their places."""
        ndim = len(self.block)
        split = [
            n for s, b in zip(made.shape, self.block, strict=False) for n in (s // b, b)
        ]
        view = made.reshape(*split, made.shape[-1])
        view = np.moveaxis(view, range(0, 2 * ndim, 2), range(ndim))
        target = view[phase]  # (places, block, channels)
        channels_first = (*target.shape[:ndim], target.shape[-1], *self.block)
        target[...] = np.moveaxis(blocks.reshape(channels_first), ndim, -1)


class _Forest:
    """Trees whose leaves hold blocks of the example."""

    def __init__(self, rows: Values, blocks: Values, trees: int, seed: int) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        self.forest = ExtraTreesRegressor(
            trees, min_samples_leaf=LEAF, max_features=SPLITS, random_state=seed
        )
        self.forest.fit(rows, blocks if blocks.shape[1] > 1 else blocks[:, 0])
        self.rows, self.blocks = rows, blocks
        leaves = self.forest.apply(rows)
        self.order = np.argsort(leaves, axis=0, kind="stable")
        ends = leaves.max() + 2
        self.starts = np.stack(
            [np.searchsorted(np.sort(part), np.arange(ends)) for part in leaves.T]
        )

    def drawn(self, rows: Values, candidates: int, rng: np.random.Generator) -> Values:
        """Return a block for every row: the best of several from its leaves."""
        leaves = self.forest.apply(rows)
        each = np.arange(len(rows))
        best = np.zeros(len(rows), np.intp)
        least = np.full(len(rows), np.inf, np.float32)
        for _ in range(candidates):
            tree = rng.integers(leaves.shape[1], size=len(rows))
            leaf = leaves[each, tree]
            first, after = self.starts[tree, leaf], self.starts[tree, leaf + 1]
            place = first + (rng.random(len(rows)) * (after - first)).astype(np.intp)
            found = self.order[place, tree]
            away = self.rows[found] - rows
            far = np.einsum("ij,ij->i", away, away)
            better = far < least
            best[better], least[better] = found[better], far[better]
        return np.asarray(self.blocks[best])
