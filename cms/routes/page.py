"""``/`` and ``/page/…``: the operator's page, which lies in ``cms/page`` (design, rule 13).

Plain ES modules, which a browser asks about again at each load and gets only where they changed. A file is
read when somebody asks for it: an edit shows at the next load.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cms.routes.endpoint import Endpoint

FOLDER = Path(__file__).parents[1] / "page"
MEDIA: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing from elsewhere, nothing inline, and no text that is made into markup or code."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page as it is served."""

    body: bytes
    media: str
    tag: str


class PageRoutes:
    """Serves the files of ``folder``."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/", self.page, right=None),
            Endpoint("GET", "/page/{asset}", self.asset, right=None),
        ]

    async def page(self, request: Request) -> Response:
        return _answer(await self._asset("index.html"), request)

    async def asset(self, request: Request) -> Response:
        return _answer(await self._asset(request.path_params["asset"]), request)

    async def _asset(self, name: str) -> Asset:
        found = await asyncio.to_thread(_read, self._folder, name)
        if found is None:
            raise HTTPException(404)
        return found


def _read(folder: Path, name: str) -> Asset | None:
    """The file called ``name``: one of those that are there, so that no name leads out of the folder."""
    path = next((path for path in folder.iterdir() if path.name == name and path.suffix in MEDIA), None)
    if path is None:
        return None
    body = path.read_bytes()
    return Asset(body, MEDIA[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:24]}"')


def _answer(asset: Asset, request: Request) -> Response:
    headers = {"etag": asset.tag, "cache-control": "no-cache", "content-security-policy": POLICY}
    known = (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(","))
    if asset.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, headers=headers, media_type=asset.media)
