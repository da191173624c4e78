"""The rooms of the house: who may import whom, and what every file refrains from."""

import ast
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

PACKAGE = "napari_morphogen"
SRC = Path(__file__).parents[1] / "src" / PACKAGE
FILES = sorted(SRC.rglob("*.py"))
LEVELS = (
    {"params", "fast", "counting"},
    {"spatial"},
    {"intensity", "drawing", "io"},
    {"features"},
    {"evaluate", "measurements"},
    {"nn", "export"},
    {"segment", "enhance", "generate", "samples"},
    {"registry"},
    {
        "pages",
        "recipe",
        "plans",
        "model_files",
        "pipeline",
        "scale",
        "evaluations",
        "evaluation_tables",
        "image_sets",
        "tuning",
        "object_classes",
    },
    {"worker", "report"},
    {"learning", "generating", "folders", "exports"},
    {"helping"},
    {
        "plugin",
        "cli",
        "cli_classes",
        "cli_evaluate",
        "cli_export",
        "cli_files",
        "cli_generate",
        "cli_generators",
        "cli_large",
        "cli_latent",
        "cli_objects",
        "cli_parameters",
        "cli_strokes",
        "cli_synthetic",
        "cli_train",
        "cli_tune",
    },
)
# The package itself only forwards names, which its lower rooms may not use.
PUBLIC_NAMES = {"__init__"}
HOMES = {
    "napari": {"plugin"},
    "magicgui": {"plugin"},
    "qtpy": {"plugin"},
    "superqt": {"plugin"},
    "npe2": {"plugin"},
    "torch": {"nn", "export"},
    "onnx": {"export"},
    "onnxruntime": {"export"},
    "dask": {"scale", "io"},
    "numba": {"fast"},
    "llvmlite": {"fast"},
}


def _rooms(path):
    return path.relative_to(SRC).with_suffix("").parts[0]


def _id(path):
    return str(path.relative_to(SRC))


@lru_cache(maxsize=None)
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path):
    """Yield (line, dotted name) of everything a file imports, wherever it does."""
    yield from _imported_by(path, ast.walk(_tree(path)))


def _imported_by(path, nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def _own_room(name):
    """Return the room of this package that a dotted name lies in, or nothing."""
    first, *rest = name.split(".")
    if first != PACKAGE:
        return ""
    known = set().union(*LEVELS)
    return rest[0] if rest and rest[0] in known else "__init__"


def _level(room):
    return next(i for i, rooms in enumerate(LEVELS) if room in rooms)


every_file = pytest.mark.parametrize("path", FILES, ids=_id)


@every_file
def test_room_is_known(path):
    room = _rooms(path)
    assert room in PUBLIC_NAMES | set().union(*LEVELS), (
        f"give {room} a place in LEVELS of {Path(__file__).name}"
    )


@every_file
def test_nothing_imports_above_itself(path):
    room = _rooms(path)
    if room in PUBLIC_NAMES:
        return
    for line, name in _imports(path):
        other = _own_room(name)
        if other and other != "__init__" and other != room:
            assert _level(other) <= _level(room), f"line {line}: {name}"


@every_file
def test_lower_rooms_do_not_use_the_public_names(path):
    if _rooms(path) in LEVELS[-1]:
        return
    for line, name in _imports(path):
        assert _own_room(name) != "__init__", f"line {line}: {name}"


@every_file
def test_window_and_command_line_do_not_know_each_other(path):
    stranger = {"plugin": "cli", "cli": "plugin"}.get(_rooms(path).partition("_")[0])
    for line, name in _imports(path):
        other = _own_room(name).partition("_")[0]
        assert stranger is None or other != stranger, f"line {line}: {name}"


@every_file
def test_heavy_packages_stay_in_their_rooms(path):
    for line, name in _imports(path):
        homes = HOMES.get(name.split(".")[0])
        places = {_rooms(path), path.relative_to(SRC).with_suffix("").as_posix()}
        assert homes is None or places & homes, f"line {line}: {name}"


@every_file
def test_dask_is_loaded_where_it_is_used(path):
    """A dock that opens would wait for it."""
    for line, name in _imported_by(path, _tree(path).body):
        assert name.split(".")[0] != "dask", f"line {line}: {name}"


@every_file
def test_nothing_prints_but_the_command_line(path):
    if path.name.startswith("cli"):
        return
    for node in ast.walk(_tree(path)):
        named = isinstance(node, ast.Name) and node.id == "print"
        assert not named, f"line {node.lineno}"


@every_file
def test_no_exception_is_caught_blindly(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: bare except"
            caught = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}
            assert not caught & {"Exception", "BaseException"}, f"line {node.lineno}"


@every_file
def test_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_rules_see_something():
    names = [name for path in FILES for _, name in _imports(path)]
    assert {"napari", "dask"} <= {name.split(".")[0] for name in names}
    assert {"params", "pipeline"} <= {_own_room(name) for name in names}


def _run(code):
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


def test_import_loads_nothing_heavy():
    loaded = _run(f"import sys, {PACKAGE}; print(*sys.modules)")
    heavy = {"scipy", "skimage", "sklearn", "dask", "torch", "numba", "pandas"}
    window = {"napari", "qtpy", "magicgui", "superqt", "PyQt6", "matplotlib"}
    assert not (heavy | window) & {name.split(".")[0] for name in loaded}


def test_every_method_works_alone():
    code = f"""
import sys
absent = "torch napari qtpy magicgui superqt npe2 numba dask matplotlib pandas".split()
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in absent:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refusing())
import {PACKAGE} as morphogen
from napari_morphogen import samples
def crop(array):
    return array.data[90:190, 80:180]
for method in morphogen.METHODS:
    if method.family == "network":
        continue
    if not method.takes:
        morphogen.run(method.name)
        print(method.name)
        continue
    image = crop(samples.coin_labels() if method.takes == "labels" else samples.coins())
    given = samples.needed(method.function)
    given = dict((n, a if isinstance(a, str) else crop(a)) for n, a in given.items())
    result = morphogen.run(method.name, image, **given)
    assert method.makes == "shapes" or result.shape == image.shape, method.name
    print(method.name)
"""
    from napari_morphogen.registry import METHODS

    classical = [method for method in METHODS if method.family != "network"]
    assert _run(code) == [method.name for method in classical]


def test_public_names_exist():
    import napari_morphogen

    for name in napari_morphogen.__all__:
        assert getattr(napari_morphogen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = napari_morphogen.nonsense
