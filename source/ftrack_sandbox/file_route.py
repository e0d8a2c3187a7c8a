"""The HTTP paths behind components: uploads, downloads, removal and thumbnails.

Two ways lead to a file: with credentials in the query (`/component/...`, as the Python client
asks) and by a signed address that needs none (`/file`, `/thumbnail`, `/upload`).
Source: protocol reference 1.9, 8.2, 8.4, 8.5.
"""

import base64
import dataclasses
import logging
import mimetypes
import pathlib
from collections.abc import Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from ftrack_sandbox.access import Caller
from ftrack_sandbox.api.files import component_name
from ftrack_sandbox.api.operation import Services
from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.picture import default_picture, fit
from ftrack_sandbox.storage import Upload
from ftrack_sandbox.urls import Urls

_log = logging.getLogger(__name__)

#: Bytes gathered before they are written, so that a large upload costs few changes of thread.
_GATHER_BYTES = 1 << 20

#: Side of the largest thumbnail, in pixels (assumed).
LARGEST_THUMBNAIL = 4096


@dataclasses.dataclass(frozen=True)
class Found:
    """A component's file and the name it is downloaded under."""

    path: pathlib.Path
    name: str


class FileRoutes:
    """The handlers, on one server's services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._urls = Urls("", services.urls_secret)

    @property
    def routes(self) -> list[Route]:
        """The paths and what answers them."""
        return [
            Route("/upload", self.upload, methods=["PUT"]),
            Route("/upload/part", self.upload_part, methods=["PUT"]),
            Route("/file", self.signed_file),
            Route("/thumbnail", self.signed_thumbnail),
            Route("/component/get", self.get),
            Route("/component/remove", self.remove),
            Route("/component/thumbnail", self.thumbnail),
            Route("/img/thumbnail2.png", self.default_picture),
        ]

    async def upload(self, request: Request) -> Response:
        """Take a component's data, streamed to disk; 400 when it is not what was declared."""
        query = self._signed_query(request)
        declared = int(query["size"])
        given = request.headers.get("content-length")
        if given is not None and given != str(declared):
            raise HTTPException(400, f"{given} bytes announced, but {declared} were declared.")
        try:
            with self._services.storage.upload(query["id"]) as upload:
                await _receive(request, upload, declared)
                if upload.size != declared:
                    raise HTTPException(400, f"Only {upload.size} of {declared} bytes came.")
                _check_digest(upload, request.headers.get("content-md5"), query.get("checksum"))
                await run_in_threadpool(upload.keep)
        except ClientDisconnect:
            return Response(status_code=400)
        except OSError as error:
            _log.error("an upload could not be stored: %s", error)
            raise HTTPException(507, "The file could not be stored.") from error
        return _tagged(upload.md5.hex())

    async def upload_part(self, request: Request) -> Response:
        """Take one part of an upload in parts; 404 when that upload has ended.

        How long each part is nobody declared: no longer than the whole. Source: protocol reference 8.3.
        """
        query = self._signed_query(request)
        number = int(query["part"])
        parts = self._services.storage.parts(query["upload"])
        if parts is None:
            raise HTTPException(404, "This upload has ended.")
        try:
            with parts.begin(number) as upload:
                await _receive(request, upload, parts.size)
                _check_digest(upload, request.headers.get("content-md5"))
                tag = await run_in_threadpool(parts.keep, number, upload)
        except ClientDisconnect:
            return Response(status_code=400)
        except OSError as error:
            _log.error("a part of an upload could not be stored: %s", error)
            raise HTTPException(507, "The part could not be stored.") from error
        return _tagged(tag)

    async def signed_file(self, request: Request) -> Response:
        """Answer a component's data to whoever has its signed address."""
        query = self._signed_query(request)
        return _download(await run_in_threadpool(self._find, query["id"], None))

    async def signed_thumbnail(self, request: Request) -> Response:
        """Answer a component's picture to whoever has its signed address."""
        query = self._signed_query(request)
        return await run_in_threadpool(self._picture, query["id"], None, query.get("size"))

    async def get(self, request: Request) -> Response:
        """Answer a component's data; 401 for wrong credentials, 404 for what the caller does not see."""
        return _download(await run_in_threadpool(self._find_for, request.query_params))

    async def remove(self, request: Request) -> Response:
        """Remove a component's data; its row stays. Removing twice is no error (assumed)."""

        def remove(query: Mapping[str, str]) -> None:
            component_id = _id_of(query)
            self._name(component_id, self._caller(query))
            self._services.storage.remove(component_id)

        await run_in_threadpool(remove, request.query_params)
        return PlainTextResponse("removed")

    async def thumbnail(self, request: Request) -> Response:
        """Answer a component's picture, fitted into a square of `size` pixels, never scaled up."""

        def draw(query: Mapping[str, str]) -> Response:
            return self._picture(_id_of(query), self._caller(query), query.get("size"))

        return await run_in_threadpool(draw, request.query_params)

    async def default_picture(self, request: Request) -> Response:
        """Answer the picture of whatever has none."""
        return Response(default_picture(300), media_type="image/png")

    def _signed_query(self, request: Request) -> dict[str, str]:
        query = dict(request.query_params)
        if not self._urls.allows(request.url.path, query):
            raise HTTPException(403, "This address is not valid, or no longer.")
        return query

    def _caller(self, query: Mapping[str, str]) -> Caller:
        try:
            return self._services.access.authenticate(query.get("username"), query.get("apiKey"))
        except InvalidCredentials as error:
            raise HTTPException(401, error.content) from error

    def _find_for(self, query: Mapping[str, str]) -> Found:
        return self._find(_id_of(query), self._caller(query))

    def _find(self, component_id: str, caller: Caller | None) -> Found:
        name = self._name(component_id, caller)
        path = self._services.storage.path(component_id)
        if not path.is_file():
            raise HTTPException(404, "This component has no data here.")
        return Found(path, name)

    def _name(self, component_id: str, caller: Caller | None) -> str:
        """Return the file name of the component's row; 404 when *caller* does not see that row.

        Without a caller the row is not looked at through anybody's eyes.
        """
        found = component_name(self._services.store, self._services.access, component_id, caller)
        if found is None:
            raise HTTPException(404, "There is no such component.")
        return _file_name(*found)

    def _picture(self, component_id: str, caller: Caller | None, size: str | None) -> Response:
        side = _side(size)
        found = self._find(component_id, caller)
        drawn = fit(found.path, side)
        if drawn is None:
            return Response(default_picture(side or 300), media_type="image/png")
        data, media_type = drawn
        return Response(data, media_type=media_type, headers={"Cache-Control": "private, max-age=60"})


