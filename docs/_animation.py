"""The main job as an animated picture: paint, train, correct."""

from typing import Any

import numpy as np
from _viewer import FOLDER, click, linger, look, open_, shot, wait

WIDTH = 880  # of the picture, in pixels
COLOURS = 64  # of the palette, for all frames
SECONDS = 1.4  # that a frame stands
LAST = 4.0  # that the last one stands
MOST = 8  # cells that one object holds when it is time to correct
FEW = 6  # missing borders that are painted
SEEN = 4  # frames of the training, at most
TOLERANCE = 0.5  # of a true cell must lie in an object, to be part of it


class Film:
    """Frames of a viewer, each with a line of text in the picture."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.frames: list[Any] = []
        text = viewer.text_overlay
        text.visible, text.font_size, text.position = True, 14, "top_left"

    def take(self, text: str) -> None:
        """Add what is seen now, under a text."""
        self.viewer.text_overlay.text = text
        linger(0.3)
        frame = shot(self.viewer).convert("RGB")
        height = round(frame.height * WIDTH / frame.width)
        self.frames.append(frame.resize((WIDTH, height)))

    def save(self, name: str) -> None:
        """Write the frames, in colours that they share, as an endless GIF."""
        from PIL import Image

        both = np.concatenate([np.asarray(one)[::3] for one in self.frames])
        palette = Image.fromarray(both).quantize(COLOURS, dither=Image.Dither.NONE)
        first, *rest = (
            one.quantize(palette=palette, dither=Image.Dither.NONE)
            for one in self.frames
        )
        times = [int(SECONDS * 1000)] * len(rest) + [int(LAST * 1000)]
        path = FOLDER / name
        first.save(path, save_all=True, append_images=rest, duration=times, loop=0)
        print(f"{name}: {len(times)} frames, {path.stat().st_size / 1000:.0f} kB")


def animate(viewer: Any) -> None:
    """Paint strokes on membranes, train, paint where cells are merged, wait."""
    from napari_morphogen.samples import membrane_strokes

    film = Film(viewer)
    dock = open_(viewer, "membranes", "Train")
    dock.meaning.value = "inside, border, background"
    dock.budget.value = "60 s"
    film.take("Which cells are in this image?")
    click(dock.new)
    strokes = viewer.layers["strokes"]
    strokes.opacity, strokes.colormap = 1, striking()
    wanted = membrane_strokes().data
    right = wanted[:, wanted.shape[1] // 3 :]
    right[right == 3] = 0  # few on membranes, so that something is left to correct
    for label in (2, 3):
        paint(strokes, np.nonzero(wanted == label), label)
        film.take("1  Paint: strokes in cells, on membranes")
    click(dock.run)
    found = "membranes network_objects"
    wait(lambda: found in viewer.layers, "the first prediction", 60)
    viewer.layers[found].opacity = 0.45
    viewer.layers.move(viewer.layers.index(strokes), len(viewer.layers))
    borders: list[Any] = []
    begun = len(film.frames)
    while not borders and dock.run.text != "Train":
        film.take("2  Train: it learns while you watch")
        linger(3)
        borders = merged(viewer.layers[found].data)
    seen = film.frames[begun:]
    film.frames[begun:] = seen[:: -(-len(seen) // SEEN)]
    correct(film, strokes, borders)
    viewer.reset_view()
    film.take("3  Correct: the strokes count at once")
    wait(lambda: dock.run.text == "Train" and "Trained" in dock.status.value, "it", 180)
    film.take("4  Done: cells, and a model in one file")
    film.save("paint_train_correct.gif")


def merged(objects: Any) -> list[Any]:
    """Return the missing borders: of the cells in one object, pixels between them.

    None while some object holds many cells: it is too early to correct.
    """
    from scipy import ndimage

    from napari_morphogen.samples import membrane_cells

    truth = membrane_cells().data
    common = np.zeros((truth.max() + 1, objects.max() + 1), int)
    np.add.at(common, (truth, objects), 1)
    share = common / np.maximum(common.sum(axis=1, keepdims=True), 1)
    share[0], share[:, 0] = 0, 0
    held = (share > TOLERANCE).sum(axis=0)
    if held.max() > MOST:
        return []
    borders = []
    for number in np.nonzero(held > 1)[0]:
        cells = np.nonzero(share[:, number] > TOLERANCE)[0]
        near = [ndimage.binary_dilation(truth == cell, iterations=4) for cell in cells]
        between = (np.sum(near, axis=0) > 1) & (truth == 0)
        borders.append(np.nonzero(between))
    return [border for border in borders if len(border[0])]


def correct(film: Film, strokes: Any, borders: list[Any]) -> None:
    """Go near to the missing border that is most central; paint it and some more."""
    if not borders:
        return
    middle = np.array(strokes.data.shape) / 2
    far = [np.linalg.norm(np.mean(border, axis=1) - middle) for border in borders]
    nearest = [borders[number] for number in np.argsort(far)[:FEW]]
    look(film.viewer, (0, *strokes.data_to_world(np.mean(nearest[0], axis=1))), 3)
    film.take("3  Correct: two cells of one colour …")
    for border in nearest:
        paint(strokes, border, 3)
    film.take("3  Correct: … a stroke between them")


def striking() -> Any:
    """Return colours that can be told from those of objects."""
    from napari.utils.colormaps import DirectLabelColormap

    colours = {None: "transparent", 0: "transparent", 2: "cyan", 3: "red"}
    return DirectLabelColormap(color_dict=colours)


def paint(strokes: Any, pixels: tuple[Any, ...], label: int) -> None:
    """Paint pixels as a brush does, so that whoever listens is told."""
    strokes.selected_label = label
    strokes.data_setitem(pixels, label)
