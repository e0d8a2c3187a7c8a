"""The files of components: a folder, streams into it, never a half-written file.

Knows no rows: whether a caller may have a file is decided by whoever asks for its path.
"""

import base64
import contextlib
import errno
import hashlib
import os
import pathlib
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import BinaryIO

from ftrack_sandbox.errors import SandboxError

#: Bytes copied at a time when parts are joined.
_BLOCK_BYTES = 1 << 20


class Upload:
    """One file on its way in. `keep()` puts it in place; leaving the context without that drops it.

    Used by one thread at a time. *placing* is held while the file is put in place. With *full* the
    disk has room for half of the first block, as a test may ask for.
    """

    def __init__(
        self, partial: pathlib.Path, final: pathlib.Path, placing: threading.Lock, full: bool = False
    ) -> None:
        self._partial = partial
        self._final = final
        self._placing = placing
        self._full = full
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file: BinaryIO = partial.open("xb")
        #: Bytes written so far.
        self.size = 0

    @property
    def md5(self) -> bytes:
        """MD5 digest of what was written so far."""
        return self._md5.digest()

    def write(self, block: bytes) -> None:
        """Append *block*. Raises OSError, as when the disk is full."""
        if self._full:
            self._file.write(block[: len(block) // 2])
            raise _disk_full()
        self._file.write(block)
        self._md5.update(block)
        self.size += len(block)

    def keep(self) -> None:
        """Put the file in place of whatever stood there. Raises OSError."""
        if self._full:
            raise _disk_full()
        self._file.close()
        with self._placing:
            self._final.parent.mkdir(parents=True, exist_ok=True)
            self._partial.replace(self._final)

    def __enter__(self) -> "Upload":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # On a full disk even closing fails, for it flushes; the file goes nevertheless.
        with contextlib.suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)


class WrongParts(SandboxError):
    """The parts of an upload are not those that were announced, or not those that came."""


class Parts:
    """One file on its way in as numbered parts, from 1 to *count*; *size* bytes altogether.

    *checksum* is the base64 MD5 of the whole, if known. Thread-safe. A part may come again, as after
    a broken connection; the last one counts.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        component_id: str,
        count: int,
        size: int,
        checksum: str | None,
        is_full: Callable[[], bool],
    ) -> None:
        self._folder = folder
        self._is_full = is_full
        self._lock = threading.Lock()
        self._tags: dict[int, str] = {}
        #: How the upload is called towards clients.
        self.id = folder.name
        self.component_id = component_id
        self.count = count
        self.size = size
        self._checksum = checksum

    def begin(self, number: int) -> Upload:
        """Begin one part, to be put in its place by `keep`. Raises OSError."""
        partial = self._folder / secrets.token_hex(16)
        return Upload(partial, self._path(number), threading.Lock(), self._is_full())

    def keep(self, number: int, upload: Upload) -> str:
        """Put a part that is complete in its place; return its tag. Raises OSError."""
        with self._lock:
            upload.keep()
            self._tags[number] = upload.md5.hex()
            return self._tags[number]

    def join(self, tags: Mapping[int, str], target: Upload) -> None:
        """Write the parts into *target* in the order of their numbers.

        *tags* is what the client took note of, by number. Raises WrongParts unless it names
        every part with its tag and the whole is what was declared; OSError.
        """
        with self._lock:
            for number in range(1, self.count + 1):
                if number not in self._tags:
                    raise WrongParts(f"Part {number} of {self.count} has not come.")
                if tags.get(number) != self._tags[number]:
                    raise WrongParts(f"Part {number} has another tag than the one given.")
            for number in range(1, self.count + 1):
                with self._path(number).open("rb") as part:
                    while block := part.read(_BLOCK_BYTES):
                        target.write(block)
        if target.size != self.size:
            raise WrongParts(f"The parts have {target.size} bytes, but {self.size} were declared.")
        if self._checksum not in (None, base64.b64encode(target.md5).decode("ascii")):
            raise WrongParts("The file's MD5 is not the one declared.")

    def _path(self, number: int) -> pathlib.Path:
        return self._folder / str(number)


class Storage:
    """A folder of component files. Thread-safe; one server at a time uses a folder.

    Only the three folders below *root* that it makes are ever emptied, so *root* may hold
    other things. Raises OSError when they cannot be made.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self._kept = root / "component"
        self._incoming = root / "incoming"
        self._parted = root / "parts"
        self._parts: dict[str, Parts] = {}
        self._placing = threading.Lock()
        #: Asked for each upload: whether the disk is to be found full.
        self.is_full: Callable[[], bool] = lambda: False
        # What an interrupted server left there will never be finished.
        self.drop_unfinished()

    def path(self, component_id: str) -> pathlib.Path:
        """Return where the component's file is, or would be.

        Ids come from clients; by its digest any text names a file below the folder, on every
        file system, and no two texts the same one.
        """
        return _place(self._kept, component_id)

    def exists(self, component_id: str) -> bool:
        """Whether the component has a file."""
        return self.path(component_id).is_file()

    def upload(self, component_id: str) -> Upload:
        """Begin a file of the component; several may be on their way, the last kept one stays."""
        partial = self._incoming / secrets.token_hex(16)
        return Upload(partial, self.path(component_id), self._placing, self.is_full())

    def begin_parts(self, component_id: str, count: int, size: int, checksum: str | None = None) -> Parts:
        """Begin a file of the component that comes in parts. Raises OSError."""
        folder = self._parted / secrets.token_hex(16)
        folder.mkdir()
        self._parts[folder.name] = parts = Parts(folder, component_id, count, size, checksum, self.is_full)
        return parts

    def parts(self, upload_id: str) -> Parts | None:
        """Return the upload in parts of that id, None when there is none or it has ended."""
        return self._parts.get(upload_id)

    def end_parts(self, parts: Parts) -> None:
        """Forget an upload in parts and remove what came of it."""
        self._parts.pop(parts.id, None)
        shutil.rmtree(self._parted / parts.id, ignore_errors=True)

    def write(self, component_id: str, data: bytes) -> None:
        """Store *data* as the component's file."""
        with self.upload(component_id) as upload:
            upload.write(data)
            upload.keep()

    def remove(self, component_id: str) -> None:
        """Remove the component's file; nothing happens when there is none."""
        self.path(component_id).unlink(missing_ok=True)

    @contextlib.contextmanager
    def staged(self) -> Iterator["Staged"]:
        """Yield what takes other files, to be put in the place of all these at one stroke."""
        folder = self._incoming / secrets.token_hex(16)
        folder.mkdir()
        try:
            yield Staged(folder, self._adopt)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _adopt(self, folder: pathlib.Path) -> None:
        former = self._incoming / secrets.token_hex(16)
        # Whoever was quicker has dropped it, empty as it was.
        folder.mkdir(parents=True, exist_ok=True)
        with self._placing:
            self._kept.rename(former)
            folder.rename(self._kept)
        self.drop_unfinished()

    def drop_unfinished(self) -> None:
        """Remove what was begun and not put in its place, abandoned parts above all."""
        self._parts.clear()
        for folder in (self._incoming, self._parted):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self._kept, self._incoming, self._parted):
            folder.mkdir(parents=True, exist_ok=True)


class Staged:
    """Files of components that nobody sees yet; `adopt()` lets all others go and puts them there."""

    def __init__(self, folder: pathlib.Path, adopt: Callable[[pathlib.Path], None]) -> None:
        self._folder = folder
        self._adopt = adopt

    def write(self, component_id: str, data: bytes) -> None:
        """Take *data* as the component's file."""
        path = _place(self._folder, component_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def adopt(self) -> None:
        """Put the files in place; uploads under way are dropped. Raises OSError."""
        self._adopt(self._folder)


def _place(folder: pathlib.Path, component_id: str) -> pathlib.Path:
    digest = hashlib.sha256(component_id.encode("utf-8", "surrogatepass")).hexdigest()
    return folder / digest[:2] / digest


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
