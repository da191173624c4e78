"""Take the pictures of the docks from the real viewer: python docs/screenshots.py.

Every picture is made as a person makes it: open a sample, open a dock, set
parameters, click. Nothing that a user has set is read or changed. Names choose
pictures: python docs/screenshots.py train tune. Linux without a screen:
sh tests/screen.sh python docs/screenshots.py
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _animation import animate
from _viewer import (
    click,
    click_at,
    layer,
    linger,
    look,
    open_,
    run,
    save,
    tick,
    wait,
    window,
)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["NAPARI_CONFIG"] = str(Path(home, "napari.yaml"))
        from qtpy.QtCore import QSettings

        ini, user = QSettings.Format.IniFormat, QSettings.Scope.UserScope
        QSettings.setPath(ini, user, home)
        wanted = sys.argv[1:] or ["animation", *(take.__name__ for take in PICTURES)]
        if "animation" in wanted:
            with window() as viewer:
                animate(viewer)
        for take in PICTURES:
            if take.__name__ in wanted:
                with window() as viewer:
                    take(viewer)
                    save(viewer, take.__name__)


def threshold(viewer: Any) -> None:
    dock = open_(viewer, "coins", "Threshold")
    dock.form.rule.value = "local"
    dock.form.block_size.value = 101
    dock.form.sigma.value = 2
    dock.form.level.value = 15
    dock.form.min_size.value = 150
    run(viewer, dock)


def edges(viewer: Any) -> None:
    dock = open_(viewer, "coins", "Edges")
    dock.method.value = "canny"
    dock.form.low_threshold.value, dock.form.high_threshold.value = 0.8, 0.9
    dock.form.sigma.value = 2
    run(viewer, dock)
    look(viewer, (0, 100, 210), 2.2)


def clustering(viewer: Any) -> None:
    dock = open_(viewer, "tissue", "Clustering")
    dock.form.sigma.value = 1
    run(viewer, dock)


def watershed(viewer: Any) -> None:
    dock = open_(viewer, "spheres", "Watershed")
    dock.form.h.value = 0.5
    run(viewer, dock)
    viewer.dims.set_point(0, 22)  # micrometres


def contours(viewer: Any) -> None:
    dock = open_(viewer, "coins", "Contours")
    dock.method.value = "ambrosio_tortorelli"
    run(viewer, dock)
    viewer.layers[-1].visible = False  # the edges lie below


def examples(viewer: Any) -> None:
    from napari_morphogen.samples import coin_strokes

    dock = open_(viewer, "coins", "Examples")
    click(dock.new)
    strokes = viewer.layers["strokes"]
    strokes.data = coin_strokes().data.astype(strokes.data.dtype)
    dock.form.sigma.value = 2
    run(viewer, dock)
    viewer.layers[-1].opacity = 0.4
    click(dock.seek)
    wait(lambda: "Uncertainty" in dock.status.value, "the search")


def train(viewer: Any) -> None:
    from napari_morphogen.samples import coin_strokes

    dock = open_(viewer, "coins", "Train")
    click(dock.new)
    strokes = viewer.layers["strokes"]
    strokes.data = coin_strokes().data.astype(strokes.data.dtype)
    click(dock.run)
    wait(lambda: "Step" in dock.status.value, "the training")
    linger(30)
    viewer.layers["coins network_classes"].opacity = 0.4
    linger(1)


def cleanup(viewer: Any) -> None:
    from napari_morphogen.samples import coin_labels

    dock = open_(viewer, "coins", "Cleanup")
    viewer.add_labels(coin_labels().data, name="untidy")
    dock.method.value = "filter_objects"
    dock.form.min_size.value = 200
    run(viewer, dock)
    viewer.layers["untidy"].visible = False


def enhance(viewer: Any) -> None:
    dock = open_(viewer, "coins", "Enhance")
    dock.method.value = "subtract_background"
    run(viewer, dock)


def generate(viewer: Any) -> None:
    dock = open_(viewer, "", "Generate")
    dock.method.value = "synthetic_cells"
    dock.form["count"].value, dock.form["touching"].value = 60, 0.5
    dock.form["pixel_size"].value = 0.3
    run(viewer, dock)
    viewer.layers[-1].opacity = 0.4


def evaluate(viewer: Any) -> None:
    from napari_morphogen import run as segment
    from napari_morphogen.samples import coins

    dock = open_(viewer, "coins", "Evaluate")
    local: dict[str, Any] = {"rule": "local", "block_size": 101, "level": 15}
    labels = {
        "reference": segment("threshold", coins(), sigma=2, min_size=150, **local),
        "threshold": segment("threshold", coins(), sigma=1, min_size=20),
        "watershed": segment("watershed", coins(), sigma=2, h=3, min_size=200),
    }
    for name, result in labels.items():
        viewer.add_labels(result.data, name=name, visible=False)
    dock.results.item(1).setCheckState(dock.results.item(0).checkState())
    click(dock.run)
    wait(lambda: dock.run.enabled and dock.comparisons, "the comparison")
    dock.tabs.setCurrentWidget(dock.plot)
    click(dock.show_states)
    wait(lambda: "watershed states" in viewer.layers, "the colours")
    viewer.layers["watershed states"].visible = False


def tune(viewer: Any) -> None:
    from napari_morphogen.samples import coin_labels

    dock = open_(viewer, "coins", "Tune")
    click(dock.new)
    known, painted = coin_labels().data, viewer.layers["reference"]
    for number in (3, 7, 9, 12, 15, 18):
        painted.data_setitem(np.nonzero(known == number), number)
    for box in dock.families:
        box.value = box.name in ("threshold", "watershed", "contours")
    dock.budget.value = "10 s"
    click(dock.run)
    wait(lambda: dock.run.enabled and dock.ranking, "the search")
    dock.table.selectRow(0)
    dock.apply_row(0)
    wait(lambda: "coins tuned" in viewer.layers, "the labels")
    viewer.layers["coins tuned"].opacity = 0.5


def object_classes(viewer: Any) -> None:
    from napari_morphogen import measure
    from napari_morphogen import run as segment
    from napari_morphogen.samples import coins

    dock = open_(viewer, "coins", "Object classes")
    local: dict[str, Any] = {"rule": "local", "block_size": 101, "level": 15}
    found = segment("threshold", coins(), sigma=2, min_size=150, **local)
    objects = viewer.add_labels(found.data, name="objects", visible=False)
    for row, name in enumerate(("large coin", "small coin")):
        dock.classes.item(row, 0).setText(name)
    table = measure(found)
    places = np.stack([table["y"], table["x"]], axis=1).round().astype(int)
    order = np.argsort(table["area"])
    click(dock.pick)
    for row, rows in enumerate((order[-8:], order[:8])):
        dock.classes.choose(row)
        for place in places[rows]:
            click_at(viewer, objects, place)
    click(dock.run)
    wait(lambda: "Cross-validated" in dock.accuracy.value, "the check", 120)
    viewer.layers["objects - examples"].visible = False
    viewer.layers["objects - classes"].opacity = 0.6
    click(dock.seek)
    viewer.reset_view()


def export(viewer: Any) -> None:
    from napari_morphogen.samples import trained_model

    model = trained_model("instances", 100)
    dock = open_(viewer, "coins", "Export")
    dock.model.value = model
    dock.export_to(Path(model).with_suffix(".onnx"))
    wait(lambda: dock.run.enabled, "the export", 120)
    _, network = viewer.window.add_plugin_dock_widget("napari-morphogen", "Network")
    network.form.model.value = Path(model).with_suffix(".onnx")
    run(viewer, network)


def generator(viewer: Any) -> None:
    dock = open_(viewer, "coins", "Train a generator")
    dock.kind.value, dock.budget.value = "vae", "60 s"
    dock.run.native.click()
    wait(lambda: dock.run.text == "Train", "the generator", 180)


def latent(viewer: Any) -> None:
    from napari_morphogen.generating import Settings, learn
    from napari_morphogen.samples import coins

    path = Path(tempfile.mkdtemp(), "coins.morphogen")
    for _ in learn([coins()], Settings("vae", seconds=40), path, looks=False):
        pass
    dock = open_(viewer, "", "Inside a VAE")
    dock.model.value = path
    wait(lambda: len(viewer.layers) == 1, "the mean")
    dock.sliders[0].value = -2
    wait(lambda: dock._work.job is None, "the image")


def start(viewer: Any) -> None:
    dock = open_(viewer, "", "Start here")
    dock.job.value = "Train a network on strokes or objects"


def large(viewer: Any) -> None:
    import dask.array as da

    from napari_morphogen import SpatialArray, read, write
    from napari_morphogen.pipeline import run_all

    cells = run_all("synthetic_cells", width=1400, height=1400, count=1100, seed=2)
    tile = np.clip(cells["image"].data, 0, 65535).astype(np.uint16)
    parts = [da.from_array(np.rot90(tile, k).copy()) for k in range(4)]
    pixels = da.block([[parts[(i + j) % 4] for j in range(6)] for i in range(6)])
    path = Path(tempfile.mkdtemp(), "cells.ome.zarr")
    lazy = read(write(path, SpatialArray(pixels, "yx")))
    add = {"multiscale": True, "contrast_limits": (0, 300), "name": "cells"}
    viewer.add_image(lazy.metadata["levels"], metadata={"path": str(path)}, **add)
    dock = open_(viewer, "", "Watershed")
    dock.form.sigma.value = 2
    click(dock.run)
    some = re.compile(r"finding objects: block \d\d")
    wait(lambda: bool(some.search(dock.status.value)), "the blocks", 300)
    linger(1)


def preview(viewer: Any) -> None:
    dock = open_(viewer, "retina", "Threshold")
    dock.form.rule.value = "local"
    dock.form.objects.value = "dark"
    dock.form.sigma.value = 2
    dock.form.level.value = 4
    dock.form.min_size.value = 300
    look(viewer, (0, 560, 480), 3)
    click(dock.live)
    wait(lambda: "preview" in viewer.layers, "the preview")
    linger(1)


def tutorial_nuclei(viewer: Any) -> None:
    dock = open_(viewer, "", "Generate")
    dock.method.value = "synthetic_cells"
    dock.form["count"].value, dock.form["touching"].value = 80, 0.4
    dock.form["pixel_size"].value, dock.form["seed"].value = 0.3, 1
    run(viewer, dock)
    image, truth = (layer(viewer, kind) for kind in ("Image", "Labels"))
    truth.visible = False
    dock = open_(viewer, "", "Watershed")
    dock.image.value = image
    run(viewer, dock)
    found = viewer.layers[-1]
    dock = open_(viewer, "", "Evaluate")
    dock.reference.value = truth
    tick(dock.results, found.name)
    click(dock.run)
    wait(lambda: dock.run.enabled and dock.comparisons, "the comparison")
    click(dock.show_states)
    wait(lambda: any("states" in one.name for one in viewer.layers), "the colours")
    found.visible = False


def tutorial_stained(viewer: Any) -> None:
    dock = open_(viewer, "tissue", "Threshold")
    dock.channel.value = "0"
    dock.form.rule.value, dock.form.objects.value = "local", "dark"
    dock.form.level.value, dock.form.min_size.value = 12, 30
    run(viewer, dock)
    pieces = viewer.layers[-1]
    dock = open_(viewer, "", "Watershed")
    dock.channel.value, dock.form.mask.value = "0", pieces.name
    dock.form.min_size.value = 30
    run(viewer, dock)
    pieces.visible = False
    viewer.layers[-1].contour = 1
    dock = open_(viewer, "", "Measure")
    click(dock.run)
    wait(lambda: dock.run.enabled and dock.result, "the table")
    column = list(dock.result).index("intensity_mean_c2")
    dock.sort(column)
    dock.sort(column)
    table = dock.table.native
    table.setColumnWidth(column, 150)
    table.scrollToItem(table.item(145, column))
    look(viewer, (0, 370, 200), 3)


def tutorial_membranes(viewer: Any) -> None:
    from napari_morphogen.samples import membrane_strokes

    dock = open_(viewer, "membranes", "Train")
    click(dock.new)
    strokes = viewer.layers["strokes"]
    strokes.data = membrane_strokes().data.astype(strokes.data.dtype)
    dock.meaning.value = "inside, border, background"
    dock.budget.value = "20 s"
    click(dock.run)
    wait(lambda: dock.run.text == "Train" and "Trained" in dock.status.value, "it", 120)
    viewer.layers["membranes network_objects"].opacity = 0.4


def tutorial_vessels(viewer: Any) -> None:
    dock = open_(viewer, "retina", "Threshold")
    dock.channel.value = "1"
    dock.form.rule.value, dock.form.objects.value = "local", "dark"
    dock.form.sigma.value, dock.form.block_size.value = 2, 51
    dock.form.level.value, dock.form.min_size.value = 3, 500
    run(viewer, dock)
    found = viewer.layers[-1]
    dock = open_(viewer, "", "Cleanup")
    dock.image.value, dock.method.value = found, "filter_objects"
    dock.form.border.value = False
    run(viewer, dock)
    found.visible = False


def time_lapse(viewer: Any) -> None:
    dock = open_(viewer, "drifting", "Watershed")
    dock.form.h.value = 1
    run(viewer, dock)
    viewer.dims.set_point(0, 25)  # seconds


PICTURES = (
    threshold,
    edges,
    contours,
    train,
    clustering,
    examples,
    watershed,
    cleanup,
    enhance,
    generate,
    generator,
    latent,
    start,
    large,
    evaluate,
    tune,
    object_classes,
    export,
    preview,
    time_lapse,
    tutorial_nuclei,
    tutorial_stained,
    tutorial_membranes,
    tutorial_vessels,
)


if __name__ == "__main__":  # worker processes import this file too
    main()
