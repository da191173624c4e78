"""Kernels come when they are compiled, and nothing depends on them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_morphogen import fast
from napari_morphogen.fast import modules, threads
from napari_morphogen.fast.modules import SWITCH

IMAGE = np.ones((9, 8), np.float32)


def _run(code, **environment):
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.split()


@pytest.fixture
def uncompiled(monkeypatch):
    """Make as if nothing had been compiled yet; return the list of starts."""
    pytest.importorskip("numba")
    starts = []
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(modules, "_is_compiled", lambda *_: False)
    monkeypatch.setattr(modules, "compile_beside", lambda: starts.append(1))
    return starts


def test_first_run_is_plain_while_a_process_compiles(uncompiled):
    assert fast.gaussian(IMAGE, [1, 1]) is None
    assert uncompiled == [1]


def test_nothing_is_compiled_where_nothing_can_be_kept(uncompiled, monkeypatch):
    monkeypatch.setattr(modules, "_note", lambda *_: None)
    assert fast.gaussian(IMAGE, [1, 1]) is None
    assert not uncompiled


def test_switched_off(monkeypatch):
    monkeypatch.setenv(SWITCH, "off")
    assert fast.gaussian(IMAGE, [1, 1]) is None
    assert fast.gradient_length(IMAGE, ()) is None
    assert fast.distance(IMAGE > 0, ()) is None
    assert fast.reconstruction(IMAGE, IMAGE, IMAGE > 0) is None


@pytest.mark.parametrize(
    "breaking",
    [
        pytest.param("sys.modules['numba'] = None", id="absent"),
        pytest.param("os.environ['NUMBA_DISABLE_JIT'] = '1'", id="interpreted"),
        pytest.param(
            "sys.modules['numba'] = types.ModuleType('numba')", id="half-installed"
        ),
    ],
)
def test_without_numba_the_plain_way_serves(breaking):
    code = f"""
import os, sys, types
{breaking}
import numpy as np
from napari_morphogen import fast, run
image = np.random.default_rng(0).random((30, 30)).astype("f4")
print(fast.gaussian(image, [1, 1]) is None)
print(run("gradient", image, sigma=1).shape == image.shape)
"""
    assert _run(code, **{SWITCH: "now"}) == ["True", "True"]


def test_cache_is_filled_by_a_process_and_found_by_the_next(tmp_path):
    pytest.importorskip("numba")
    kept = {"NUMBA_CACHE_DIR": str(tmp_path), SWITCH: "auto"}
    compiling = """
from napari_morphogen.fast import modules
modules.MODULES = ("domes",)
modules.compile_all()
"""
    _run(compiling, **kept)
    assert len(list(Path(tmp_path).rglob("*.compiled"))) == 1
    using = """
import numpy as np
from napari_morphogen import fast
from napari_morphogen.fast import modules
image = np.ones((3, 3))
print(fast.reconstruction(image, image, image > 0) is not None)
print(sum(modules.module("domes").reconstruct.stats.cache_hits.values()))
"""
    assert _run(using, **kept) == ["True", "1"]


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_every_part_is_done_once(monkeypatch, cores):
    monkeypatch.setattr(threads, "cores", lambda: cores)
    done = np.zeros(50, int)

    def do(i):
        done[i] += 1

    threads.spread(do, range(50))
    np.testing.assert_array_equal(done, 1)


def test_what_fails_in_a_thread_is_told():
    with pytest.raises(ZeroDivisionError):
        threads.spread(lambda i: 1 / i, range(3))


def test_kernels_work_where_nothing_can_be_cached(monkeypatch):
    numba = pytest.importorskip("numba")
    njit = numba.njit

    def refuse(*given, cache=False, **options):
        if cache:
            raise RuntimeError("no locator available")
        return njit(*given, **options)

    monkeypatch.setattr(numba, "njit", refuse)
    from napari_morphogen.fast.kernel import kernel

    assert kernel(lambda x: x + 1)(1) == 2
