"""Whom a connection over TLS trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from simulator.errors import LinkError


def trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    """A TLS context that trusts the certificates in a file; None for the system's own."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as exc:
        raise LinkError("no TLS", f"--ca-file {ca_file}: certificates in PEM were wanted ({exc}).") from exc
