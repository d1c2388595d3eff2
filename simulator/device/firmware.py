"""Firmware updates over HTTP (contract, section 4: ``ota_ud``). Interpretations:

- INT-43: An order is acknowledged at once by ``OTA_PROGRESS`` with ``pyd`` ``0``; the ``pyd`` of the others
  is the percentage, at every 10 %, and 100 when the image is verified. ``OTA_COMPLETE`` has the new version
  as ``pyd``, ``OTA_FAILED`` the file's name and a short reason.
- INT-44: The image is at ``otaURL`` and ``bin``, with a slash between them unless ``otaURL`` ends in one or
  has a query. ``bin`` is a file name, and no path: anything else fails at once.
- INT-45: The same order again while it is under way is acknowledged again; another one then fails with
  ``busy``.
- INT-46: A board takes only images that are for its firmware's name. The same version may be installed
  again.
- INT-47: A new version is on trial until the board is connected with it: then comes ``OTA_COMPLETE``, after
  the events of a restart. If it does not start, gets no connection within a minute or loses power before,
  the board returns to the version before and says ``OTA_FAILED`` when it is back.
- INT-48: A restart, new connection values and a power loss end a download with ``OTA_FAILED``; a lock, other
  configuration and a broker that is away do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from simulator.device.board import Board
from simulator.device.effects import Disconnect, Download, Effect, Note, Save, StopDownload
from simulator.device.image import Image
from simulator.device.installation import Installation, Phase
from wire.orders import FirmwareOrder

LIMIT_BYTES = 4 * 1024 * 1024
TIMEOUT_MS = 120_000
CONFIRM_MS = 60_000
STEP = 10

_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.+-]{0,63}")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of an image has come; ``total`` is None where the server does not say."""

    received: int
    total: int | None


def load(board: Board, order: FirmwareOrder, now_ms: int) -> list[Effect]:
    """Begin a download, unless one is under way."""
    memory, binary = board.memory, order.binary
    if not _FILE.fullmatch(binary):
        return [_failed(board, f"{binary[:_SHOWN]!a}: a file name was wanted", now_ms)]
    running = memory.installation
    if running is not None and running.binary == binary:
        return [_progress(board, board.percent, now_ms)]
    if running is not None:
        return [_failed(board, f"{binary}: busy with {running.binary}", now_ms)]
    version = str(memory.values("app")["version"])
    memory.installation = Installation(binary, Phase.LOADING, version)
    board.percent = 0
    url = _url(str(memory.values("ota")["otaURL"]), binary)
    begun = Note("=", "update", {"bin": binary, "from": version})
    return [Save(memory), begun, _progress(board, 0, now_ms), Download(url, LIMIT_BYTES, TIMEOUT_MS)]


