"""What is asked of a comparison of trainings, and what it tells."""

from dataclasses import dataclass

from napari_morphogen.learning.messages import check_limits

WATERSHED, REAL = "watershed", "real"  # arms that see no synthetic pair
LIMITS = (
    ("steps", 1, 1_000_000),
    ("seeds", 1, 100),
    ("held_out", 0.05, 0.9),
    ("width", 4, 256),
    ("levels", 1, 6),
    ("patch", 0, 1024),
    ("seed", 0, 2**31 - 1),
    ("threads", 0, 1024),
)


@dataclass(frozen=True)
class Settings:
    """How networks are trained and compared.

    Attributes
    ----------
    steps : int
        Batches that every network learns from, whatever its images.
    seeds : int
        How often all is repeated, with other weights, patches and held-out images.
    held_out : float
        Share of the real images that nobody learns from.
    alone : bool
        Whether networks also learn from synthetic pairs alone.
    planes : bool
        Whether volumes are taken plane by plane.
    width, levels : int
        Of the U-Net.
    patch : int
        Pixels along the finest axis that are learnt from at once; 0 chooses.
    seed : int
        The first of the seeds.
    threads : int
        Cores used; 0 leaves one free.
    device : str
        "auto", "cpu", "cuda" or "mps".
    """

    steps: int = 300
    seeds: int = 3
    held_out: float = 0.3
    alone: bool = True
    planes: bool = False
    width: int = 16
    levels: int = 3
    patch: int = 0
    seed: int = 0
    threads: int = 0
    device: str = "auto"

    def check(self) -> None:
        """Raise InputError when a value cannot be used."""
        check_limits(self, LIMITS)


@dataclass(frozen=True)
class Row:
    """How good the objects of one network, or of the watershed, are.

    Attributes
    ----------
    arm : str
        What was learnt from, such as "real" or "real + cells".
    seed : int
        Of weights, patches and held-out images.
    ap50, ap70 : float
        Pairs over all objects, at an IoU of 0.5 and 0.7, of all held-out images as
        one set.
    real, synthetic : int
        Images that were learnt from.
    scored : int
        Held-out images.
    """

    arm: str
    seed: int
    ap50: float
    ap70: float
    real: int
    synthetic: int
    scored: int


@dataclass(frozen=True)
class Report:
    """How a comparison goes.

    Attributes
    ----------
    share : float
        Of all batches that are learnt from, from 0 to 1.
    doing : str
        What is done now.
    rows : tuple of Row
        What is known so far; the rows of one seed stand together.
    done : bool
        Whether that is all.
    """

    share: float
    doing: str
    rows: tuple[Row, ...]
    done: bool = False
