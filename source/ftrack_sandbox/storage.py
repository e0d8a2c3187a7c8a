"""The files of components: a folder, streams into it, never a half-written file.

Knows no rows: whether a caller may have a file is decided by whoever asks for its path.
"""

import contextlib
import errno
import hashlib
import os
import pathlib
import secrets
import shutil
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO


class Upload:
    """One file on its way in. `keep()` puts it in place; leaving the context without that drops it.

    Used by one thread at a time. With *full* the disk has room for half of the first block, as a
    test may ask for.
    """

    def __init__(self, partial: pathlib.Path, final: pathlib.Path, full: bool = False) -> None:
        self._partial = partial
        self._final = final
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


class Storage:
    """A folder of component files. Thread-safe; one server at a time uses a folder.

    Only the two folders below *root* that it makes are ever emptied, so *root* may hold
    other things. Raises OSError when they cannot be made.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self._kept = root / "component"
        self._incoming = root / "incoming"
        #: Asked for each upload: whether the disk is to be found full.
        self.is_full: Callable[[], bool] = lambda: False
        # What an interrupted server left there will never be finished.
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._make_folders()

    def path(self, component_id: str) -> pathlib.Path:
        """Return where the component's file is, or would be.

        Ids come from clients; by its digest any text names a file below the folder, on every
        file system, and no two texts the same one.
        """
        digest = hashlib.sha256(component_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._kept / digest[:2] / digest

    def exists(self, component_id: str) -> bool:
        """Whether the component has a file."""
        return self.path(component_id).is_file()

    def upload(self, component_id: str) -> Upload:
        """Begin a file of the component; several may be on their way, the last kept one stays."""
        return Upload(self._incoming / secrets.token_hex(16), self.path(component_id), self.is_full())

    def write(self, component_id: str, data: bytes) -> None:
        """Store *data* as the component's file."""
        with self.upload(component_id) as upload:
            upload.write(data)
            upload.keep()

    def remove(self, component_id: str) -> None:
        """Remove the component's file; nothing happens when there is none."""
        self.path(component_id).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the files of all components."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._make_folders()

    def _make_folders(self) -> None:
        for folder in (self._kept, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
