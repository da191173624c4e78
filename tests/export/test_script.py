"""TorchScript of anyone: arithmetic runs, everything else is refused unread."""

import io
import json
import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from napari_morphogen import run
from napari_morphogen.export.foreign_files import Told, opened
from napari_morphogen.export.script import looked_through
from napari_morphogen.params import InputError


class Net(nn.Module):
    """Two outputs, branches and a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(1, 3, 3, padding=1)
        self.two = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 1))

    def forward(self, x):
        y = self.two(self.one(x))
        for _ in range(2):
            y = nn.functional.max_pool2d(y, 3, stride=1, padding=1)
        if y.size(0) > 1:
            y = y + 1
        return {"maps": torch.softmax(y, 1), "score": y.mean()}


class Thief(nn.Module):
    def forward(self, x):
        return x + torch.from_file("/etc/hostname", False, 4).sum()


class Hidden(nn.Module):
    def forward(self, x):
        return torch.jit.wait(torch.jit.fork(torch.relu, x))


class Talker(nn.Module):
    def forward(self, x):
        torch.manual_seed(3)
        return x


@pytest.fixture
def saved(tmp_path):
    def save(module, name="net.pt"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.script(module.eval()).save(tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture
def image():
    return np.random.default_rng(0).random((90, 70), np.float32)


@pytest.mark.parametrize("tile", [0, 64])
def test_network_of_somebody_else(saved, image, tile):
    net = Net()
    path = saved(net)
    with torch.inference_mode():
        wanted = net.eval()(torch.from_numpy(image)[None, None])["maps"][0].numpy()
    found = run("network_maps", image, model=str(path), intensities="raw", tile=tile)
    assert found.shape == (2, 90, 70)
    inside = np.s_[:, 4:-32, 4:-32]  # of where no tile was continued beyond the image
    np.testing.assert_allclose(found[inside], wanted[inside], atol=1e-5)


def test_volumes_are_known_by_their_weights(saved):
    path = saved(nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.Sigmoid()))
    volume = np.random.default_rng(0).random((9, 20, 17), np.float32)
    assert run("network_maps", volume, model=str(path)).shape == (2, 9, 20, 17)
    with pytest.raises(InputError, match="takes no arrays of"):
        network = opened(path, Told(axes="yx"))
        network.predict(volume[0])


def test_own_files_are_what_the_model_is(tmp_path, segmenter, image):
    """Intensities are those of the whole image, whatever the tiles."""
    from napari_morphogen.export import making
    from napari_morphogen.model_files import task_of

    model = segmenter("instances", diameter=12.0)
    path = tmp_path / "own.pt"
    path.write_bytes(making.made(model, "torchscript").content)
    assert task_of(path) == "instances"
    found = opened(path)
    assert found.diameter == 12 and found.classes == tuple(model.classes)
    for words in ({}, {"tile": 32}, {"tile": 32, "flips": True, "scale": 1.0}):
        given = {name: value for name, value in words.items() if name != "tile"}
        np.testing.assert_allclose(
            found.predict(image, **words), model.predict(image, **given), atol=1e-4
        )
    with pytest.raises(InputError, match="says itself what it takes"):
        run("network_maps", image, model=str(path), intensities="percentiles")


@pytest.mark.parametrize(
    "changes",
    [{"kind": "generator"}, {"axes": "bczyx"}, {"classes": ["a"]}, {"strides": "no"}],
    ids=str,
)
def test_own_files_with_another_description(tmp_path, segmenter, image, changes):
    from napari_morphogen.export.onnx_models import about
    from napari_morphogen.export.torchscript import archived, segmenter_script

    model = segmenter("instances")
    text = json.dumps(about(model) | changes)
    path = tmp_path / "own.pt"
    path.write_bytes(archived(segmenter_script(model), {"morphogen.json": text}))
    with pytest.raises(InputError, match=r"own\.pt"):
        opened(path).predict(image)


@pytest.mark.parametrize(
    ("module", "word"),
    [(Thief(), "from_file"), (Hidden(), "fork"), (Talker(), "manual_seed")],
)
def test_programs_that_do_more_than_arithmetic(saved, module, word):
    path = saved(module)
    with pytest.raises(InputError, match=f'it calls for "[^"]*{word}') as caught:
        opened(path)
    assert "\n" not in str(caught.value)


def edited(path, change):
    """Return the archive with its program changed by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".py") and b"def forward" in content:
                content = change(content)
            new.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        "x = ops.aten.from_file('/etc/hostname', False, 4)",
        "x = ops.profiler._record_function_enter('a', None)",
        "x = ops.strange.own(x)",
        "y = torch",
        "y = ops",
        "x = x.from_file('/etc/hostname')",
        "x = (x).save('/tmp/stolen')",
        "x = rpc_sync('a', 'b')",
        "x = torch.classes.strange.Own()",
        "from os import system",
        "x = [torch.save][0](x)",
        "x = (lambda y: y)(x)",
        "save = 1\n    x.save('/tmp/stolen')",
        "save = x.save\n    save('/tmp/stolen')",
        "x = getattr(x, 'save')('/tmp/stolen')",
        "self = x\n    self.save('/tmp/stolen')",
        "x = self.part.save('/tmp/stolen')",
        "x = __torch__.torch.classes.strange.Own()",
        "x = ops.aten.save",
    ],
)
def test_programs_edited_by_hand(saved, line):
    path = saved(nn.ReLU())

    def change(text):
        head, _, rest = text.partition(b"-> Tensor:\n")
        return head + b"-> Tensor:\n    " + line.encode() + b"\n" + rest

    path.write_bytes(edited(path, change))
    with pytest.raises(InputError, match="was not opened: it calls for"):
        opened(path)


