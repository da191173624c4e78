"""What there is to compute: one method on one image, its frames and its results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen import recipe
from napari_morphogen.intensity import as_float, luminance
from napari_morphogen.params import (
    Step,
    accepts,
    iterates,
    last,
    parameters,
)
from napari_morphogen.registry import Method
from napari_morphogen.spatial import SPATIAL_AXES, SpatialArray, Vertices

Index = tuple[int, ...]
Frame = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """One method on one image: which frames to compute and how to join them.

    A frame is what the method sees at once: all spatial axes and, where the
    method uses them together, all channels. Every other axis is looped over.

    Attributes
    ----------
    method : Method
    image : SpatialArray
        Only the chosen channel where one was chosen.
    values : mapping
        Checked value of every parameter.
    spacing : tuple of float
        Relative pixel size of all spatial axes.
    recipe : mapping
        How the main result is made, for its metadata.
    output : str
        The result that was asked for.
    """

    method: Method
    image: SpatialArray
    values: Mapping[str, Any]
    spacing: tuple[float, ...]
    recipe: Mapping[str, Any]
    output: str

    # ---- axes

    @property
    def outputs(self) -> Mapping[str, str]:
        """The role of every result by its name, the main one first."""
        return self.method.outputs

    @property
    def iterates(self) -> bool:
        """Whether results improve step by step."""
        return iterates(self.method.function)

    @property
    def merges_channels(self) -> bool:
        """Whether a frame holds all channels."""
        method, image = self.method, self.image
        if method.takes == "labels":
            return False
        dark = image.rgb and method.colours == "brightness"
        return method.takes_channels or dark or method.makes != "image"

    @property
    def spatial(self) -> str:
        """Spatial axes that the method sees at once."""
        seen = "yx" if self.method.planar else SPATIAL_AXES
        return "".join(a for a in self.image.axes if a in seen)

    @property
    def looped(self) -> str:
        """Axes that are looped over."""
        seen = self.spatial + "c" * self.merges_channels
        return "".join(a for a in self.image.axes if a not in seen)

    @property
    def axes(self) -> str:
        """Axes of labels and plain images that come out."""
        return self.image.axes.replace("c", "" if self.merges_channels else "c")

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of `axes`."""
        return tuple(self.made_sizes[axis] for axis in self.axes)

    @property
    def made_sizes(self) -> dict[str, int]:
        """Length of every axis of the image as it comes out."""
        sizes = self.sizes
        if self.method.size is None:
            return sizes
        shape = tuple(sizes[axis] for axis in self.spatial)
        made = self.method.size(shape, **self.values)
        return sizes | dict(zip(self.spatial, made, strict=True))

    @property
    def sizes(self) -> dict[str, int]:
        """Length of every axis of the image."""
        return dict(zip(self.image.axes, self.image.data.shape, strict=True))

    @property
    def seen_pixels(self) -> int:
        """How many values a frame has."""
        sizes = self.sizes
        return prod(sizes[axis] for axis in self.image.axes if axis not in self.looped)

    @property
    def frames(self) -> list[Index]:
        """Index of every frame along the looped axes."""
        return list(product(*(range(self.sizes[axis]) for axis in self.looped)))

    def axes_of(self, name: str) -> str:
        """Return the axes of one result."""
        role = self.outputs[name]
        if role == "colours":
            return self.image.axes
        if role == "channels":
            place = min(self.axes.index(axis) for axis in self.spatial)
            return f"{self.axes[:place]}c{self.axes[place:]}"
        return self.axes

    def dtype_of(self, name: str) -> np.dtype[Any]:
        """Return the type of one result's numbers."""
        role, own = self.outputs[name], np.dtype(self.image.data.dtype)
        if role == "labels":
            return np.dtype(np.int32)
        if "c" in self.axes_of(name) and self.image.rgb and own.kind == "u":
            native: np.dtype[Any] = own.newbyteorder("=")
            return native  # napari shows colours of 0 to 255 or 0 to 1
        return np.dtype(as_float(np.empty(0, own)).dtype)

    def select(self, axes: str, index: Index) -> tuple[Any, ...]:
        """Return the place of a frame in an array that has these axes."""
        at = dict(zip(self.looped, index, strict=True))
        return tuple(at.get(axis, slice(None)) for axis in axes)

    # ---- one frame

    def compute(self, index: Index, model: Any = None) -> Frame:
        """Return the results of one frame by name."""
        return last(self.steps(index, model))

    def steps(self, index: Index, model: Any = None) -> Iterator[Step[Frame]]:
        """Yield how the results of one frame come about.

        Parameters
        ----------
        index : tuple of int
            Of the frame.
        model : object
            What `learned` returned.
        """
        frame = np.asarray(self.image.data[self.select(self.image.axes, index)])
        if frame.size == 0:
            yield Step(0, np.nan, self._empty)
            return
        yield from self.steps_of(frame, self.arrays_at(index), model)

    def steps_of(
        self, frame: NDArray[Any], arrays: Mapping[str, Any], model: Any = None
    ) -> Iterator[Step[Frame]]:
        """Yield how the results of pixels come about; see `steps`."""
        frame, words = self.prepared(frame, arrays)
        if self.method.fit is not None:
            words["model"] = model
        image = (frame,) if self.method.takes else ()
        found = self.method.function(*image, **words)
        if not self.iterates:
            yield Step(1, np.nan, lambda: self.named(found))
            return
        for step in found:
            yield Step(step.number, step.energy, partial(self._frame_of, step))

    def _frame_of(self, step: Step[Any]) -> Frame:
        return self.named(step.result())

    def learned(self, *others: "Plan") -> Any:
        """Return what the method learns from the frames that were painted on.

        Parameters
        ----------
        *others : Plan
            Of other images that were painted on, too.
        """
        if self.method.fit is None:
            return None
        roles = {p.name for p in parameters(self.method.function) if p.role}
        plain = {n: value for n, value in self.values.items() if n not in roles}
        plans = (self, *others)
        return self.method.fit(
            chain.from_iterable(p._samples() for p in plans), **plain
        )

    def frame_at(self, index: Index) -> tuple[NDArray[Any], int | None]:
        """Return the pixels of a frame as the method sees them, and its channel axis.

        Parameters
        ----------
        index : tuple of int
            Of the frame.
        """
        place = self.select(self.image.axes, index)
        frame, words = self.prepared(np.asarray(self.image.data[place]), {})
        return frame, words.get("channel_axis")

    def arrays_at(self, index: Index) -> dict[str, Any]:
        """Return the frames of the array parameters that belong to one frame."""
        return {
            name: np.asarray(layer.data[self.select(layer.axes, index)])
            for name, layer in self.layers.items()
        }

    @property
    def layers(self) -> dict[str, SpatialArray]:
        """The array parameters that were given, by name."""
        given = parameters(self.method.function)
        named = {p.name: self.values[p.name] for p in given if p.role}
        return {name: value for name, value in named.items() if value is not None}

    def _samples(self) -> Iterator[dict[str, Any]]:
        for index in self.frames if 0 not in self.image.data.shape else ():
            arrays = self.arrays_at(index)
            if any(array.any() for array in arrays.values()):
                place = self.select(self.image.axes, index)
                frame = np.asarray(self.image.data[place])
                frame, words = self.prepared(frame, arrays)
                filled = {n: v for n, v in words.items() if n not in self.values}
                yield {"image": frame, **arrays, **filled}

    def prepared(
        self, frame: NDArray[Any], arrays: Mapping[str, Any]
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Return a frame, its channels merged if need be, and all arguments.

        Parameters
        ----------
        frame : ndarray
            Pixels of a frame or of a part of one.
        arrays : mapping
            The array parameters there.
        """
        function = self.method.function
        axes = "".join(a for a in self.image.axes if a not in self.looped)
        filled: dict[str, Any] = {}
        if accepts(function, "spacing"):
            filled["spacing"] = self.seen_spacing
        if self.method.takes_channels:
            filled["channel_axis"] = axes.index("c") if "c" in axes else None
        elif "c" in axes:
            frame = _merge_channels(frame, axes.index("c"), self.image.rgb)
        return frame, dict(self.values) | dict(arrays) | filled

    @property
    def seen_spacing(self) -> tuple[float, ...]:
        """Relative pixel size of the axes that the method sees at once."""
        if not self.method.planar:
            return self.spacing
        sizes = self.spacing[-2:]
        return tuple(size / min(sizes) for size in sizes)

    def named(self, found: Any) -> Frame:
        """Return what the method's function returned as results by name.

        Parameters
        ----------
        found : array or tuple
            One result or several.
        """
        several = isinstance(found, tuple)
        named = dict(zip(self.outputs, found if several else (found,), strict=True))
        return {name: self.typed(name, value) for name, value in named.items()}

    def typed(self, name: str, value: Any) -> Any:
        """Return a value of one result in the type of that result's numbers."""
        if self.outputs[name] in ("figures", "shapes"):
            return value
        dtype = self.dtype_of(name)
        if dtype.kind == "u" and value.dtype.kind == "f":
            limits = np.iinfo(dtype)
            value = np.clip(np.rint(value), limits.min, limits.max)
        return np.asarray(value, dtype)

    def _empty(self) -> Frame:
        return {name: self._zeros(name, self.looped) for name in self.outputs}

    def _zeros(self, name: str, without: str = "") -> Any:
        if self.outputs[name] == "figures":
            return {}
        axes = [axis for axis in self.axes_of(name) if axis not in without]
        if self.outputs[name] == "shapes":
            return np.zeros((0, 2, len(axes)))
        sizes = self.made_sizes
        sizes |= {"c": 0} if self.outputs[name] == "channels" else {}
        return np.zeros([sizes[axis] for axis in axes], self.dtype_of(name))

    # ---- all frames

    def put(self, joined: dict[str, Any], index: Index, frame: Frame) -> None:
        """Put the results of one frame into their places among all frames."""
        for name, value in frame.items():
            role = self.outputs[name]
            if role == "figures":
                joined.setdefault(name, {})[index] = value
            elif not self.looped:
                joined[name] = value
            elif role == "shapes":
                others = [joined[name]] if name in joined else []
                joined[name] = np.concatenate([*others, self._lifted(value, index)])
            else:
                self._put_pixels(joined, name, index, value)

    def _put_pixels(
        self, joined: dict[str, Any], name: str, index: Index, value: NDArray[Any]
    ) -> None:
        axes = self.axes_of(name)
        if name not in joined:
            inner = [axis for axis in axes if axis not in self.looped]
            sizes = self.sizes | dict(zip(inner, value.shape, strict=True))
            joined[name] = np.zeros([sizes[axis] for axis in axes], value.dtype)
        joined[name][self.select(axes, index)] = value

    def _lifted(self, vertices: NDArray[Any], index: Index) -> NDArray[Any]:
        """Return vertices of one frame with a position along every axis."""
        whole = np.zeros((*vertices.shape[:2], len(self.axes)))
        for axis, place in zip(self.looped, index, strict=True):
            whole[..., self.axes.index(axis)] = place
        seen = [i for i, axis in enumerate(self.axes) if axis not in self.looped]
        whole[..., seen] = vertices
        return whole

    def results(self, joined: Mapping[str, Any]) -> dict[str, SpatialArray]:
        """Return all results but figures by name, each in the image's place."""
        return {
            name: self.result(joined.get(name, self._zeros(name)), name, joined)
            for name, role in self.outputs.items()
            if role != "figures"
        }

    def result(
        self, data: Any, name: str, joined: Mapping[str, Any] | None = None
    ) -> SpatialArray:
        """Return the data of one result in the image's place, with its recipe."""
        main = name == next(iter(self.outputs))
        source = [self.image.name or "image"] * bool(self.method.takes)
        words = [*source, self.method.name, *[name] * (not main)]
        steps = self.recipe["steps"]
        last_step = steps[-1] | {"output": None if main else name}
        metadata: dict[str, Any] = {
            recipe.KEY: dict(self.recipe) | {"steps": [*steps[:-1], last_step]}
        }
        if joined and joined.get("figures"):
            metadata["figures"] = joined["figures"]
        return self.image.like(
            data,
            self.axes_of(name),
            kind=Vertices if self.outputs[name] == "shapes" else SpatialArray,
            name=" ".join(words),
            metadata=metadata,
        )

    def stopped_at(self, number: int) -> "Plan":
        """Return the plan that ends after this many iterations."""
        steps = self.recipe["steps"]
        given = {**steps[-1]["parameters"], "iterations": number}
        ended = {**steps[-1], "parameters": given}
        return replace(
            self,
            values=dict(self.values) | {"iterations": number},
            recipe=dict(self.recipe) | {"steps": [*steps[:-1], ended]},
        )


def _merge_channels(frame: NDArray[Any], axis: int, rgb: bool) -> NDArray[Any]:
    if rgb:
        return luminance(np.moveaxis(frame, axis, -1))
    with np.errstate(invalid="ignore", over="ignore"):  # what overflows is broken
        return np.asarray(as_float(frame).mean(axis=axis))
