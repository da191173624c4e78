"""The files within a zip, none of which can reach outside it."""

import hashlib
import stat
import zipfile
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Self

from napari_morphogen.params import InputError

MOST_FILES = 10_000
LARGEST = 2**31  # bytes of one file, unpacked
GROWTH = 1000  # times its packed size that a file may become
SMALL = 2**24  # bytes that every file may become
# what Python's reader raises at bytes that are no zip: bad names are ValueErrors,
# versions of the format that it does not know NotImplementedErrors
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


class Archive:
    """A zip from anyone, whose files are read into memory and never written.

    Parameters
    ----------
    path : Path
        Of the zip, or of the file that it is from.
    content : bytes or None
        Of the zip; None reads it from the file.

    Raises
    ------
    InputError
        When it is no zip, was cut short, or names files outside itself, links,
        encrypted files or the same file twice.

    Notes
    -----
    How large a file becomes is counted while it is unpacked; what its header says
    of that is not believed.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path if content is None else BytesIO(content))
        except OSError as error:
            raise InputError(
                f"Cannot read {path}: {error.strerror}; choose another file."
            ) from error
        except BROKEN as error:
            raise InputError(
                f"{path} is no zip, or it was cut short; choose another file."
            ) from error
        try:
            self._check()
        except InputError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """What is in it."""
        return self._zip.namelist()

    def read(self, name: str, sha256: str = "") -> bytes:
        """Return the content of a file.

        Parameters
        ----------
        name : str
            Of the file within the zip.
        sha256 : str
            What its content must hash to, in hexadecimal; empty is anything.

        Raises
        ------
        InputError
            When it is not there, is another one, or unpacks to too much.
        """
        if "://" in name:
            raise InputError(
                f"{self.path} keeps {name[:80]} on the network, where nothing is "
                "looked up; ask for a package that is complete."
            )
        name = str(PurePosixPath(name))
        if name not in self.names:
            raise InputError(f"{self.path} lacks {name[:80]}; ask for a complete one.")
        content = self._unpacked(self._zip.getinfo(name))
        if sha256 and hashlib.sha256(content).hexdigest() != sha256.lower():
            raise InputError(
                f"{name[:80]} in {self.path} is not the file that the package was made "
                "with; ask for an unchanged one."
            )
        return content

    def _check(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > MOST_FILES:
            raise InputError(
                f"{self.path} holds {len(infos)} files, but at most {MOST_FILES} are "
                "read; ask for a smaller package."
            )
        if len({str(PurePosixPath(info.filename)) for info in infos}) < len(infos):
            raise InputError(
                f"{self.path} was not opened: it holds a file twice; ask for another "
                "copy."
            )
        for info in infos:
            if problem := _problem(info):
                raise InputError(
                    f"{self.path} was not opened: {info.filename[:80]!r} {problem}; "
                    "ask for another copy."
                )

    def _unpacked(self, info: zipfile.ZipInfo) -> bytes:
        most = min(LARGEST, max(SMALL, GROWTH * info.compress_size))
        try:
            with self._zip.open(info) as file:
                content = file.read(most + 1)
        except BROKEN as error:
            raise InputError(
                f"{info.filename[:80]} in {self.path} is damaged; ask for another copy."
            ) from error
        if len(content) > most:
            raise InputError(
                f"{info.filename[:80]} in {self.path} unpacks to more than {most} "
                "bytes; ask for a smaller one."
            )
        return content


def _problem(info: zipfile.ZipInfo) -> str:
    """Return what is wrong with a file of a zip."""
    name = info.orig_filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or "\0" in name:
        return "names a place on this machine"
    if ".." in name.split("/"):
        return "lies outside the zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in a way that is not read here"
    return "is encrypted" if info.flag_bits & 1 else ""
