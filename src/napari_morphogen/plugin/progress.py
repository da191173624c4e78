"""What has come back of a plan so far."""

from typing import Any

from napari.layers import Layer

from napari_morphogen.pipeline import State
from napari_morphogen.plans import Index, Plan
from napari_morphogen.spatial import SpatialArray


class Progress:
    """The results of a plan while it is computed.

    Parameters
    ----------
    todo : Plan
    source : Layer or None
        The layer that the plan's image came from, if it did.
    image : SpatialArray
        What was read from it, with all channels.
    """

    def __init__(self, todo: Plan, source: Layer | None, image: SpatialArray) -> None:
        self.plan, self.source, self.image = todo, source, image
        self.total = len(todo.frames)
        self.done = 0
        self.number = 0
        self.within = 0.0  # the frame that is worked on, as far as that is known
        self.energies: list[float] = []
        self._index: Index | None = None
        self._joined: dict[str, Any] = {}

    def take(self, state: State) -> None:
        """Add what was computed."""
        if state.index != self._index:
            self._index, self.energies = state.index, []
        self.energies.extend(state.energies)
        self.number = 0 if state.done and self.total > 1 else state.number
        self.done += state.done
        self.within = 0.0
        self.plan.put(self._joined, state.index, state.frame)

    @property
    def empty(self) -> bool:
        """Whether nothing has come back."""
        return not self._joined

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        most = float(self.plan.values.get("iterations", 0)) if self.iterates else 0
        part = min(self.number / most, 1) if most else self.within
        return min((self.done + part) / max(self.total, 1), 1.0)

    @property
    def counted(self) -> bool:
        """Whether there is more than one step to count."""
        return self.total > 1 or self.iterates or self.within > 0

    @property
    def iterates(self) -> bool:
        """Whether results improve step by step."""
        return self.plan.iterates

    @property
    def words(self) -> str:
        """How far it is, in words."""
        frame = f", {self.done} of {self.total}" if self.total > 1 else ""
        step = f", step {self.number}" if self.iterates and self.number else ""
        return frame + step

    @property
    def figures(self) -> str:
        """Figures of merit in words; empty where there are none."""
        kept = self._joined.get("figures", {})
        if len(kept) != 1:
            return ""
        (figures,) = kept.values()
        return "; ".join(f"{name} {value:.4g}" for name, value in figures.items())

    def results(self) -> dict[str, SpatialArray]:
        """Return every result by name, each where the image lies."""
        return self.plan.results(self._joined)

    def cut_short(self) -> dict[str, SpatialArray]:
        """Return the results of what was cancelled, named and written as such."""
        if self.total == 1:
            ended = self.plan.stopped_at(self.number)
            return ended.results(self._joined)
        note = f"({self.done} of {self.total})"
        return {
            name: result.like(result.data, name=f"{result.name} {note}")
            for name, result in self.results().items()
        }
