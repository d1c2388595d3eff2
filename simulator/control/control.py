"""The control of one fleet: made before the fleet, so that it hears all of it, and served when it runs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from simulator.control.app import control_app
from simulator.control.handlers import Handlers
from simulator.control.options import ControlOptions
from simulator.control.recorder import Recorder
from simulator.control.server import ControlServer, listen, url_of
from simulator.deadlines import steady_clock
from simulator.fleet.fleet import Fleet
from simulator.fleet.tally import Tally
from simulator.session.surroundings import Tell


class Control:
    """`hook` is to be told what the fleet's hook is told. `url` is known once it is claimed."""

    def __init__(self, options: ControlOptions, tally: Tally | None = None) -> None:
        """Claim the port; ControlError where that can't be. A `tally` is told by its owner; where there is
        none, the control has one of its own.
        """
        self._options = options
        self._clock = steady_clock()
        self._recorder = Recorder(self._clock)
        self._tally, self._tells_tally = tally or Tally(), tally is None
        self._listener: socket.socket | None = listen(options.host, options.port)
        self._server: ControlServer | None = None
        self.url = url_of(self._listener)

    def hook(self, also: Tell | None = None) -> Tell:
        """What the fleet is to tell everything; `also` is told it too."""
        tells: list[Tell] = [self._recorder.tell]
        if self._tells_tally:
            tells.append(self._tally.tell)
        if also is not None:
            tells.append(also)

        def all_of_them(relay_id: str, kind: str, facts: Mapping[str, Any]) -> None:
            for tell in tells:
                tell(relay_id, kind, facts)

        return all_of_them

    def start(self, fleet: Fleet, out: TextIO | None = None) -> None:
        """Answer from now on. A token that was generated is told once, on `out` (stderr)."""
        assert self._listener is not None, "a control is started once, and before it is stopped"
        handlers = Handlers(fleet, self._recorder)
        token = self._options.token
        app = control_app(fleet, handlers, lambda: self._tally.reading(fleet), token, self._clock)
        self._server = ControlServer(app)
        self._server.start(self._listener)
        if self._tells_tally:
            self._tally.watch(fleet.deadlines)
        if self._options.generated:
            print(f"= control url={self.url} token={self._options.token}", file=out or sys.stderr, flush=True)

    async def stop(self) -> None:
        """Let go of the port, whether it was started or not."""
        if self._tells_tally:
            self._tally.unwatch()
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
