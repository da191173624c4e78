"""Where cells lie: apart from one another, or touching, never one on another."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_morphogen.generate.shapes import Shape

TRIES = 40  # random places, before the free room is measured
SIDES = 12  # of a neighbour that are tried
FAILURES = 8  # after which an image counts as full
PRESSED = 0.15  # how far neighbours press on one another, as a share of the reach
KEPT = 0.7  # of a cell must remain beside its neighbours
GROUPS = (2, 5)  # cells that touch: at least, and fewer than
Window = tuple[slice, ...]


class Ground:
    """The labels of the cells that have been placed.

    Parameters
    ----------
    shape : tuple of int
        Of the image.
    spacing : tuple of float
        Relative pixel size along every axis.
    rng : Generator
        Of random numbers.

    Attributes
    ----------
    labels : ndarray of int32
        Numbers of the cells.
    count : int
        Of cells.
    placed : list of (ndarray of int, Shape)
        Centre and shape of each, in the order of their numbers.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        spacing: tuple[float, ...],
        rng: np.random.Generator,
    ) -> None:
        self.labels = np.zeros(shape, np.int32)
        self.count = 0
        self._spacing, self._rng = np.array(spacing), rng
        self.placed: list[tuple[NDArray[np.int64], Shape]] = []
        self._failures = 0
        self._room: NDArray[np.float64] | None = None  # how far the nearest cell is
        self._farthest = 0.0

    @property
    def full(self) -> bool:
        """Whether there is no more room for cells of this size."""
        return self._failures >= FAILURES

    def put_apart(self, shape: Shape) -> bool:
        """Put a cell where it touches no other; False when there is no room."""
        around = ndimage.maximum_filter(shape.mask, 3)
        for centre in self._free_places(shape):
            here, seen = self.window(shape, centre)
            if not self.labels[here][around[seen]].any():
                return self._keep(shape, centre, here, shape.mask[seen])
        self._failures += 1
        return False

    def put_beside(self, shape: Shape, members: list[int]) -> bool:
        """Put a cell where it touches one of others; False when there is no room.

        Parameters
        ----------
        shape : Shape
            The cell.
        members : list of int
            Numbers of the others.
        """
        for _ in range(SIDES):
            partner, other = self.placed[self._rng.choice(members) - 1]
            direction = self._rng.standard_normal(self.labels.ndim)
            direction /= np.linalg.norm(direction)
            for distance in np.arange(other.reach + shape.reach, 0, -1):
                centre = self._shifted(partner, direction * distance)
                if not self._inside(centre):
                    continue
                here, seen = self.window(shape, centre)
                if self.labels[here][shape.mask[seen]].any():
                    pressed = PRESSED * shape.reach
                    for nearer in (pressed, 0.0, -1.0):
                        way = direction * max(distance - nearer, 0)
                        if self._squeeze(shape, self._shifted(partner, way), members):
                            return True
                    break
        return False

    def _squeeze(
        self, shape: Shape, centre: NDArray[np.int64], members: list[int]
    ) -> bool:
        """Put a cell into what its neighbours leave; False when that is too little."""
        if not self._inside(centre):
            return False
        here, seen = self.window(shape, centre)
        whole = shape.mask[seen]
        left = whole & (self.labels[here] == 0)
        pieces, count = ndimage.label(left)
        if count > 1:
            left = pieces == np.bincount(pieces[left]).argmax()
        if left.sum() < KEPT * whole.sum() or not self._touches(left, here, members):
            return False
        return self._keep(shape, centre, here, left)

    def _touches(
        self, left: NDArray[np.bool_], here: Window, members: list[int]
    ) -> bool:
        """Tell whether pixels lie beside some of the members, and nobody else."""
        labels = self.labels[here]
        near = set(labels[ndimage.maximum_filter(left, 3)].tolist()) - {0}
        return near <= set(members) and bool(
            labels[ndimage.binary_dilation(left)].any()
        )

    def _keep(
        self,
        shape: Shape,
        centre: NDArray[np.int64],
        here: Window,
        mask: NDArray[np.bool_],
    ) -> bool:
        pieces, count = ndimage.label(mask)
        if count > 1:  # the border of the image has cut it
            mask = pieces == np.bincount(pieces[mask]).argmax()
        self.count += 1
        self.labels[here][mask] = self.count
        self.placed.append((centre, shape))
        self._failures = 0
        self._farthest = max(self._farthest, shape.reach)
        if self._room is not None:
            self._take_room(here)
        return True

    def _take_room(self, here: Window) -> None:
        """Measure anew how far the nearest cell is, around the last one."""
        assert self._room is not None
        far = np.ceil(self._farthest / self._spacing).astype(int) + 2
        wide = tuple(
            slice(max(part.start - n, 0), part.stop + n)
            for part, n in zip(here, far.tolist(), strict=True)
        )
        others = self.labels[wide] != self.count
        room = ndimage.distance_transform_edt(others, tuple(self._spacing))
        np.minimum(self._room[wide], room, out=self._room[wide])

    def _free_places(self, shape: Shape) -> Iterator[NDArray[np.int64]]:
        """Yield places by chance, and when that is in vain where there is room."""
        sizes = self.labels.shape
        if self._room is None:
            yield from self._rng.integers(0, sizes, (TRIES, len(sizes)))
            free = self.labels == 0  # not all: the first cell lies where it likes
            self._room = ndimage.distance_transform_edt(free, tuple(self._spacing))
        yield from self._roomy(shape)
        yield np.array(np.unravel_index(self._room.argmax(), sizes))

    def _roomy(self, shape: Shape) -> Iterator[NDArray[np.int64]]:
        assert self._room is not None
        wide = self._room > shape.reach + self._spacing.max()
        places = np.flatnonzero(wide)
        for place in self._rng.permutation(places)[:TRIES]:
            yield np.array(np.unravel_index(place, self.labels.shape))

    def _shifted(
        self, centre: NDArray[np.int64], way: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        return np.asarray(np.rint(centre + way / self._spacing), np.int64)

    def _inside(self, centre: NDArray[np.int64]) -> bool:
        return bool((centre >= 0).all() and (centre < self.labels.shape).all())

    def window(self, shape: Shape, centre: NDArray[np.int64]) -> tuple[Window, Window]:
        """Return the part of the image that a cell covers, and of its mask.

        Parameters
        ----------
        shape : Shape
            The cell.
        centre : ndarray of int
            Where its centre lies.
        """
        here, seen = [], []
        sizes = zip(
            centre, shape.centre, shape.mask.shape, self.labels.shape, strict=True
        )
        for place, middle, length, limit in sizes:
            start = int(place) - middle
            first, last = max(start, 0), min(start + length, limit)
            here.append(slice(first, max(last, first)))
            seen.append(slice(first - start, max(last, first) - start))
        return tuple(here), tuple(seen)


def place(
    ground: Ground,
    draw: Callable[[], Shape],
    rng: np.random.Generator,
    *,
    count: int,
    touching: float,
) -> None:
    """Put cells on the ground, as many as find room.

    Parameters
    ----------
    ground : Ground
        Without cells.
    draw : callable
        Returns the shape of the next cell.
    rng : Generator
        Of random numbers.
    count : int
        Of cells that are wanted.
    touching : float
        Share of the cells that touch another one.
    """
    together = round(touching * count)
    alone = count - together
    while together + alone > 0 and not ground.full:
        size = min(int(rng.integers(*GROUPS)), together)
        size += together - size == 1  # nobody touches alone
        if size > 1 and rng.random() * (together / size + alone) < together / size:
            together -= _put_group(ground, draw, size)
        elif alone:
            alone -= ground.put_apart(draw())
        else:  # one is left of a group that found too little room
            together, alone = 0, together


def _put_group(ground: Ground, draw: Callable[[], Shape], size: int) -> int:
    """Put cells where they touch one another; return how many found room."""
    if not ground.put_apart(draw()):
        return 0
    members = [ground.count]
    while len(members) < size and ground.put_beside(draw(), members):
        members.append(ground.count)
    return len(members)
