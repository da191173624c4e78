"""A Zarr whose pieces are pickles cannot run code, whatever it says they are."""

import json
import os
import pickle

import numpy as np
import pytest

from napari_morphogen import read
from napari_morphogen.params import InputError

PICKLE = {"id": "pickle", "protocol": 5}
DELTA = {"id": "delta", "dtype": "|u1"}
SECOND = {
    "zarr_format": 2,
    "shape": [4, 4],
    "chunks": [4, 4],
    "dtype": "|u1",
    "compressor": None,
    "fill_value": 0,
    "order": "C",
    "filters": None,
}
THIRD = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4, 4],
    "data_type": "uint8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 4]}},
    "chunk_key_encoding": {"name": "default"},
    "fill_value": 0,
    "codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle", "configuration": {}}],
    "attributes": {},
}
SAID = {
    "compressor": {"compressor": PICKLE},
    "filter": {"filters": [PICKLE]},
    "last filter": {"filters": [DELTA, PICKLE]},
    "first filter": {"filters": [PICKLE, DELTA]},
    "objects by a filter": {"dtype": "|O", "filters": [PICKLE]},
    "objects by a compressor": {"dtype": "|O", "compressor": PICKLE},
    "objects by two filters": {
        "dtype": "|O",
        "filters": [{"id": "vlen-utf8"}, PICKLE],
    },
    "third format": None,
}


class Mischief:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.filterwarnings("ignore:.*Zarr.*", "ignore:.*zarr.*", "ignore:Numcodecs")
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_pickled_pieces_run_nothing(said, tmp_path):
    folder, proof = tmp_path / "stranger.zarr", tmp_path / "ran"
    piece = folder / ("c/0/0" if said is None else "0.0")
    piece.parent.mkdir(parents=True)
    piece.write_bytes(pickle.dumps(Mischief(proof)))
    name = "zarr.json" if said is None else ".zarray"
    (folder / name).write_text(json.dumps(THIRD if said is None else SECOND | said))
    with pytest.raises(InputError):
        np.asarray(read(folder).data)
    assert not proof.exists()


def test_the_mischief_would_work(tmp_path):
    pickle.loads(pickle.dumps(Mischief(tmp_path / "ran")))
    assert (tmp_path / "ran").is_dir()
