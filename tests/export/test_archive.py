"""Zips of strangers: every way out of them is closed."""

import hashlib
import stat
import struct
import zipfile

import pytest

from napari_morphogen.export import archive
from napari_morphogen.export.archive import Archive
from napari_morphogen.params import InputError


@pytest.fixture
def written(tmp_path):
    def write(**files):
        path = tmp_path / "model.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in files.items():
                made.writestr(name, content)
        return path

    return write


def test_files_are_read_and_compared_with_their_hash(written):
    path = written(**{"a/b.txt": b"some text"})
    right = hashlib.sha256(b"some text").hexdigest()
    with Archive(path) as found:
        assert found.names == ["a/b.txt"]
        assert found.read("./a/b.txt", right.upper()) == b"some text"
        with pytest.raises(InputError, match="is not the file that the package was"):
            found.read("a/b.txt", "0" * 64)
        with pytest.raises(InputError, match=r"lacks c\.txt"):
            found.read("c.txt")
        with pytest.raises(InputError, match="nothing is looked up"):
            found.read("https://example.org/weights.onnx")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside", "lies outside the zip"),
        ("a/../../outside", "lies outside the zip"),
        ("..\\outside", "lies outside the zip"),
        ("/etc/passwd", "names a place on this machine"),
        ("C:\\Windows\\file", "names a place on this machine"),
    ],
)
def test_places_outside_are_refused(written, name, reason):
    with pytest.raises(InputError, match=reason):
        Archive(written(**{"weights": b"1", name: b"2"}))


def test_links_are_refused(tmp_path):
    path = tmp_path / "model.zip"
    link = zipfile.ZipInfo("rdf.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match=r"'rdf\.yaml' is a link"):
        Archive(path)


def test_the_same_name_twice_is_refused(tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("rdf.yaml", "one")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("rdf.yaml", "two")
    with pytest.raises(InputError, match="holds a file twice"):
        Archive(path)


def test_what_unpacks_to_too_much_is_not_unpacked(written, monkeypatch):
    monkeypatch.setattr(archive, "SMALL", 1000)
    path = written(bomb=bytes(10**7))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24  # the size in the directory, made small
    content[at : at + 4] = struct.pack("<I", 100)
    for told in (path.read_bytes(), bytes(content)):
        path.write_bytes(told)
        with Archive(path) as found, pytest.raises(InputError, match=r"unpacks|damage"):
            found.read("bomb")


def test_many_files_encrypted_cut_short_or_no_zip(written, tmp_path, monkeypatch):
    path = written(a=b"1", b=b"2")
    whole = path.read_bytes()
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    with pytest.raises(InputError, match="holds 2 files, but at most 1"):
        Archive(path)
    monkeypatch.undo()
    locked = bytearray(whole)
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    for content, reason in (
        (bytes(locked), "is encrypted"),
        (whole[: len(whole) // 2], "is no zip"),
        (b"", "is no zip"),
        (b"PK\x03\x04 and more", "is no zip"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=reason):
            Archive(path)
    with pytest.raises(InputError, match="Cannot read"):
        Archive(tmp_path / "absent.zip")


def test_other_ways_of_packing_are_refused(tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("rdf.yaml", "text")
    with pytest.raises(InputError, match="packed in a way that is not read here"):
        Archive(path)


def test_damaged_file(written):
    path = written(a=b"some text that is packed, some text that is packed")
    content = bytearray(path.read_bytes())
    content[40] ^= 255
    path.write_bytes(content)
    with Archive(path) as found, pytest.raises(InputError, match="is damaged"):
        found.read("a")