def _id_of(query: Mapping[str, str]) -> str:
    component_id = query.get("id")
    if not component_id:
        raise HTTPException(400, "The query needs an id.")
    return component_id


def _tagged(tag: str) -> Response:
    """Browsers read the tag of an upload. Source: protocol reference 8.3."""
    return Response(headers={"ETag": f'"{tag}"'})


async def _receive(request: Request, upload: Upload, declared: int) -> None:
    """Write the request's body; 400 as soon as it is longer than declared."""
    gathered = bytearray()
    async for block in request.stream():
        if upload.size + len(gathered) + len(block) > declared:
            raise HTTPException(400, f"More than the declared {declared} bytes came.")
        gathered += block
        if len(gathered) >= _GATHER_BYTES:
            await run_in_threadpool(upload.write, bytes(gathered))
            gathered.clear()
    if gathered:
        await run_in_threadpool(upload.write, bytes(gathered))


def _check_digest(upload: Upload, *wanted: str | None) -> None:
    digest = base64.b64encode(upload.md5).decode("ascii")
    if any(each is not None and each.strip() != digest for each in wanted):
        raise HTTPException(400, "The file's MD5 is not the one declared.")


def _file_name(name: str | None, file_type: str | None) -> str:
    """The name of a download: component name and file type. Source: protocol reference 7.2."""
    ending = (file_type or "").lstrip(".")
    whole = f"{name or 'component'}.{ending}" if ending else name or "component"
    # Neither folders nor line ends; whatever else a file system forbids is known to the browser.
    cleaned = "".join("_" if each in '/\\:"' or not each.isprintable() else each for each in whole)
    return cleaned.strip(" .") or "component"


def _download(found: Found) -> Response:
    plain = found.name.encode("ascii", "replace").decode("ascii").replace("?", "_").replace("%", "_")
    whole = quote(found.name, safe="")
    headers = {
        # The first form is for clients that do not know the second (RFC 6266, RFC 5987).
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}",
        "X-Content-Type-Options": "nosniff",
    }
    media_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    return FileResponse(found.path, media_type=media_type, headers=headers)


def _side(size: str | None) -> int | None:
    if not size:
        return None
    if not (size.isascii() and size.isdigit() and len(size) <= 5 and 0 < int(size) <= LARGEST_THUMBNAIL):
        raise HTTPException(400, f"size must be a number of pixels from 1 to {LARGEST_THUMBNAIL}.")
    return int(size)
