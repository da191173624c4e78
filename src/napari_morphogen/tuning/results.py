"""What tuning yields: rankings, curves and swatches, all of plain parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from napari_morphogen.tuning.candidates import Candidate

Kind = Literal["objects", "classes"]


@dataclass(frozen=True)
class Options:
    """What is searched, how long, and what counts.

    Attributes
    ----------
    kind : str or None
        ``"objects"``: every number of the reference is one object. ``"classes"``:
        every number is a class. None finds it out from the reference.
    sparse : bool
        The reference is painted only in part; 0 means "not known".
    budget : float
        Seconds after which no candidate is begun.
    trials : int or None
        How many candidates are tried at most; None sets no such limit. A
        search that ends by this limit does the same again with the same seed.
    methods : tuple of str
        Methods that make the labels; empty for all that can.
    seed : int
        Same seed, same candidates.
    """

    kind: Kind | None = None
    sparse: bool = False
    budget: float = 60.0
    trials: int | None = None
    methods: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Row:
    """One method with the best parameters found so far.

    Attributes
    ----------
    candidate : Candidate
        All steps; the best on the whole reference.
    score : float
        From 0 to 1, cross-validated: for each fold the parameters are chosen on
        the others, and the fold left out is scored.
    error : float
        Standard error of the score over the folds; NaN with fewer than two.
    seconds : float
        Per million pixels.
    tied : bool
        Its score differs from the best by no more than the standard error.
    labels : ndarray of int32
        What the candidate makes of the crop that `Ranking.crop` holds.
    folds : tuple of float
        Score of every fold left out.
    whole : bool
        Scored on whole images; otherwise on crops of them.
    classes : mapping of int to int
        The class of the reference that every number of the labels stands for;
        empty for objects.
    """

    candidate: Candidate
    score: float
    error: float
    seconds: float
    tied: bool
    labels: NDArray[Any]
    folds: tuple[float, ...] = ()
    whole: bool = False
    classes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Ranking:
    """All methods tried so far, the best first.

    Attributes
    ----------
    rows : tuple of Row
        One per method. Where scores differ by no more than the standard error,
        the faster and simpler one stands first.
    score, error : float
        Cross-validated score of the whole search: for each fold method and
        parameters are chosen on the others. This is what to expect on new
        images like these.
    kind : str
        ``"objects"`` or ``"classes"``.
    folds : int
        How many.
    units : int
        Objects, or painted pixels for classes.
    note : str
        What to know about the score, such as that too little is painted to
        tell; empty otherwise.
    crop : ndarray
        Part of an image that the labels of the rows belong to; colours last.
    truth : ndarray of int
        The reference of the crop.
    image : int
        Number of that image among those given.
    place : tuple of (start, stop)
        Of the crop, for every axis of that image but channels.
    tried : int
        Candidates so far.
    elapsed, budget : float
        Seconds used, and those there are.
    skipped : mapping
        Why a method is not in the table, by its name.
    done : bool
        Nothing follows.
    """

    rows: tuple[Row, ...]
    score: float
    error: float
    kind: Kind
    folds: int
    units: int
    note: str
    crop: NDArray[Any]
    truth: NDArray[Any]
    image: int
    place: tuple[tuple[int, int], ...]
    tried: int
    elapsed: float
    budget: float
    skipped: Mapping[str, str] = field(default_factory=dict)
    done: bool = False

    @property
    def best(self) -> Row | None:
        """The first row, if there is one."""
        return self.rows[0] if self.rows else None


class Curve(NamedTuple):
    """How the score moves with one parameter, the others as they are.

    Attributes
    ----------
    step : int
        Place of the method among the steps of the candidate.
    method, parameter : str
        Their names.
    values : tuple
        Ascending for numbers; the chosen one is among them.
    scores : tuple of float
        Mean over the folds; NaN where the value cannot be used.
    errors : tuple of float
        Standard errors.
    chosen : object
        The value of the candidate.
    """

    step: int
    method: str
    parameter: str
    values: tuple[Any, ...]
    scores: tuple[float, ...]
    errors: tuple[float, ...]
    chosen: Any

    @property
    def span(self) -> float:
        """Difference of the best and the worst score: how much it matters."""
        known = [score for score in self.scores if score == score]
        return max(known) - min(known) if known else 0.0


class Swatch(NamedTuple):
    """What one value of a parameter makes of a crop.

    Attributes
    ----------
    value : object
        Of the parameter.
    result : ndarray or None
        Labels or an image; None where the value cannot be used.
    seconds : float
        How long it took.
    problem : str
        Why there is no result.
    """

    value: Any
    result: NDArray[Any] | None
    seconds: float
    problem: str = ""


class Suggestion(NamedTuple):
    """What an image says about itself, and parameters to start from.

    Attributes
    ----------
    noise : float
        Standard deviation of the noise, in values of the image.
    size : float
        Diameter of the objects in pixels of the finest axis; 0 where there are none.
    objects : str
        ``"bright"`` or ``"dark"``: how objects differ from the background.
    parameters : mapping of str to mapping
        By the name of a method, parameters by their names; those left out stay
        as they are by default.
    """

    noise: float
    size: float
    objects: Literal["bright", "dark"]
    parameters: Mapping[str, Mapping[str, Any]]
