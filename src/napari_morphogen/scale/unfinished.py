"""The folder beside a target where a run keeps its finished blocks."""

import json
import shutil
from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from napari_morphogen.io.disk import check_target, moved
from napari_morphogen.params import InputError

ENDING = ".unfinished"
OWN = {"found", "written", "image.zarr", "objects.zarr", "seen.zarr"}
OWN |= {"run.json", "run.part"}


class Unfinished:
    """What is done of a run that makes one image.

    Parameters
    ----------
    target : path
        Where the image will be when all is done.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ENDING)

    @property
    def image(self) -> Path:
        """The image in the making: an OME-Zarr folder."""
        return self.path / "image.zarr"

    @property
    def objects(self) -> Path:
        """Objects by the numbers that they have in their blocks: a Zarr array."""
        return self.path / "objects.zarr"

    @property
    def seen(self) -> Path:
        """Coarser resolutions to look at meanwhile: a Zarr group."""
        return self.path / "seen.zarr"

    def coarser(self) -> list[Path]:
        """Return the arrays of `seen`, the finest first."""
        numbered = (self.seen / str(number) for number in count(1))
        return list(takewhile(lambda path: (path / ".zarray").exists(), numbered))

    def levels(self) -> list[Any]:
        """Return what is there so far, to look at: lazy arrays, the finest first.

        Returns
        -------
        levels : list of dask.array.Array
            Empty before all of them have been created.

        Notes
        -----
        Objects have the numbers of their blocks; those of the end come with the end.
        """
        from dask.array import from_zarr

        if self._stored() is None:
            return []
        joined = self.objects.exists()
        finest = self.objects if joined else self.image / "0"
        coarser = [from_zarr(str(path)) for path in self.coarser()]
        data = from_zarr(str(finest))
        order = self.recall("order")
        if not joined and order is not None:
            data = data.transpose([order.index(i) for i in range(len(order))])
        return [data, *coarser]

    def begin(self, identity: Mapping[str, Any]) -> bool:
        """Begin the run, or go on where it was broken off; tell which.

        Parameters
        ----------
        identity : mapping
            JSON: what must be the same to go on.

        Returns
        -------
        goes_on : bool
            Whether there are blocks of the same run.

        Raises
        ------
        InputError
            When the folder holds another run or cannot be written.
        """
        check_target(self.target, folder=True, overwrite=True)
        wanted = json.loads(json.dumps(identity))
        stored = self._stored()
        if stored is not None and stored["identity"] != wanted and self._has_blocks():
            raise InputError(
                f"{self.path} holds the finished blocks of another run; delete that "
                "folder or choose another target."
            )
        if stored is not None and stored["identity"] == wanted:
            return True
        self._check_own()
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir()
        (self.path / "found").mkdir()
        (self.path / "written").mkdir()
        return False

    def remember(self, **facts: Any) -> None:
        """Add facts, JSON, to what is known of the run."""
        known = (self._stored() or {}) | facts
        aside = self.path / "run.part"
        aside.write_text(json.dumps(known), encoding="utf-8")
        aside.replace(self._record)

    def recall(self, name: str) -> Any:
        """Return a fact that was remembered, or None."""
        return (self._stored() or {}).get(name)

    def found(self, number: int) -> Path:
        """Return where the objects found in a block are described."""
        return self.path / "found" / f"{number}.npz"

    def is_written(self, number: int) -> bool:
        """Tell whether the final pixels of a block are there."""
        return self._mark(number).exists()

    def note_written(self, number: int) -> None:
        """Remember that the final pixels of a block are there."""
        self._mark(number).touch()

    def finish(self) -> None:
        """Put the image in its place and remove the rest."""
        moved(self.image, self.target)
        shutil.rmtree(self.path, ignore_errors=True)

    def _check_own(self) -> None:
        """Raise InputError rather than delete what somebody else has put there."""
        there = set(self.path.iterdir()) if self.path.is_dir() else set()
        foreign = {path.name for path in there} - OWN
        if foreign or (self.path.exists() and not self.path.is_dir()):
            raise InputError(
                f"{self.path} is in the way of the blocks; move it or choose another "
                "target."
            )

    def _has_blocks(self) -> bool:
        kept = (self.path / "found", self.path / "written")
        return any(any(folder.iterdir()) for folder in kept if folder.is_dir())

    @property
    def _record(self) -> Path:
        return self.path / "run.json"

    def _mark(self, number: int) -> Path:
        return self.path / "written" / str(number)

    def _stored(self) -> dict[str, Any] | None:
        try:
            stored = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return stored if isinstance(stored, dict) and "identity" in stored else None
