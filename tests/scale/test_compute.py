"""Blocks computed elsewhere: local workers, a cluster, and what goes wrong there."""

import signal
import subprocess
import sys
import time

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

from napari_morphogen import SpatialArray, read, run, write
from napari_morphogen.cli import main
from napari_morphogen.params import InputError
from napari_morphogen.pipeline import plan
from napari_morphogen.scale import compute as compute_module
from napari_morphogen.scale.compute import computing
from napari_morphogen.scale.large import in_blocks


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    noise = np.random.default_rng(0).normal(size=(300, 320))
    smoothed = ndimage.gaussian_filter(noise, 4)
    pixels = (255 * (smoothed - smoothed.min()) / np.ptp(smoothed)).astype("u1")
    path = tmp_path_factory.mktemp("images") / "noise.ome.zarr"
    return write(path, SpatialArray(da.from_array(pixels, 100), "yx"))


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder):
        self._file = str(folder / "scheduler.json")
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        self.workers = []

    def _start(self, *words):
        call = [sys.executable, "-m", "dask", *words, "--scheduler-file", self._file]
        return subprocess.Popen(
            call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def add_worker(self):
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers.append(self._start("worker", *words))

    @property
    def address(self):
        import json
        from pathlib import Path

        for _ in range(200):
            if Path(self._file).exists() and (text := Path(self._file).read_text()):
                return json.loads(text)["address"]
            time.sleep(0.1)
        raise TimeoutError("the scheduler did not start")

    def close(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    made.add_worker()
    made.add_worker()
    yield made
    made.close()


def expected(image):
    return run("threshold", np.asarray(read(image).data))


def test_cluster_of_processes_finds_the_same(cluster, image, tmp_path):
    target = tmp_path / "out.ome.zarr"
    todo = plan("threshold", read(image))
    killed = False
    with computing(scheduler=cluster.address) as compute:
        for progress in in_blocks(todo, target, sides=(32,), compute=compute):
            if progress.stage == "finding objects" and not killed:
                cluster.workers[0].kill()  # costs only the blocks it was at
                killed = True
    assert killed
    np.testing.assert_array_equal(read(target).data, expected(image))


def test_lost_scheduler_is_said_and_the_run_goes_on(cluster, image, tmp_path):
    target = tmp_path / "out.ome.zarr"
    todo = plan("threshold", read(image))

    def broken_off():
        with computing(scheduler=cluster.address) as compute:
            for progress in in_blocks(todo, target, sides=(32,), compute=compute):
                if progress.stage == "finding objects" and progress.done > 8:
                    cluster.scheduler.kill()

    with pytest.raises(InputError, match=r"connection to the scheduler .* was lost"):
        broken_off()
    left = [p for p in in_blocks(todo, target, sides=(32,)) if p.stage != "writing"]
    assert all(p.stage != "looking" for p in left)
    np.testing.assert_array_equal(read(target).data, expected(image))


def test_local_workers_from_the_command_line(image, tmp_path, capsys):
    target = tmp_path / "out.ome.zarr"
    words = ["segment", "threshold", str(image), str(target)]
    assert main([*words, "--workers", "1", "--block", "128"]) == 0
    assert "9 blocks: about" in capsys.readouterr().err
    np.testing.assert_array_equal(read(target).data, expected(image))


def test_kill_in_the_middle_then_the_same_command_again(image, tmp_path):
    """The process is ended as the kernel would: nothing of ours runs after it."""
    targets = [tmp_path / name / "out.ome.zarr" for name in ("whole", "killed")]
    calls = []
    for target in targets:
        target.parent.mkdir()
        words = ["segment", "watershed", str(image), str(target), "--block", "32"]
        calls.append([sys.executable, "-m", "napari_morphogen.cli", *words])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(calls[0], check=True, **quiet)
    process = subprocess.Popen(calls[1], **quiet)
    found = targets[1].with_name("out.ome.zarr.unfinished") / "found"
    while not (found.is_dir() and len(list(found.glob("*.npz"))) > 10):
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert found.is_dir()
    assert not targets[1].exists()
    subprocess.run(calls[1], check=True, **quiet)
    assert not found.exists()
    whole, again = (
        {p.relative_to(t): p.read_bytes() for p in t.rglob("*") if p.is_file()}
        for t in targets
    )
    assert whole == again


def test_what_is_chosen_wrongly(monkeypatch):
    monkeypatch.setattr(compute_module, "PATIENCE", 1)
    with (
        pytest.raises(InputError, match="local workers or a scheduler, not both"),
        computing(workers=1, scheduler="tcp://127.0.0.1:1"),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"No dask scheduler answers at tcp://127"),
        computing(scheduler="tcp://127.0.0.1:1"),
    ):
        pass
    with (
        pytest.raises(InputError, match="at least 1 worker, but got -2"),
        computing(workers=-2),
    ):
        pass


def test_large_target_has_to_be_zarr(image, tmp_path, capsys):
    words = ["segment", "threshold", str(image), str(tmp_path / "out.tif")]
    assert main([*words, "--block", "64"]) == 1
    assert "choose a name that ends in .ome.zarr" in capsys.readouterr().err
    words = ["segment", "kmeans", str(image), str(tmp_path / "out.ome.zarr")]
    assert main([*words, "--block", "64"]) == 1
    assert "kmeans needs to see the whole image at once" in capsys.readouterr().err


def test_of_many_images_one_that_fails_stops_no_other(tmp_path, capsys):
    noise = np.random.default_rng(0).random((40, 50)).astype("f4")
    good = write(tmp_path / "good.ome.zarr", noise)
    bad = write(tmp_path / "bad.ome.zarr", noise)
    (bad / "0" / "0" / "0").write_bytes(b"broken")
    out = tmp_path / "out"
    words = ["segment", "threshold", str(bad), str(good), "--out-dir", str(out)]
    assert main([*words, "--suffix", ".zarr", "--block", "32"]) == 1
    assert "bad.ome.zarr cannot be read here" in capsys.readouterr().err
    assert [path.name for path in out.glob("*.zarr")] == ["good_threshold.zarr"]
    np.testing.assert_array_equal(
        read(out / "good_threshold.zarr").data, run("threshold", noise)
    )


def test_recipe_of_several_steps_in_blocks(image, tmp_path):
    from napari_morphogen import recipe

    smoothed = run("median", read(image), radius=2)
    labels = run("watershed", smoothed, h=2)
    path = recipe.save(tmp_path / "cells.json", labels.metadata["morphogen"])
    target = tmp_path / "out.ome.zarr"
    words = ["replay", str(path), str(image), str(target), "--block", "128"]
    assert main(words) == 0
    found, whole = np.asarray(read(target).data), np.asarray(labels.data)
    pairs = np.unique(np.stack([found.ravel(), whole.ravel()]), axis=1)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    steps = read(target).metadata["morphogen"]["steps"]
    assert [step["method"] for step in steps] == ["median", "watershed"]
