"""Comparisons with a reference: frames, tables, files."""

import csv
import io
import json
import math

import numpy as np
import pytest

from napari_morphogen.evaluate import (
    STATES,
    boundary_scores,
    class_scores,
    meaning,
    object_scores,
)
from napari_morphogen.evaluation_tables import (
    as_csv,
    as_json,
    as_text,
    figure_rows,
    figures_csv,
    image_rows,
    shown,
    summary_rows,
    written,
)
from napari_morphogen.evaluations import Options, Progress, compare, state_maps, summary
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray


@pytest.fixture
def truth():
    data = np.zeros((3, 30, 40), np.int32)
    data[0, 2:12, 2:12], data[0, 15:25, 20:35] = 4, 70_000
    data[2, 5:15, 5:15] = 1
    return SpatialArray(data, "tyx", scale=(1, 0.5, 0.25), name="truth")


@pytest.fixture
def result(truth):
    data = np.roll(truth.data, 1, axis=2)
    data[2, 20:25, 20:30] = 9
    return truth.like(data, name="result")


def one(truth, result, **options):
    *_, found = compare(truth, [result], Options(**options))
    return found


def test_one_frame_gives_what_the_scores_give(truth, result):
    theirs, ours = (
        SpatialArray(image.data[0], "yx", scale=(0.5, 0.25), units=("micrometer",) * 2)
        for image in (truth, result)
    )
    found = one(theirs, ours)
    expected = object_scores(ours.data, theirs.data).as_dict()
    expected |= boundary_scores(
        ours.data, theirs.data, tolerance=0.5, spacing=(0.5, 0.25)
    ).as_dict()
    assert found.figures == expected and found.unit == "micrometer"
    assert found.figures["hausdorff"] == 0.25  # one column of a quarter micrometer
    assert [y for _, y in found.curve] == [
        expected[f"f1@{x:.2f}"] for x, _ in found.curve
    ]
    by_class = one(theirs, ours, classes=True, tolerance=1)
    assert by_class.figures["accuracy"] == class_scores(ours.data, theirs.data).accuracy
    assert by_class.curve == () and by_class.objects == {}


def test_frames_are_pooled_as_if_they_lay_side_by_side(truth, result):
    found = one(truth, result).figures
    far = [np.concatenate(list(image.data), axis=1) for image in (result, truth)]
    # the same number in two frames is two objects
    far[0][:, 80:][far[0][:, 80:] == 1] = far[1][:, 80:][far[1][:, 80:] == 1] = 2
    together = object_scores(*far).as_dict()
    counts = "truth_objects label_objects missed extra split merged f1@0.50 ap@0.75 seg"
    for name in [*counts.split(), "mean_ap", "pq@0.60"]:
        assert found[name] == pytest.approx(together[name]), name
    parts = [
        object_scores(ours, theirs).rand
        for ours, theirs in zip(result.data, truth.data, strict=True)
    ]
    assert found["rand"] == pytest.approx(np.mean(parts))


def test_progress_counts_the_frames_of_all_results(truth, result):
    steps = list(compare(truth, [result, truth], Options()))
    assert [s for s in steps if isinstance(s, Progress)] == [
        Progress(number, 6) for number in range(1, 7)
    ]
    assert steps[-1].figures["f1@0.95"] == 1 and steps[-1].name == "truth"


def test_objects_are_listed_with_their_places_the_worst_first(truth, result):
    table = one(truth, result).objects
    assert table["object"].tolist() == [9, 4, 1, 70_000]
    assert table["of"].tolist() == ["result"] + ["reference"] * 3
    assert table["state"].tolist() == ["extra"] + ["true positive"] * 3
    np.testing.assert_allclose(table["iou"], [0, 90 / 110, 90 / 110, 140 / 160])
    assert table["t"].tolist() == [2, 0, 2, 0]
    assert (table["y"][0], table["x"][0]) == (22, 24.5)


def test_sparse_frames_without_paint_say_nothing(truth, result):
    found = one(truth, result, sparse=True)
    assert len(found.scores) == 2 and math.isnan(found.figures["f1@0.50"])
    assert found.figures["recall@0.50"] == 1 == found.curve[0][1]
    assert "extra" not in found.objects["state"]
    empty = truth.like(np.zeros_like(truth.data))
    with pytest.raises(InputError, match="Nothing is painted"):
        one(empty, result, sparse=True)
    assert one(empty, empty).figures["f1@0.50"] == 1


