"""Networks of others: the arithmetic of their files, in tiles, on any image."""

import hashlib
import json
import warnings
import zipfile

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy import ndimage

from napari_morphogen import run
from napari_morphogen.export import foreign
from napari_morphogen.export.foreign_files import Told, opened
from napari_morphogen.params import InputError, Remark

KERNEL = np.random.default_rng(0).normal(size=(2, 1, 5, 5)).astype(np.float32)


def written(path, nodes, ends, shapes, constants=(), kinds=(TensorProto.FLOAT,) * 9):
    values = [
        helper.make_tensor_value_info(name, kind, shape)
        for (name, shape), kind in zip(shapes.items(), kinds, strict=False)
    ]
    inputs = [v for v in values if v.name not in ends]
    outputs = [v for v in values if v.name in ends]
    proto = helper.make_graph(nodes, "somebody's", inputs, outputs, list(constants))
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(proto, opset_imports=opset, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def convolving(path, size=("h", "w"), pads=(2, 2, 2, 2), kernel=KERNEL):
    lost = [n if isinstance(n, str) else n - 4 + 2 * pads[0] for n in size]
    node = helper.make_node("Conv", ["x", "kernel"], ["y"], pads=pads)
    shapes = {"x": [1, kernel.shape[1], *size], "y": [1, len(kernel), *lost]}
    weights = numpy_helper.from_array(kernel, "kernel")
    return written(path, [node], {"y"}, shapes, [weights])


def convolved(image, kernel=KERNEL, mode="constant"):
    return np.stack([ndimage.correlate(image, k[0], mode=mode) for k in kernel])


@pytest.fixture
def image():
    return np.random.default_rng(1).random((150, 201), np.float32)


RAW = {"intensities": "raw"}
KERAS = {"keras_hdf5": {"source": "weights.h5"}}
PLANE = [1, 1, "h", "w"]


@pytest.mark.parametrize("tile", [0, 64, 96])
def test_tiles_are_the_whole(tmp_path, image, tile):
    path = convolving(tmp_path / "net.onnx")
    found = run("network_maps", image, model=str(path), tile=tile, **RAW)
    assert found.shape == (2, 150, 201)
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], convolved(image)[:, 2:-2, 2:-2],
                               atol=1e-5)  # fmt: skip


def test_network_of_one_size(tmp_path, image):
    path = convolving(tmp_path / "net.onnx", size=(64, 48))
    found = run("network_maps", image, model=str(path), **RAW)
    np.testing.assert_allclose(found, convolved(image), atol=1e-5)
    small = run("network_maps", image[:9, :1], model=str(path), **RAW)
    assert small.shape == (2, 9, 1)


@pytest.mark.parametrize("size", [("h", "w"), (64, 64)])
@pytest.mark.parametrize("shape", [(150, 201), (40, 33), (64, 64)])
def test_network_that_loses_the_borders(tmp_path, image, size, shape):
    path = convolving(tmp_path / "net.onnx", size=size, pads=(0, 0, 0, 0))
    part = image[: shape[0], : shape[1]]
    found = run("network_maps", part, model=str(path), tile=64, **RAW)
    expected = convolved(part, mode="reflect")  # scipy's word for a mirror
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_channels_last_and_bytes(tmp_path):
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f", "axes"], ["y"], keepdims=1),
    ]
    shapes = {"x": [1, "h", "w", 3], "y": [1, "h", "w", 1]}
    kinds = (TensorProto.UINT8, TensorProto.FLOAT)
    axes = numpy_helper.from_array(np.array([3]), "axes")
    path = written(tmp_path / "net.onnx", nodes, {"y"}, shapes, [axes], kinds)
    colours = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    found = opened(path).predict(colours, channel_axis=2)
    np.testing.assert_allclose(found[0], colours.mean(2), rtol=1e-6)
    with pytest.raises(InputError, match=r"3 channel\(s\), but the image has 1"):
        opened(path).predict(colours[..., 0])


def test_volumes_and_other_outputs(tmp_path):
    nodes = [
        helper.make_node("Neg", ["x"], ["negative"]),
        helper.make_node("GlobalMaxPool", ["x"], ["score"]),
        helper.make_node("Identity", ["x"], ["same"]),
    ]
    free = [1, 1, "d", "h", "w"]
    shapes = {"x": free, "negative": free, "score": [1, 1, 1, 1, 1], "same": free}
    ends = {"negative", "score", "same"}
    path = written(tmp_path / "net.onnx", nodes, ends, shapes)
    volume = np.random.default_rng(0).random((7, 20, 31), np.float32)
    found = run("network_maps", volume, model=str(path), tile=16, **RAW)
    np.testing.assert_array_equal(found, [-volume, volume])


