"""Training of generators as docks and commands do it: reports, files, samples."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from napari_morphogen.cli import main
from napari_morphogen.cli_classes import class_images, image_classes
from napari_morphogen.generating import STOP, Settings, Wanted, learn, sample
from napari_morphogen.generating.pieces import pieces
from napari_morphogen.generating.samples import montage
from napari_morphogen.io import read, write
from napari_morphogen.learning import unfinished
from napari_morphogen.nn.generator import Generator
from napari_morphogen.params import InputError
from napari_morphogen.spatial import SpatialArray

QUICK = Settings("vae", patch=16, seconds=3.0, width=8, threads=1, seed=1)


def images(count=5, dtype=np.uint16):
    rng = np.random.default_rng(0)
    return [
        SpatialArray(
            rng.integers(100, 200, (40, 44)).astype(dtype),
            "yx",
            scale=(0.5, 0.25),
            units=("micrometer", "micrometer"),
            name=f"cells {number}",
        )
        for number in range(count)
    ]


def ticking():
    """Return a clock that goes on by a tenth of a second whenever it is read."""
    count = itertools.count()
    return lambda: next(count) / 10


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.morphogen"
    *_, last = learn(images(), QUICK, path, clock=ticking())
    assert last.done
    return path


def test_reports_tell_how_it_goes(tmp_path):
    path = tmp_path / "m.morphogen"
    reports = list(learn(images(), QUICK, path, clock=ticking()))
    assert [r.step for r in reports] == sorted(r.step for r in reports)
    assert {"loss", "error", "divergence"} <= set(reports[0].losses)
    assert reports[-1].left == 0
    shown = [r.samples for r in reports if r.samples is not None]
    assert shown[0].data.shape == (64, 64)
    assert len(shown) > 1
    card = reports[-1].card
    assert {"texture", "sharpness", "coverage", "copies", "noise"} == set(card)
    assert all(0 <= card[name] <= 1 for name in ("texture", "coverage", "copies"))
    assert not unfinished(path).exists()


def test_stop_keeps_what_was_learnt(tmp_path):
    path = tmp_path / "m.morphogen"
    course = learn(images(), QUICK, path, clock=ticking())
    first = next(course)
    rest = [course.send([STOP]), *course]
    assert rest[-1].done
    assert rest[-1].step == first.step
    assert sample(path, Wanted(2)).data.shape == (2, 16, 16)


def test_samples_lie_as_the_images_do(model):
    found = sample(model, Wanted(3, seed=4))
    assert found.axes == "nyx"
    assert found.spacing == (0.5, 0.25)
    assert found.units[1:] == ("micrometer", "micrometer")
    assert found.data.dtype == np.uint16
    assert 90 <= found.data.min()
    assert found.data.max() <= 210
    assert found.metadata["generator"]["seed"] == 4
    again = sample(model, Wanted(3, seed=4))
    np.testing.assert_array_equal(found.data, again.data)


def test_a_montage_holds_all_samples(model):
    stack = sample(model, Wanted(5, seed=2)).data
    side = sample(model, Wanted(5, seed=2, montage=True))
    assert side.axes == "yx"
    np.testing.assert_array_equal(side.data[:16, 16:32], stack[1])
    np.testing.assert_array_equal(side.data[16:, 16:32], stack[4])
    assert not montage(np.ones((5, 1, 8, 8)))[:, 8:, 16:].any()


def test_colours_become_colours(tmp_path):
    rng = np.random.default_rng(0)
    colours = [
        SpatialArray(rng.integers(0, 255, (24, 24, 3), np.uint8), "yxc", rgb=True)
        for _ in range(4)
    ]
    path = tmp_path / "m.morphogen"
    list(learn(colours, QUICK, path, clock=ticking()))
    found = sample(path, Wanted(2))
    assert found.rgb
    assert found.axes == "nyxc"
    assert found.data.dtype == np.uint8


def test_every_plane_of_a_movie_is_a_piece():
    movie = SpatialArray(np.arange(2 * 3 * 8 * 9).reshape(2, 3, 8, 9), "tcyx")
    found = list(pieces(movie))
    assert [one.shape for one in found] == [(3, 8, 9)] * 2
    np.testing.assert_array_equal(found[1], movie.data[1])
    volume = SpatialArray(np.zeros((4, 8, 9)), "zyx")
    assert [one.shape for one in pieces(volume)] == [(1, 4, 8, 9)]
    assert len(list(pieces(volume, planes=True))) == 4


def test_frames_of_a_movie_are_not_on_both_sides(tmp_path):
    rng = np.random.default_rng(0)
    movies = [
        SpatialArray(1000 * number + rng.random((6, 24, 24)), "tyx")
        for number in range(5)
    ]
    together = replace(QUICK, each=False, seconds=0.2)
    course = learn(movies, together, tmp_path / "m.morphogen", clock=ticking())
    next(course)
    training = course.gi_frame.f_locals["course"].training
    seen, unseen = (
        set(np.round(training.patches(200, unseen=side), -3).ravel().tolist())
        for side in (False, True)
    )
    course.close()
    assert len(seen) == 4
    assert len(unseen) == 1
    assert not seen & unseen


def test_every_image_needs_a_class(tmp_path):
    with pytest.raises(InputError, match="each of 5 images, but got 2"):
        next(learn(images(), QUICK, tmp_path / "m.morphogen", classes=["a", "b"]))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings("magic"), "no generator"),
        (Settings(seconds=0), "more than 0"),
        (Settings(held_out=1), "hold out"),
        (Settings(width=-1), "width"),
        (Settings(patch=64), "do not fit"),
        (Settings("cvae"), "give the class"),
    ],
)
def test_what_cannot_be_learnt_is_said(settings, says, tmp_path):
    with pytest.raises(InputError, match=says):
        next(learn(images(), settings, tmp_path / "m.morphogen"))


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(0), "1 to"),
        (Wanted(truncation=3), "truncation"),
        (Wanted(seed=-1), "seed"),
        (Wanted(condition="cat"), "no class"),
    ],
)
def test_samples_that_cannot_be_made_are_said(model, wanted, says):
    with pytest.raises(InputError, match=says):
        sample(model, wanted)


def test_an_interrupted_training_goes_on(tmp_path):
    path = tmp_path / "m.morphogen"
    long = Settings("vae", patch=16, seconds=60.0, width=8, threads=1)
    course = learn(images(), long, path, clock=ticking(), looks=False)
    report = next(report for report in course if unfinished(path).exists())
    course.close()
    resumed = learn(images(), long, path, clock=ticking(), resume=True)
    assert next(resumed).step > 1
    resumed.close()
    with pytest.raises(InputError, match="no interrupted training"):
        next(learn(images(), long, tmp_path / "other.morphogen", resume=True))
    assert report.step > 1


@pytest.mark.parametrize(
    "lie",
    [
        None,
        "text",
        [1],
        {},
        {"axes": "tx"},
        {"scale": [1.0, float("inf")]},
        {"scale": [0, 1.0]},
        {"scale": [1.0]},
        {"units": ["pixel", "nonsense"]},
        {"dtype": "object"},
        {"rgb": 1},
        {"names": 5},
    ],
)
def test_records_that_lie_are_refused(model, tmp_path, lie):
    generator = Generator.load(model)
    source = generator.record["source"]
    changed = source | lie if isinstance(lie, dict) and lie else lie
    path = tmp_path / "changed.morphogen"
    replace(generator, record={"source": changed}).save(path)
    with pytest.raises(InputError, match=r"changed\.morphogen does not say what"):
        sample(path)


def test_pixels_of_several_sizes_are_told(tmp_path):
    given = images()
    given[1] = given[1].like(given[1].data, scale=(1.0, 1.0))
    course = learn(given, QUICK, tmp_path / "m.morphogen", clock=ticking())
    assert "Pixels differ in size" in next(course).note
    assert "Pixels differ in size" not in next(course).note
    course.close()


# ---- the command


def test_the_command_trains_and_samples(tmp_path, capsys):
    for number, image in enumerate(images()):
        write(tmp_path / f"{number}.tif", image)
    path = str(tmp_path / "m.morphogen")
    table = tmp_path / "classes.csv"
    rows = [f"{number}.tif,{'ab'[number % 2]}" for number in range(5)]
    table.write_text("\n".join(["file,class", *rows]))
    given = [str(tmp_path / f"{number}.tif") for number in range(5)]
    words = ["--patch", "16", "--width", "8", "--budget", "1s", "--model", path]
    words += ["--classes", str(table), "--held-out", "0.4"]
    assert main(["train", "cvae", "--images", *given, *words]) == 0
    assert "coverage" in capsys.readouterr().out
    out = str(tmp_path / "s.tif")
    assert main(["sample", path, out, "--count", "4", "--montage"]) == 0
    assert read(out).spacing == (0.5, 0.25)
    folder = tmp_path / "many"
    asked = ["--count", "3", "--condition", "b", "--seed", "7"]
    assert main(["sample", path, str(folder), *asked]) == 0
    names = sorted(one.name for one in folder.iterdir())
    assert names == ["m_7_0000.tif", "m_7_0001.tif", "m_7_0002.tif"]
    (tmp_path / "plain").write_text("kept")
    assert main(["sample", path, str(tmp_path / "plain")]) == 2
    assert "is a file" in capsys.readouterr().err
    table.write_text("file,class\n0.tif,a\n")
    assert main(["train", "cvae", "--images", *given, *words]) == 2
    assert "no class for 1.tif" in capsys.readouterr().err


def test_a_table_that_is_none_is_said(tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("file,class\n" + "x" * 200_000)  # longer than a cell may be
    with pytest.raises(InputError, match="cannot be read as a table"):
        image_classes(table, [tmp_path / "0.tif"])


def test_classes_are_of_files_of_the_same_folder(tmp_path):
    paths = [tmp_path / folder / "0.tif" for folder in ("a", "b")]
    table = tmp_path / "classes.csv"
    table.write_text("file,class\na/0.tif,cat\nb/0.tif,dog\n")
    assert image_classes(table, paths) == ["cat", "dog"]
    table.write_text("file,class\n0.tif,cat\n0.tif,dog\n")
    with pytest.raises(InputError, match=r"several classes .* cat, dog"):
        image_classes(table, paths)


def objects_of(tmp_path):
    """Write two images of dim and bright squares, their labels, and a table."""
    rng, rows = np.random.default_rng(0), ["file,object,class"]
    for name in "ab":
        image, labels = rng.normal(20, 2, (64, 64)), np.zeros((64, 64), np.int32)
        for number in range(9):
            at = (slice(8 + number // 3 * 20, 14 + number // 3 * 20),)
            at += (slice(8 + number % 3 * 20, 14 + number % 3 * 20),)
            image[at] += (50, 150)[number % 2]
            labels[at] = 10 + number
            rows.append(f"{name}.tif,{10 + number},{('dim', 'bright')[number % 2]}")
        for folder, data in (("images", image), ("labels", labels)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write(tmp_path / folder / f"{name}.tif", SpatialArray(data, "yx"))
    (tmp_path / "table.csv").write_text("\n".join(rows))
    return tmp_path / "images", tmp_path / "labels", tmp_path / "table.csv"


def test_classes_are_of_objects_in_a_table(tmp_path):
    images, labels, table = objects_of(tmp_path)
    files = [sorted(folder.iterdir()) for folder in (images, labels)]
    found, names = class_images(table, *files)
    assert names == {1: "bright", 2: "dim"}
    for one, path in zip(found, files[1], strict=True):
        objects = read(path).data
        np.testing.assert_array_equal(one.data == 2, (objects % 2 == 0) & (objects > 0))
        np.testing.assert_array_equal(one.data == 1, objects % 2 == 1)
    table.write_text("object,class\n3,dim\n10,bright\n")
    assert [np.unique(one.data).tolist() for one in class_images(table, *files)[0]] == [
        [0, 1]
    ] * 2
    table.write_text("object,class\n3,dim\n")
    with pytest.raises(InputError, match=r"no class of an object in a\.tif"):
        class_images(table, *files)


def test_the_command_learns_classes_of_objects(tmp_path, capsys):
    images, labels, table = objects_of(tmp_path)
    path = str(tmp_path / "m.morphogen")
    words = ["--patch", "16", "--width", "8", "--budget", "0.2s", "--model", path]
    words += ["--held-out", "0", "--images", str(images)]
    told = ["--classes", str(table), "--labels", str(labels)]
    assert main(["train", "cvae", *words, *told]) == 0
    assert Generator.load(path).config.classes == ("bright", "dim")
    assert main(["train", "cvae", *words, "--classes", str(labels)]) == 0
    assert Generator.load(path).config.classes == tuple(map(str, range(10, 19)))
    capsys.readouterr()
    assert main(["train", "cvae", *words, "--classes", str(table)]) == 2
    assert "give the labels of the images as well" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (np.zeros((40, 50), int), "are 0 everywhere"),
        (-np.ones((40, 50), int), "hold -1"),
        (np.ones((40, 50)), "hold float64"),
        (np.ones((40, 49), int), "have the shape"),
        (np.ones((40, 50), int), "at least two classes, but got"),
    ],
)
def test_labels_that_are_no_classes_are_said(classes, says, tmp_path):
    image = SpatialArray(np.random.default_rng(0).random((40, 50)), "yx")
    given = {"classes": [SpatialArray(classes, "yx")]}
    with pytest.raises(InputError, match=says):
        next(learn([image], Settings("cvae", patch=16), tmp_path / "m", **given))


def test_models_of_another_kind_are_refused(tmp_path, capsys):
    from napari_morphogen.samples import trained_model

    status = main(["sample", trained_model("semantic"), str(tmp_path / "s.tif")])
    assert status == 2
    assert "another kind" in capsys.readouterr().err
