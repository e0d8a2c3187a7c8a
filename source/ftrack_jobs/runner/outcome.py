"""`Outcome`: how a run ended; the one place where exceptions become statuses and sentences."""

from __future__ import annotations

import datetime
import errno
import logging
import platform
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..errors import AccessError, FormError, JobCancelled, JobFailed, LaunchError, LaunchRefused, QueryError
from ..job_record import DONE, FAILED
from ..session import as_server_error

logger = logging.getLogger(__name__)

#: Errors whose text is written for the user.
_FOR_USERS = (QueryError, AccessError, FormError, LaunchError, LaunchRefused)
#: A full disk, or a used-up quota, which Windows does not know.
_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: status and description of its Job, and the files to attach.

    *detail* is the traceback of an exception nobody expected, without the key. *cancelled* means that the run
    was told to stop, so the server's status stands if it is a final one.
    """

    status: str
    description: str
    files: tuple[Path, ...] = ()
    detail: str = ""
    cancelled: bool = False


def done(text: str | None, files: tuple[Path, ...]) -> Outcome:
    """Return the outcome of a `run` that returned *text*."""
    return Outcome(DONE, text or errors.DONE, files)


def outcome_of(
    error: BaseException,
    *,
    title: str,
    identifier: str,
    key: str,
    scrub: Callable[[str], str],
    headless: bool = False,
) -> Outcome:
    """Return the outcome of a run that ended with *error*; *key* and *scrub* keep the API key out of it."""
    if isinstance(error, JobCancelled):
        return Outcome(FAILED, error.reason, cancelled=True)
    if isinstance(error, JobFailed):
        return Outcome(FAILED, scrub(error.message))
    full = _full_disk(error)
    if full is not None:
        path = full.filename if isinstance(full.filename, str) else "temporary files"
        return Outcome(FAILED, errors.DISK_FULL.format(host=platform.node(), path=path))
    if isinstance(error, _FOR_USERS):
        return Outcome(FAILED, scrub(str(error)))
    server_error = as_server_error(error, key)
    if server_error is not None:
        return Outcome(FAILED, scrub(str(server_error)))
    sentence = errors.UNEXPECTED_HEADLESS if headless else errors.UNEXPECTED
    return Outcome(
        FAILED,
        scrub(sentence.format(title=title, error=_named(error, scrub))),
        detail=scrub(_head(title, identifier) + _trace(error)),
    )


def _full_disk(error: BaseException) -> OSError | None:
    """Return what the operating system said, behind *error*, about no room being left; None without."""
    for each in chain(error):
        if isinstance(each, OSError) and each.errno in _NO_ROOM:
            return each
    return None


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what led to it.

    *Source*: `ftrack_api.entity.location` wraps whatever happens in an upload and keeps it in `details`.
    """
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        details = getattr(each, "details", None)
        inner = details.get("error") if isinstance(details, dict) else None
        waiting += [
            next_ for next_ in (each.__cause__, each.__context__, inner) if isinstance(next_, BaseException)
        ]


def _named(error: BaseException, scrub: Callable[[str], str]) -> str:
    text = " ".join(str(error).split()) if _has_text(error) else ""
    # Cut after the key is gone: half of a key would be found by nobody.
    text = scrub(text)[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _has_text(error: BaseException) -> bool:
    try:
        return bool(str(error))
    except Exception:  # noqa: BLE001 - the client's own errors can fail to be text (protocol reference 1.4)
        return False


def _head(title: str, identifier: str) -> str:
    when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return errors.TRACEBACK_HEAD.format(
        title=title,
        identifier=identifier,
        when=when,
        host=platform.node(),
        python=platform.python_version(),
    )


def _trace(error: BaseException) -> str:
    # Without local variables: they hold what people typed, and keys.
    try:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    except Exception:  # noqa: BLE001 - see `_has_text`
        return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + "\n"