def test_a_function_named_like_an_operator_opens_no_way_to_it(saved):
    def change(text):
        stolen = b"-> Tensor:\n    input.save('/tmp/stolen')\n"
        own = b"  def save(self, name: str) -> int:\n    return 1\n"
        return text.replace(b"-> Tensor:\n", stolen) + own

    path = saved(nn.ReLU())
    path.write_bytes(edited(path, change))
    with pytest.raises(InputError, match='it calls for "save"'):
        opened(path)


def test_pickles_that_call_for_more_than_tensors(saved, tmp_path):
    path = saved(nn.Conv2d(1, 1, 1))
    marker = tmp_path / "executed"

    class Bomb:
        def __reduce__(self):
            import os

            return os.mkdir, (str(marker),)

    for protocol in (0, 2, 4):
        out = io.BytesIO()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                bomb = (
                    pickle.dumps(Bomb(), protocol) if name.endswith("data.pkl") else 0
                )
                new.writestr(name, bomb or old.read(name))
        hostile = tmp_path / "hostile.pt"
        hostile.write_bytes(out.getvalue())
        with pytest.raises(InputError, match="its weights call for"):
            opened(hostile)
        assert not marker.exists()


def test_what_is_not_looked_at_is_left_out(saved, tmp_path):
    path = saved(nn.Conv2d(1, 1, 1))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("net/bytecode.pkl", b"anything")
        archive.writestr("net/extra/else.py", b"import os")
    with zipfile.ZipFile(io.BytesIO(looked_through(path))) as kept:
        names = kept.namelist()
    assert not any("extra" in n or "bytecode" in n or "debug" in n for n in names)


def test_other_files(saved, tmp_path, image):
    path = tmp_path / "weights.pt"
    torch.save({"a": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="holds no TorchScript"):
        opened(path)
    whole = saved(nn.Conv2d(1, 1, 1)).read_bytes()
    for content, words in ((whole[:-100], "is no zip"), (b"", "is no zip")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=words):
            opened(path)
    path.write_bytes(edited(tmp_path / "net.pt", lambda text: b"def forward(:"))
    with pytest.raises(InputError, match="cannot be read"):
        opened(path)