def test_intensities_and_activation(tmp_path, image):
    node = helper.make_node("Identity", ["x"], ["y"])
    path = written(tmp_path / "net.onnx", [node], {"y"}, {"x": PLANE, "y": PLANE})
    image = (image * 200).astype(np.uint8)
    low, high = np.percentile(image, (1, 99.8))
    expected = {
        "raw": image,
        "auto": (image - low) / (high - low),
        "full_range": image / 255,
        "standardised": (image - image.mean()) / image.std(),
    }
    for name, values in expected.items():
        found = run("network_maps", image, model=str(path), intensities=name)[0]
        np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-5)
    found = run("network_maps", image, model=str(path), activation="sigmoid")[0]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-expected["auto"])), rtol=1e-5)
    with pytest.raises(InputError, match=r"\(0\.485.* does not fit"):
        run("network_maps", image, model=str(path), intensities="imagenet")


def test_activation_is_for_every_output(tmp_path, image):
    nodes = [
        helper.make_node("Neg", ["x"], ["negative"]),
        helper.make_node("Identity", ["x"], ["same"]),
    ]
    shapes = {"x": PLANE, "negative": PLANE, "same": PLANE}
    path = written(tmp_path / "net.onnx", nodes, {"negative", "same"}, shapes)
    found = run("network_maps", image, model=str(path), activation="sigmoid", **RAW)
    expected = 1 / (1 + np.exp(np.stack([image, -image])))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_channels_that_the_file_does_not_count(tmp_path):
    kernel = np.random.default_rng(0).normal(size=(1, 3, 3, 3)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "kernel"], ["y"], pads=(1, 1, 1, 1))
    shapes = {"x": [1, "c", "h", "w"], "y": [1, 1, "h", "w"]}
    weights = numpy_helper.from_array(kernel, "kernel")
    path = written(tmp_path / "net.onnx", [node], {"y"}, shapes, [weights])
    image = np.random.default_rng(1).random((3, 96, 128), np.float32)
    network = opened(path, Told(intensities="raw"))
    whole, tiled = (network.predict(image, channel_axis=0, tile=t) for t in (0, 64))
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    with pytest.raises(InputError, match="it does not fit the network, or memory"):
        network.predict(image[:2], channel_axis=0)


def test_broken_pixels_and_odd_images(tmp_path, image):
    path = str(convolving(tmp_path / "net.onnx"))
    image[50, 60] = np.nan
    found = run("network_maps", image, model=path)
    assert np.isfinite(found).all()
    assert not found[:, 50, 60].any()
    assert found[:, 50, 61].all()
    for odd in (np.full((20, 20), 3), np.ones((1, 1)), np.ones((9, 9), bool)):
        assert np.isfinite(run("network_maps", odd, model=path)).all()
    assert run("network_maps", np.ones((0, 5)), model=path).shape[1:] == (0, 5)
    planes = np.stack([image, image[::-1]])
    found = run("network_maps", planes, model=path, intensities="raw")
    np.testing.assert_array_equal(
        found[:, 1], run("network_maps", image[::-1], model=path, intensities="raw")
    )


