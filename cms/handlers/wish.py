"""What is ordered at which cabinets, as somebody asked for it (contract, section 7)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cms.actor import Actor
from cms.batch import Part
from cms.cabinet import Cabinet, ConfigChange
from cms.errors import RequestError
from cms.firmware import Firmware
from cms.handlers.orders import OrderRequest, checked
from cms.handlers.selection import MAX_PROBLEMS, Selection
from cms.install import Install
from cms.template import Version
from wire.errors import Problem
from wire.jsontext import to_bytes
from wire.redaction import redacted


@dataclass(frozen=True, slots=True)
class Wish:
    """``key`` is the caller's own name for the request: sent again, it is not done again.

    With a ``template``, of the name ``called``, each cabinet is ordered what it means there; with
    ``firmware`` each is told where its images are, and then to install that one.
    """

    selection: Selection
    order: OrderRequest
    key: str | None = None
    template: Version | None = None
    called: str = ""
    firmware: Firmware | None = None

    def order_for(self, cabinet: Cabinet) -> OrderRequest:
        return (
            self.order if self.template is None else replace(self.order, config=self.template.filled(cabinet))
        )

    def changes(self, cabinets: Sequence[Cabinet]) -> list[ConfigChange]:
        """What it changes at each, or one RequestError for everything that is wrong with it."""
        changes: list[ConfigChange] = []
        wrong: dict[str, tuple[Problem, ...]] = {}
        for cabinet in cabinets:
            try:
                changes.append(checked(self.order_for(cabinet), cabinet))
            except RequestError as exc:
                wrong[cabinet.id] = exc.problems
        if len(wrong) == len(cabinets) and len(set(wrong.values())) == 1:
            raise RequestError.of(wrong[cabinets[0].id])
        problems = [Problem(f"{key}: {one.field}", one.wanted) for key, some in wrong.items() for one in some]
        if problems:
            raise RequestError.of(problems[:MAX_PROBLEMS])
        return changes

    def parts(self, cabinets: Sequence[Cabinet]) -> tuple[Part, ...]:
        """A batch's parts, nothing of them stored yet."""
        firmware = self.firmware
        if firmware is None:
            return tuple(Part(cabinet.id) for cabinet in cabinets)
        return tuple(
            Part(cabinet.id, install=Install(cabinet.relay_id, firmware.version)) for cabinet in cabinets
        )

    def batch_id(self, actor: Actor, now_ms: int) -> str:
        """The same for the same key of the same user."""
        if self.key is None:
            return f"b-{now_ms:x}-{secrets.token_hex(4)}"
        return f"b-{hashlib.sha256(f'{actor.user} {self.key}'.encode()).hexdigest()[:24]}"

    def document(self) -> dict[str, Any]:
        """What is ordered, secrets masked."""
        order, template = self.order, self.template
        config = order.config if template is None else template.config
        given = {"smibConfig": config, "smibVersion": order.version, "machineControl": order.command}
        origin = {} if template is None else {"template": self.called, "version": template.number}
        firmware = {} if self.firmware is None else {"firmware": self.firmware.order()}
        shown: dict[str, Any] = redacted({name: one for name, one in given.items() if one is not None})
        return {**origin, **firmware, **shown}

    def digest(self) -> str:
        """Of everything that was wanted, under the key: not to be undone by who reads it."""
        if self.key is None:
            return ""
        order, selection = self.order, self.selection
        listed = list(selection.cabinet_ids or ())
        version = 0 if self.template is None else self.template.number
        whole: list[Any] = [selection.to_document(), listed, order.config, order.version, order.command]
        whole += [self.called, version, self.firmware and self.firmware.order()]
        return hashlib.sha256(self.key.encode() + to_bytes({"wish": whole})).hexdigest()
