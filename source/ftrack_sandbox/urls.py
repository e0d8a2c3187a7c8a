"""Addresses of the server's own files, signed so that they work without credentials.

Source: protocol reference 7.2, 8.2. How long a real signed URL stays valid is unknown; assumed
short (ten minutes), so that nobody comes to keep one.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode

#: Seconds for which a signed address works.
VALID_S = 600

#: The same for the address of a widget. Source: protocol reference 2.1.
WIDGET_VALID_S = 360


class Urls:
    """Makes and checks the signed addresses of one server."""

    def __init__(self, base: str, secret: bytes) -> None:
        self.base = base.rstrip("/")
        self._secret = secret

    def upload(self, component_id: str, size: int, checksum: str | None = None) -> str:
        """Address to PUT a component's data to: *size* bytes, with the base64 MD5 *checksum* if given."""
        query = {"id": component_id, "size": str(size)}
        if checksum is not None:
            query["checksum"] = checksum
        return self._signed("/upload", query)

    def part(self, upload_id: str, number: int) -> str:
        """Address to PUT one part of an upload in parts to."""
        return self._signed("/upload/part", {"upload": upload_id, "part": str(number)})

    def widget(self, query: Mapping[str, str]) -> str:
        """Address of a page for a frame in somebody's application; *query* tells what it shows."""
        return self._signed("/widget", query, WIDGET_VALID_S)

    def download(self, component_id: str) -> str:
        """Address of a component's data."""
        return self._signed("/file", {"id": component_id})

    def thumbnail(self, component_id: str, size: int = 300) -> str:
        """Address of a component's picture, fitted into a square of *size* pixels."""
        return self._signed("/thumbnail", {"id": component_id, "size": str(size)})

    def allows(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether *query* carries a signature for *path* that is right and not yet expired."""
        expires = query.get("expires", "")
        named = {name: value for name, value in query.items() if name != "signature"}
        given = query.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(self._signature(path, named).encode(), given):
            return False
        return expires.isascii() and expires.isdigit() and int(expires) >= time.time()

    def _signed(self, path: str, query: Mapping[str, str], valid_s: int = VALID_S) -> str:
        query = {**query, "expires": str(int(time.time()) + valid_s)}
        query["signature"] = self._signature(path, query)
        return f"{self.base}{path}?{urlencode(query, quote_via=quote)}"

    def _signature(self, path: str, query: Mapping[str, str]) -> str:
        text = path + "?" + urlencode(sorted(query.items()))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