def test_far_sight_is_said(tmp_path, image):
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Sub", ["x", "mean"], ["y"]),
    ]
    path = written(tmp_path / "net.onnx", nodes, {"y"}, {"x": PLANE, "y": PLANE})
    with pytest.warns(Remark, match="their borders may show"):
        run("network_maps", image, model=str(path), tile=64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run("network_maps", image, model=str(path))


@pytest.mark.parametrize(
    ("shapes", "told", "words"),
    [
        ({"x": [1, 10], "y": [1, 10]}, "bcyx", r'1 x 10, which .* axes "bcyx"'),
        ({"x": [8], "y": [8]}, "auto", "arrays of 8, which are no images"),
    ],
)
def test_what_takes_no_image(tmp_path, shapes, told, words):
    node = helper.make_node("Neg", ["x"], ["y"])
    path = written(tmp_path / "net.onnx", [node], {"y"}, shapes)
    with pytest.raises(InputError, match=words):
        opened(path, Told(axes=told))


def test_what_makes_no_map_or_takes_two(tmp_path, image):
    node = helper.make_node("GlobalMaxPool", ["x"], ["y"])
    shapes = {"x": [1, 1, "h", "w"], "y": [1, 1, 1, 1]}
    path = written(tmp_path / "net.onnx", [node], {"y"}, shapes)
    with pytest.raises(InputError, match=r"makes arrays of shape \(1, 1, 1, 1\)"):
        run("network_maps", image, model=str(path))
    shapes = {"x": PLANE, "z": PLANE, "y": PLANE}
    two = written(
        tmp_path / "two.onnx",
        [helper.make_node("Add", ["x", "z"], ["y"])],
        {"y"},
        shapes,
    )
    with pytest.raises(InputError, match=r"takes 2 arrays \(x, z\)"):
        opened(two)


# ---- packages


def packed(path, network, description, changed=b""):
    content = network.read_bytes()
    source = {"source": "weights.onnx", "sha256": hashlib.sha256(content).hexdigest()}
    description["weights"] = {"onnx": source | {"opset_version": 18}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", json.dumps(description))
        archive.writestr("weights.onnx", content + changed)
    return path


def new(before, after, halo=2, space=({"min": 16, "step": 16},) * 2):
    def axes(**more):
        sides = [
            {"type": "space", "id": a, "size": n} | more
            for a, n in zip("yx", space, strict=True)
        ]
        return [{"type": "batch"}, {"type": "channel", "channel_names": ["a"]}, *sides]

    out = axes(halo=halo)
    out[1] = {"type": "channel", "channel_names": ["one", "two"]}
    return {
        "type": "model",
        "format_version": "0.5.4",
        "inputs": [{"id": "raw", "axes": axes(), "preprocessing": before}],
        "outputs": [{"id": "out", "axes": out, "postprocessing": after}],
    }


def old(before, after, shape):
    plane = {"name": "plane", "axes": "bcyx"}
    return {
        "type": "model",
        "format_version": "0.4.10",
        "inputs": [plane | {"shape": shape, "preprocessing": before}],
        "outputs": [plane | {"halo": [0, 0, 2, 2], "postprocessing": after}],
    }


def test_package_says_what_is_done(tmp_path, image):
    network = convolving(tmp_path / "net.onnx")
    ready = (image - image.mean()) / image.std()
    logits = convolved(ready)
    expected = np.exp(logits) / np.exp(logits).sum(0)
    axes = {"axes": ["y", "x"]}
    given = new(
        [{"id": "zero_mean_unit_variance", "kwargs": axes}],
        [{"id": "softmax", "kwargs": {"axis": "channel"}}, {"id": "ensure_dtype"}],
    )
    path = packed(tmp_path / "new.zip", network, given)
    inside = np.s_[:, 2:-2, 2:-2]
    for tile in (0, 64):
        found = run("network_maps", image, model=str(path), tile=tile)
        np.testing.assert_allclose(found[inside], expected[inside], atol=1e-5)
    words = {"mode": "per_sample", "axes": "yx"}
    given = old(
        [{"name": "zero_mean_unit_variance", "kwargs": words}],
        [{"name": "sigmoid"}],
        {"min": [1, 1, 32, 32], "step": [0, 0, 16, 16]},
    )
    path = packed(tmp_path / "old.zip", network, given)
    found = run("network_maps", image, model=str(path))
    np.testing.assert_allclose(
        found[inside], 1 / (1 + np.exp(-logits[inside])), atol=1e-5
    )
    found = run("network_maps", image, model=str(path), **RAW, activation="none")
    np.testing.assert_allclose(found[inside], convolved(image)[inside], atol=1e-5)


def test_fixed_numbers_and_ranges(tmp_path, image):
    network = convolving(tmp_path / "net.onnx")
    fixed = {"mode": "fixed", "mean": 0.25, "std": [0.5]}
    ends = {"axes": "yx", "min_percentile": 5, "max_percentile": 95}
    steps = [
        {"name": "zero_mean_unit_variance", "kwargs": fixed},
        {"name": "scale_linear", "kwargs": {"gain": 2, "offset": 1}},
        {"name": "clip", "kwargs": {"min": 0.5, "max": 2.5}},
        {"name": "scale_range", "kwargs": ends | {"mode": "per_sample"}},
    ]
    ready = np.clip((image - 0.25) / 0.5 * 2 + 1, 0.5, 2.5)
    low, high = np.percentile(ready, (5, 95))
    expected = convolved((ready - low) / (high - low + 1e-6)) > 0.5
    given = old(
        steps, [{"name": "binarize", "kwargs": {"threshold": 0.5}}], [1, 1, 150, 201]
    )
    path = packed(tmp_path / "old.zip", network, given)
    found = run("network_maps", image, model=str(path))
    assert (found.astype(bool) != expected)[:, 2:-2, 2:-2].mean() < 1e-4


def test_step_that_is_not_known(tmp_path, image):
    network = convolving(tmp_path / "net.onnx")
    strange = {"id": "flows_to_cells", "kwargs": {}}
    path = packed(tmp_path / "a.zip", network, new([], [{"id": "sigmoid"}, strange]))
    with pytest.warns(Remark, match='before the step "flows_to_cells"'):
        found = run("network_maps", image, model=str(path))
    expected = 1 / (1 + np.exp(-convolved(image)))
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], expected[:, 2:-2, 2:-2], atol=1e-5)
    path = packed(tmp_path / "b.zip", network, new([strange], []))
    with pytest.raises(InputError, match='after the step "flows_to_cells"'):
        run("network_maps", image, model=str(path))
    run("network_maps", image, model=str(path), **RAW)