def progress(board: Board, made: Progress, now_ms: int) -> list[Effect]:
    """Tell every tenth part of a download."""
    if not made.total:
        return []
    percent = min(made.received * 100 // made.total // STEP * STEP, 100 - STEP)
    if percent <= board.percent:
        return []
    board.percent = percent
    return [_progress(board, percent, now_ms)]


def progress_unheard(_: Board, __: Progress, ___: int) -> list[Effect]:
    return []


def fail(board: Board, why: str, now_ms: int) -> list[Effect]:
    """The image did not come, or is not sound: the old version stays."""
    running, board.memory.installation = board.memory.installation, None
    binary = "" if running is None else f"{running.binary}: "
    return [Save(board.memory), _note(why), _failed(board, f"{binary}{why}", now_ms)]


def fail_unheard(board: Board, why: str, _: int) -> list[Effect]:
    """As `fail`, without a connection: it is told later."""
    if board.memory.installation is not None:
        board.memory.installation = board.memory.installation.failed(why)
    return [Save(board.memory), _note(why)]


def install(board: Board, image: Image, now_ms: int) -> list[Effect]:
    """The image is sound: restart into it."""
    done = _progress(board, 100, now_ms)
    return [done, Disconnect(clean=True, reason="update"), *install_unheard(board, image, now_ms)]


def install_connecting(board: Board, image: Image, now_ms: int) -> list[Effect]:
    return [Disconnect(clean=False, reason="update"), *install_unheard(board, image, now_ms)]


def install_unheard(board: Board, image: Image, now_ms: int) -> list[Effect]:
    memory = board.memory
    running = memory.installation or Installation("", Phase.LOADING, str(memory.values("app")["version"]))
    board.restarted, board.play_ms, board.fall_back_ms = True, None, None
    if image.starts:
        memory.install(image.version)
        memory.installation = replace(running, phase=Phase.ON_TRIAL)
        board.due_ms = now_ms + board.boot_ms
        board.confirm_ms = board.due_ms + CONFIRM_MS
        return [Save(memory), Note("=", "update", {"version": image.version})]
    memory.installation = running.failed(f"{image.version} does not start")
    board.due_ms = now_ms + 2 * board.boot_ms  # once into what does not start, once into what does
    return [Save(memory), _note(memory.installation.why)]


def roll_back(board: Board, _: object, now_ms: int) -> list[Effect]:
    """The new version got no connection: back to the one before."""
    board.confirm_ms = board.fall_back_ms = board.play_ms = None
    board.restarted, board.due_ms = True, now_ms + board.boot_ms
    return _rolled_back(board, "got no connection")


def roll_back_connecting(board: Board, _: object, now_ms: int) -> list[Effect]:
    return [Disconnect(clean=False, reason="roll-back"), *roll_back(board, None, now_ms)]


def stop(board: Board, why: str, now_ms: int) -> list[Effect]:
    """End a download that is under way, and say so while there is a connection."""
    if not is_loading(board):
        return []
    return [StopDownload(why), *fail(board, why, now_ms)]


def cut_off(board: Board) -> list[Effect]:
    """The power is gone, and the download with it; the NVS still says that one was under way."""
    return [StopDownload("power")] if is_loading(board) else []


def resume(board: Board) -> list[Effect]:
    """The power is back: what an update left behind is put in order."""
    running = board.memory.installation
    if running is None or running.phase is Phase.FAILED:
        return []
    if running.phase is Phase.ON_TRIAL:
        return _rolled_back(board, "lost power before it was connected")
    return fail_unheard(board, "power lost", 0)


def outcome(board: Board, now_ms: int) -> list[Effect]:
    """Connected: what came of an update is told, and over. A download goes on."""
    memory, running = board.memory, board.memory.installation
    board.confirm_ms = None
    if running is None or running.phase is Phase.LOADING:
        return []
    memory.installation = None
    if running.phase is Phase.FAILED:
        return [Save(memory), _failed(board, f"{running.binary}: {running.why}", now_ms)]
    version = str(memory.values("app")["version"])
    return [Save(memory), board.route().event("OTA_COMPLETE", board.stamp(now_ms), version)]


def is_loading(board: Board) -> bool:
    running = board.memory.installation
    return running is not None and running.phase is Phase.LOADING


def _rolled_back(board: Board, why: str) -> list[Effect]:
    memory, running = board.memory, board.memory.installation
    if running is None:
        return []
    version = memory.values("app")["version"]
    memory.installation = running.failed(f"{version} {why}")
    memory.install(running.before)
    return [Save(memory), _note(memory.installation.why)]


def _url(prefix: str, binary: str) -> str:
    whole = prefix.endswith("/") or bool(urlsplit(prefix).query)
    return f"{prefix}{binary}" if whole else f"{prefix}/{binary}"


def _progress(board: Board, percent: int, now_ms: int) -> Effect:
    return board.route().event("OTA_PROGRESS", board.stamp(now_ms), str(percent))


def _failed(board: Board, reason: str, now_ms: int) -> Effect:
    return board.route().event("OTA_FAILED", board.stamp(now_ms), reason)


def _note(why: str) -> Note:
    return Note("!", "update-failed", {"why": why})
