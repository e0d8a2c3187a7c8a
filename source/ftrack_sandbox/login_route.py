"""`GET /user/api_credentials`: how Connect's login by browser gets at a key.

A real site asks the person at the browser to log in, and then sends it back to the waiting program.
Here nobody can log in: the service user does, or whoever is named by `username` (assumed), with a
personal key made for the purpose. Source: protocol reference 1.9.
"""

import ipaddress
import threading
from urllib.parse import quote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ftrack_sandbox.access import Access
from ftrack_sandbox.errors import InvalidCredentials


class LoginRoute:
    """The handler, on one server's users. *api_user* logs in where nobody is named."""

    def __init__(self, access: Access, api_user: str) -> None:
        self._access = access
        self._api_user = api_user
        self._lock = threading.Lock()
        #: The key that each user got here last. The database knows only digests, and a new key ends
        #: the one before, so a second login must not log out the first.
        self._told: dict[str, str] = {}

    @property
    def routes(self) -> list[Route]:
        """The path and what answers it."""
        return [Route("/user/api_credentials", self.answer)]

    async def answer(self, request: Request) -> Response:
        """Send the browser to `redirect_url` with `api_user` and `api_key` in the query.

        400 for an address that is not this computer's, 403 for whoever is not somebody's browser
        on this computer that was sent here on purpose, 404 for an unknown or inactive user.
        """
        _check_local(request)
        query = request.query_params
        target = _local_target(query.get("redirect_url", ""))
        username = query.get("username") or self._api_user
        key = await run_in_threadpool(self._key, username)
        credentials = urlencode({"api_user": username, "api_key": key})
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(f"{target}{credentials}", 302, headers)

    def _key(self, username: str) -> str:
        with self._lock:
            try:
                self._access.authenticate(username, self._told.get(username))
            except InvalidCredentials:
                self._told[username] = self._made(username)
            return self._told[username]

    def _made(self, username: str) -> str:
        try:
            return self._access.make_key(username)
        except InvalidCredentials as error:
            raise HTTPException(404, error.content) from error


def _check_local(request: Request) -> None:
    """Let in who came here by an address typed or opened on this computer, and no script.

    There is no password between a key and whoever asks. Other computers must not get one, and a
    web page that happens to be open must neither fetch the address, whereupon it could read where
    that leads, nor reach it under a name of its own.
    """
    headers = request.headers
    client = request.client.host if request.client is not None else ""
    by_script = "origin" in headers or headers.get("sec-fetch-mode", "navigate") != "navigate"
    if by_script or not _is_loopback(client) or not _is_loopback(request.url.hostname or ""):
        raise HTTPException(403, "Keys are told to a browser on this computer only.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _local_target(text: str) -> str:
    """Return the address up to where the credentials go; put together anew, so that all read it alike."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme != "http" or not _is_loopback(host):
        raise HTTPException(400, "redirect_url must be an http address of this computer.")
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port is not None else ""
    path, query = quote(parts.path or "/", "/%:@"), quote(parts.query, "=&%+/:@")
    return f"http://{place}{path}?{query}&" if query else f"http://{place}{path}?"