def test_own_package_makes_the_objects_of_the_model(tmp_path, segmenter, image):
    from napari_morphogen.export import making
    from napari_morphogen.export.packages import Card

    model = segmenter("instances")
    model.save(tmp_path / "own.morphogen")
    made = making.packed(model, Card("own", ("Ada Example",)))
    (tmp_path / "own.zip").write_bytes(made.content)
    for name in ("foreground", "centre"):
        one, other = (
            run("network_objects", image, model=str(tmp_path / file), output=name)
            for file in ("own.morphogen", "own.zip")
        )
        np.testing.assert_allclose(one, other, atol=1e-4)
    with pytest.raises(InputError, match="says itself what it takes"):
        run("network_maps", image, model=str(tmp_path / "own.zip"), **RAW)


# ---- files of strangers


def test_hostile_packages(tmp_path, image):
    network = convolving(tmp_path / "net.onnx")
    marker = tmp_path / "executed"
    path = tmp_path / "model.zip"

    def refused(words):
        with pytest.raises(InputError, match=words) as caught:
            opened(path)
        assert "\n" not in str(caught.value)
        assert not marker.exists()

    packed(path, network, new([], []), changed=b"\0")
    refused("is not the file that the package was made with")
    for text in (
        f"!!python/object/apply:os.mkdir ['{marker}']",
        f"inputs: !!python/object/apply:os.mkdir ['{marker}']",
        "just a text", "[1, 2]", "{", "a: *b", "format_version: 0.5.4",
        "&a [*a, *a]", "[" * 5000,
    ):  # fmt: skip
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rdf.yaml", text)
        refused("is not one of a bioimage.io model")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", "a: b\n" * 10**6)
    refused("is too long")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("else.txt", "text")
    refused("it has no rdf.yaml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["inputs"].append(d["inputs"][0]), "takes 2 images at once"),
        (lambda d: d["inputs"][0]["axes"].pop(2), "only planes and volumes"),
        (lambda d: d["inputs"][0]["axes"].append({"type": "time"}), "'?bcyxt"),
        (lambda d: d["inputs"][0]["axes"][2].update(size=-5), "is not one of"),
        (lambda d: d["inputs"][0]["axes"][2].update(size=10**9), "is not one of"),
        (lambda d: d.update(weights=KERAS), "keras_hdf5 weights, but only ONNX"),
        (lambda d: d["weights"]["onnx"].update(source="../w"), r"lacks \.\./w"),
        (lambda d: d["weights"]["onnx"].update(source="http://a/w"), "on the network"),
    ],
)
def test_description_that_cannot_be_used(tmp_path, change, words):
    network = convolving(tmp_path / "net.onnx")
    description = new([], [])
    path = packed(tmp_path / "model.zip", network, description)
    change(description)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", json.dumps(description))
        archive.writestr("weights.onnx", network.read_bytes())
    with pytest.raises(InputError, match=words):
        opened(path)


def test_weights_of_a_package_are_looked_at_like_any_file(tmp_path):
    path = convolving(tmp_path / "net.onnx")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Conv", b"Conw"))
    package = packed(tmp_path / "model.zip", path, new([], []))
    with pytest.raises(InputError, match="onnxruntime cannot use"):
        opened(package)
    node = helper.make_node("Own", ["x"], ["y"], domain="com.stranger")
    shapes = {"x": PLANE, "y": PLANE}
    foreign_code = written(tmp_path / "own.onnx", [node], {"y"}, shapes)
    package = packed(tmp_path / "model.zip", foreign_code, new([], []))
    with pytest.raises(InputError, match=r'operators of "com\.stranger"'):
        opened(package)


def test_cuts_cover_every_pixel_once():
    for length in range(6, 40):
        for lost, margin in ((0, 0), (0, 2), (1, 1), (1, 2)):
            seen = np.zeros(length - 2 * lost, int)
            for _, inner, outer in foreign._cuts(length, 6, lost, margin):
                assert inner.stop - inner.start == outer.stop - outer.start
                seen[outer] += 1
            assert seen.all()
