"""Speaks to the control of a fleet that runs, from another process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulator.errors import ControlError

TIMEOUT_S = 30.0
SHOWN = 300


class ControlClient:
    """One fleet's control, by its URL and token. Every method raises ControlError with a sentence."""

    def __init__(self, url: str, token: str) -> None:
        if "," in url:
            raise ControlError(
                "--control: one URL was wanted: a fleet in several processes has a control for each, which "
                f"knows the devices of that process; one of {url[:SHOWN].replace(',', ', ')}."
            )
        if not _is_url(url):
            raise ControlError(
                f"--control: the URL of a ready line (control=…) was wanted, not {url[:80]!r}."
            )
        self._url = url.rstrip("/")
        self._token = token
        # Without any proxy: the control is on this machine or near it, and the token is for it alone.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._answer("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._answer("POST", path, json.dumps(body).encode())

    def delete(self, path: str) -> dict[str, Any]:
        return self._answer("DELETE", path)

    def text(self, path: str) -> str:
        return self._fetched("GET", path, None).decode()

    def _answer(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        received = self._fetched(method, path, body)
        try:
            answer = json.loads(received)
        except ValueError as exc:
            raise ControlError(f"{self._url}: the control of a fleet was wanted there, not this.") from exc
        return dict(answer)

    def _fetched(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as exc:
            with exc:
                raise ControlError(_said(exc.read(), exc.code)) from exc
        except (OSError, HTTPException) as exc:
            why = getattr(exc, "reason", exc)
            raise ControlError(f"{self._url}: no control of a fleet answers there ({why}).") from exc


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is no number
        return False


def _said(received: bytes, status: int) -> str:
    """The sentence of a failure."""
    try:
        return str(json.loads(received)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the control answered {status}: {received[:SHOWN].decode(errors='replace')}"
