"""What is asked of a training of a generator, and what it tells."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from napari_morphogen.learning.messages import STOP as STOP
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

Kind = Literal["flow", "vae", "cvae", "painter", "dcgan", "stylegan"]
MEANINGS: Mapping[Kind, str] = {
    "flow": "flow matching: noise is carried to images; the most like real ones",
    "vae": "variational autoencoder: short codes and images; quick, volumes too",
    "cvae": "variational autoencoder told classes, or the labels of every image",
    "painter": "flow matching told the labels: paints an image for any labels",
    "dcgan": "two networks against each other: sharp and quick, less steady",
    "stylegan": "the same, with styles and noise at every scale: for long trainings",
}
LEAST_HELD_OUT, MOST_HELD_OUT = 0.0, 0.9


@dataclass(frozen=True)
class Settings:
    """How a generator learns.

    Attributes
    ----------
    kind : str
        A key of `MEANINGS`.
    patch : int
        Pixels along rows and columns of the images that are made, a multiple of 8.
    rotations : bool
        Whether turned and mirrored patches are as good as they are.
    each : bool
        Whether every image is brought to the same brightness first.
    planes : bool
        Whether volumes are taken plane by plane.
    seconds : float
        How long is learnt.
    held_out : float
        Share of the images that is kept for the report card.
    width, latent : int
        Of the network; 0 chooses.
    seed : int
        Of all that is drawn.
    threads : int
        Cores used; 0 leaves one free.
    device : str
        "auto", "cpu", "cuda" or "mps".
    """

    kind: Kind = "flow"
    patch: int = 32
    rotations: bool = True
    each: bool = True
    planes: bool = False
    seconds: float = 300.0
    held_out: float = 0.2
    width: int = 0
    latent: int = 0
    seed: int = 0
    threads: int = 0
    device: str = "auto"

    def check(self) -> None:
        """Raise InputError when something cannot be meant."""
        if self.kind not in MEANINGS:
            known = ", ".join(MEANINGS)
            raise InputError(
                f'There is no generator "{self.kind}"; the kinds are {known}.'
            )
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise InputError(
                f"Expected a time of more than 0 s, but got {self.seconds:g}."
            )
        if not LEAST_HELD_OUT <= self.held_out <= MOST_HELD_OUT:
            raise InputError(
                f"Expected to hold out {LEAST_HELD_OUT:g} to {MOST_HELD_OUT:g} of the "
                f"images, but got {self.held_out:g}."
            )
        for name in ("width", "latent", "seed", "threads"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"Expected {name} to be at least 0, but got {getattr(self, name)}."
                )


@dataclass(frozen=True, eq=False)
class Report:
    """How a training goes.

    Attributes
    ----------
    step : int
        Batches learnt from.
    seconds, left : float
        Since the start, and until the end.
    losses : mapping of str to float
        The latest, by name.
    samples : SpatialArray or None
        What the generator makes now, of the same noise every time.
    note : str
        What the user should know; empty when all is well.
    card : mapping or None
        The figures of the report card by name, at the end.
    nearest : SpatialArray or None
        At the end the samples most like what was learnt from, each with the patch
        that it is most like on its right.
    done : bool
        Whether the file is written.
    """

    step: int
    seconds: float
    left: float
    losses: Mapping[str, float]
    samples: SpatialArray | None = None
    note: str = ""
    card: Mapping[str, Any] | None = None
    nearest: SpatialArray | None = None
    done: bool = False
