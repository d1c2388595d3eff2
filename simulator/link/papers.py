"""What one device shows its broker that is its own: user name, password, certificate, where it comes from.

It was given them with its board, like the key in a secure element: no configuration that a CMS sees has them.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace

from simulator.device.link import Certificate, LinkSettings
from simulator.link.link import Link, LinkListener


@dataclass(frozen=True, slots=True)
class Papers:
    """What is None is as the device's settings say."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate: Certificate | None = None
    source: str | None = None

    def settings(self, wanted: LinkSettings) -> LinkSettings:
        """The connection that a device with these papers makes where it would make `wanted`; a user name that
        it was configured with is its own choice, and stays.
        """
        address = wanted.address
        if self.username is not None and not address.username:
            address = replace(address, username=self.username, password=self.password or "")
        return replace(wanted, address=address, certificate=self.certificate, source=self.source)


class PaperedLink:
    """One device's link; see `simulator.link.link.Link`. Its papers are shown at each connect."""

    __slots__ = ("_inner", "_papers")

    def __init__(self, inner: Link, papers: Papers) -> None:
        self._inner = inner
        self._papers = papers

    def open(self, settings: LinkSettings, listener: LinkListener) -> None:
        self._inner.open(self._papers.settings(settings), listener)

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> bool:
        return self._inner.publish(topic, payload, qos, retain)

    def close(self, *, clean: bool) -> None:
        self._inner.close(clean=clean)

    def freeze(self, frozen: bool) -> None:
        self._inner.freeze(frozen)

    async def closed(self) -> None:
        await self._inner.closed()


def load_certificate(tls: ssl.SSLContext, one: Certificate) -> None:
    """Let the connections that are made with `tls` from now on, until the next certificate, show this one.

    OpenSSL copies it into each connection, so that a fleet needs one context for all its certificates.
    ssl.SSLError, OSError or ValueError for files that are not what they should be; nobody is asked for the
    password of a key.
    """
    tls.load_cert_chain(one.cert, one.key, password=lambda: "")
