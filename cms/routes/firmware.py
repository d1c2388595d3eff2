"""``/api/firmware``: the directory of firmware versions, and their installation (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from cms.firmware import FIELDS
from cms.handlers.batches import Batches
from cms.handlers.firmware import Directory
from cms.handlers.orders import OrderRequest
from cms.handlers.wish import Wish
from cms.role import Right
from cms.routes.actor import actor_of
from cms.routes.answer import answer
from cms.routes.batches import WHICH, given, idempotency_key, selection_of
from cms.routes.body import read_object
from cms.routes.endpoint import Endpoint
from cms.routes.firmware_operations import INSTALL, LIST, PUT, READ, REMOVE
from cms.routes.form import Form, cabinet_id
from wire.components import OTA

PATH = "/api/firmware"


class FirmwareRoutes:
    """Keeps the directory, and installs from it."""

    def __init__(self, directory: Directory, batches: Batches) -> None:
        self._directory = directory
        self._batches = batches

    def endpoints(self) -> list[Endpoint]:
        one = f"{PATH}/{{version}}"
        return [
            Endpoint("GET", PATH, self.all, LIST, Right.READ),
            Endpoint("GET", one, self.one, READ, Right.READ),
            Endpoint("PUT", one, self.put, PUT, Right.MANAGE, whole=True),
            Endpoint("DELETE", one, self.remove, REMOVE, Right.MANAGE, whole=True),
            Endpoint("POST", f"{one}/install", self.install, INSTALL, Right.ORDER, sends=True),
        ]

    async def all(self, _request: Request) -> Response:
        found = await self._directory.all()
        return answer(data=[one.to_document() for one in found], count=len(found))

    async def one(self, request: Request) -> Response:
        return answer(data=(await self._directory.one(_version(request))).to_document())

    async def put(self, request: Request) -> Response:
        version = _version(request)
        fields = await read_object(request)
        Form(fields, FIELDS)
        firmware = await self._directory.put(version, fields, actor_of(request))
        return answer(data=firmware.to_document())

    async def remove(self, request: Request) -> Response:
        version = _version(request)
        await self._directory.remove(version, actor_of(request))
        return answer(version=version)

    async def install(self, request: Request) -> Response:
        version = _version(request)
        fields = await read_object(request)
        Form(fields, WHICH)
        firmware = await self._directory.one(version)
        order = OrderRequest(config={OTA.name: {"otaURL": firmware.ota_url}})
        wish = Wish(selection_of(fields), order, idempotency_key(request), firmware=firmware)
        return await given(request, self._batches, wish)


def _version(request: Request) -> str:
    return cabinet_id(request.path_params["version"], "version")
