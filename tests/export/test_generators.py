"""Exported generators make the images of the generators, whatever the kind."""

import io
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from napari_morphogen.cli import main
from napari_morphogen.export import making
from napari_morphogen.export.generators import generator_model, generator_script
from napari_morphogen.nn import flow, latent_flow
from napari_morphogen.nn.generator import MODULES, Generator, GeneratorConfig, family
from napari_morphogen.nn.generator_patches import Range
from napari_morphogen.params import InputError

SMALL = {"shape": (16, 16), "width": 8, "latent": 4}
KINDS = [
    ("vae", {"channels": 2}),
    ("vae", {"shape": (4, 16, 16)}),
    ("cvae", {"classes": ("a", "b", "c")}),
    ("flow", {"latent": 0}),
    ("painter", {"latent": 0, "maps": 4}),
    ("dcgan", {}),
    ("dcgan", {"classes": ("a", "b")}),
    ("stylegan", {}),
]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(latent_flow, "STEPS", 3)
    monkeypatch.setattr(flow, "STEPS", 2)


def generator(kind, **words):
    config = GeneratorConfig(kind, **SMALL | words)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = family(kind).build(config)
        with torch.no_grad():
            for value in network.parameters():
                if not value.any():  # layers that begin with nothing
                    value.normal_(0, 0.1)
            for name, value in network.named_buffers():
                if name == "ready":
                    value.fill_(1)
    low = tuple(100.0 + 50 * i for i in range(config.channels))
    high = tuple(300.0 + 500 * i for i in range(config.channels))
    return Generator(config, network.state_dict(), Range(low, high))


def session(content):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(content, options, providers=providers)


def test_every_kind_is_tried():
    assert {kind for kind, _ in KINDS} == set(MODULES)


@pytest.mark.parametrize("kind, words", KINDS, ids=str)
def test_onnx_makes_the_same_images(kind, words):
    model = generator(kind, **words)
    runs = session(generator_model(model).SerializeToString())
    rng = np.random.default_rng(3)
    for count, truncation in ((1, 1.0), (3, 0.5)):
        given = {"noise": model.noise(count, seed=7)}
        if words.get("classes"):
            given["condition"] = rng.integers(0, len(words["classes"]), count)
        if words.get("maps"):
            shape = (count, 4, *model.config.shape)
            given["condition"] = rng.random(shape, np.float32)
        expected = model.made(given["noise"], truncation, given.get("condition"))
        if truncation != 1:  # 1 where it is left out
            given["truncation"] = np.array(truncation, np.float32)
        (found,) = runs.run(None, given)
        assert expected.std() > 0
        np.testing.assert_allclose(found, expected, atol=0.05, rtol=0)


@pytest.mark.parametrize("to", ["onnx", "torchscript"])
def test_proved_in_another_process(to):
    made = making.made(generator("dcgan", classes=("a", "b")), to)
    assert made.difference < 1e-5 and made.cases == ("1", "2", "5")
    assert "of the range" in made.words and "Dice" not in made.words


def test_a_script_makes_the_same_images_and_hides_its_origin():
    model = generator("cvae", classes=("a", "b", "c"))
    content = making.without_traces(generator_script(model))
    noise = model.noise(4, seed=1)
    asked = np.array([2, 0, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the format is old
        module = torch.jit.load(io.BytesIO(content))
    found = module(torch.from_numpy(noise), torch.from_numpy(asked))
    expected = model.made(noise, condition=asked)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.05)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    onnx = generator_model(model).SerializeToString()
    for word in (Path.home(), Path(__file__).parents[2], "/tmp"):
        assert str(word).encode() not in text
        assert str(word).encode() not in onnx


def test_file_says_what_it_takes():
    model = generator("cvae", classes=("a", "b", "c"))
    runs = session(generator_model(model).SerializeToString())
    about = json.loads(runs.get_modelmeta().custom_metadata_map["morphogen"])
    assert about["classes"] == ["a", "b", "c"] and about["noise"] == [4]
    shapes = {given.name: given.shape for given in runs.get_inputs()}
    assert shapes == {"noise": ["batch", 4], "condition": ["batch"]}
    assert runs.get_outputs()[0].shape == ["batch", 1, 16, 16]


def test_another_range_is_found_out(monkeypatch):
    model = generator("dcgan")
    other = Generator(model.config, model.weights, Range((100.0,), (301.0,)))
    wrong = generator_model(other)
    monkeypatch.setattr(making, "generator_model", lambda model: wrong)
    with pytest.raises(InputError, match=r"Nothing was written.*1e-03 is allowed"):
        making.made(model, "onnx")


def test_command(tmp_path, capsys):
    path = tmp_path / "noise.morphogen"
    generator("dcgan").save(path)
    assert main(["export", str(path)]) == 0
    assert "of the range from the model" in capsys.readouterr().err
    assert path.with_suffix(".onnx").is_file()
    assert main(["predict", str(path.with_suffix(".onnx")), "a.tif", "b.tif"]) == 2
    assert "no network that segments images" in capsys.readouterr().err