def test_spacing_of_the_result_serves_a_plain_reference(truth, result):
    plain = SpatialArray(truth.data, "tyx")
    placed = one(truth, result).figures["hausdorff"]
    assert one(plain, result).figures["hausdorff"] == placed


def test_wrong_images_are_one_sentence(truth, result):
    with pytest.raises(InputError, match=r"result has \(2, 30, 40\)"):
        one(truth, result.like(result.data[:2]))
    colours = SpatialArray(np.zeros((9, 9, 3), np.uint8), "yxc", rgb=True, name="rgb")
    with pytest.raises(InputError, match="rgb holds colours"):
        one(colours, colours)
    with pytest.raises(InputError, match="whole numbers"):
        one(truth, result.like(result.data / 2))


def test_maps_hold_the_state_of_every_pixel(truth, result):
    changed = truth.data.copy()
    changed[1, 20:25, 1:5] = 3  # missed
    truth = truth.like(changed)
    code = {name: STATES.index(name) + 1 for name in STATES}
    for sparse in (False, True):
        found = np.zeros(truth.data.shape, int)
        for number, place, codes in state_maps(truth, [result], sparse):
            assert number == 0
            found[place] = codes
        expected = np.where(result.data > 0, code["true positive"], 0)
        expected[result.data == 9] = code["not judged" if sparse else "extra"]
        expected[truth.data == 3] = code["missed"]
        np.testing.assert_array_equal(found, expected)
    same = [codes for *_, codes in state_maps(truth, [truth], False)]
    assert set(np.unique(same)) == {0, code["true positive"]}


def test_summary_means_images_and_pools_objects(truth, result):
    images = [one(truth, result), one(truth, truth)]
    found = summary(images)
    figures = [image.figures for image in images]
    assert found["f1@0.50"].mean == np.mean([f["f1@0.50"] for f in figures])
    assert found["f1@0.50"].low <= found["f1@0.50"].mean <= found["f1@0.50"].high
    assert found["f1@0.50"].pooled == pytest.approx(2 * 6 / (6 + 7))
    assert found["assd"].mean == np.mean([f["assd"] for f in figures])
    assert math.isnan(found["assd"].pooled)


def test_tables_have_every_figure_with_its_meaning(truth, result):
    images = [one(truth, result), one(truth, truth)]
    head, *rows = figure_rows(images)
    assert head == ["figure", "result", "truth", "meaning", "source"]
    assert rows[0][:3] == ["f1@0.50", written(images[0].figures["f1@0.50"]), "1"]
    for name, *_, text, source in rows:
        assert text.startswith(meaning(name).text) and meaning(name).doi in source
    assert {len(row) for row in summary_rows(summary(images), "pixel")} == {6}
    assert image_rows(images)[2][:2] == ["truth", "1"]
    plain = as_text(image_rows(images)).splitlines()
    assert plain[0].split()[:2] == ["image", "f1@0.50"] and len(plain) == 3
    assert as_text([["a|b"], ["c"]], markdown=True) == "| a\\|b |\n| --- |\n| c |"
    by_class = one(truth, result, classes=True)
    assert shown(by_class.figures)[:2] == ["accuracy", "mean_dice"]
    assert "iou@70000" in shown(by_class.figures)
    assert (written(math.nan), written(3.0), written(math.inf)) == ("-", "3", "inf")


def test_files_hold_all_figures(truth, result):
    empty = truth.like(np.zeros_like(truth.data), name="ümpty, none")
    images = [one(truth, result), one(truth, empty)]
    found = json.loads(as_json(images, unpaired=["a.tif"]), parse_constant=pytest.fail)
    assert found["images"][1]["name"] == "ümpty, none" and found["unpaired"] == [
        "a.tif"
    ]
    assert found["images"][1]["figures"]["hausdorff"] is None  # infinite
    assert found["images"][0]["figures"] == images[0].figures
    assert found["meanings"]["f1"]["doi"] == meaning("f1").doi
    low = found["summary"]["figures"]["mean_ap"]["low"]
    assert low == summary(images)["mean_ap"].low
    rows = list(csv.DictReader(io.StringIO(figures_csv(images))))
    assert [row["name"] for row in rows] == ["result", "ümpty, none"]
    assert float(rows[0]["f1@0.95"]) == images[0].figures["f1@0.95"]
    assert as_csv({"a": [1, 2], "b": ["x", "y"]}) == "a,b\n1,x\n2,y\n"
