# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS double as one thing: it serves AWS calls and its own control paths on one socket."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Any

# moto loads a thousand machine images into each region otherwise; nothing here starts an instance.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from . import profiles
from .answering import answer
from .authorizing import demands
from .call import Call, understand
from .control import PREFIX, Control, Handler
from .ec2 import backend
from .errors import Reply, refusal
from .fault_kinds import Fault
from .gate import Gate, denied, throttled
from .planned import EITHER, Plan
from .record import Record
from .route53 import zones
from .server import Handler as Server
from .server import Serving
from .settings import Settings
from .world import WORLD


class Double:
    """One per process, because moto's state belongs to the process."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._initial = settings or Settings()
        self.record = Record()
        self.gate = Gate()
        self._control = Control(self)
        self._serving: Serving | None = None
        self.reset()

    @property
    def settings(self) -> Settings:
        return WORLD.settings

    @property
    def url(self) -> str:
        if self._serving is None:
            raise RuntimeError("the double does not serve yet")
        return self._serving.url

    def serve(self, sock: socket.socket, beside: Mapping[str, Server] | None = None) -> None:
        """Starts answering on a bound and listening socket, in the background; ``beside`` answers its own paths there."""
        servers = dict(beside or {})

        def handle(environ: dict[str, Any], body: bytes) -> Reply | None:
            path = str(environ["PATH_INFO"])
            other = next((server for prefix, server in servers.items() if path.startswith(prefix)), self.handle)
            return other(environ, body)

        self._serving = Serving(sock, handle)

    def close(self) -> None:
        if self._serving is not None:
            self._serving.close()
            self._serving = None

    def reset(self) -> None:
        """Back to an empty AWS with the settings this double was made with."""
        with WORLD.lock:
            WORLD.settings.take(self._initial)
            backend.reset()
            zones.reset()
            profiles.reset()
            WORLD.ahead = 0.0
            WORLD.draws.clear()
            WORLD.ends.clear()
        self.gate.reset()
        self.record.clear()

    def control(self, path: str, handler: Handler) -> None:
        """Adds a path below /_lab/; the handler gets "METHOD path" and the body, and gives a status and JSON."""
        self._control.add(path, handler)

    def handle(self, environ: dict[str, Any], body: bytes) -> Reply | None:
        """The answer to one HTTP request, or None where the connection is to be closed without one."""
        path = str(environ["PATH_INFO"])
        if path.startswith(PREFIX):
            return self._control.answer(str(environ["REQUEST_METHOD"]), path, body)
        call = understand(environ, body)
        if call is None:
            return refusal("sts", "MissingAuthenticationToken", "Request is missing Authentication Token")
        entry = self.record.add(call, demands(call))
        if longest := WORLD.settings.latency_seconds:
            time.sleep(longest * WORLD.draw("latency", call.account, call.name))
        reply = self._pass(call)
        if reply is not None:
            entry.status, entry.code = reply.status, reply.code
        return reply

    def _pass(self, call: Call) -> Reply | None:
        plan = self.gate.fault(call)
        if plan is None:
            return self.gate.refuse(call) or answer(call)
        time.sleep(plan.seconds)
        if plan.early:
            return None if plan.fault is Fault.LOST_REQUEST else _in_advance(plan, call)
        reply = self.gate.refuse(call) or answer(call)
        if plan.fault is Fault.LOST_REPLY:
            return None
        return plan.instead(call) if plan.fault in EITHER else plan.spoiled(reply)


def _in_advance(plan: Plan, call: Call) -> Reply:
    if plan.fault is Fault.THROTTLED:
        return throttled(call)
    return denied(call) if plan.fault is Fault.REFUSED else plan.instead(call)
