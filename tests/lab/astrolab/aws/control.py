# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test says to the double itself, as JSON below /_lab/: settings, faults, calls, services, endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import profiles
from .ec2 import endpoints, services
from .errors import Reply
from .planned import planned
from .world import WORLD

if TYPE_CHECKING:
    from .double import Double

PREFIX = "/_lab/"
Handler = Callable[[str, bytes], tuple[int, object]]


class Control:
    """Finds the handler of a path; the longest registered beginning wins."""

    def __init__(self, double: Double) -> None:
        self._double = double
        self._handlers: dict[str, Handler] = {}
        for path, handler in (
            ("calls", self._calls),
            ("settings", self._settings),
            ("faults", self._faults),
            ("clock", self._clock),
            ("settle", self._settle),
            ("reset", self._reset),
            ("services", self._services),
            ("endpoints/", self._endpoints),
            ("profiles", self._profiles),
        ):
            self.add(PREFIX + path, _in_json(handler))

    def add(self, path: str, handler: Handler) -> None:
        self._handlers[path if path.startswith(PREFIX) else PREFIX + path.lstrip("/")] = handler

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        known = [each for each in self._handlers if path.startswith(each)]
        if not known:
            return _json(404, {"error": f"no such control: {path}"})
        handler = self._handlers[max(known, key=len)]
        try:
            status, content = handler(f"{method} {path}", body)
        except (ValueError, TypeError, KeyError) as wrong:
            return _json(400, {"error": f"{type(wrong).__name__}: {wrong}"})
        return _json(status, content)

    def _calls(self, method: str, _path: str, _content: Any) -> object:
        if method == "DELETE":
            self._double.record.clear()
        return self._double.record.summary()

    def _settings(self, method: str, _path: str, content: Any) -> object:
        if method == "PATCH":
            with WORLD.lock:
                WORLD.settings.change(content)
                if "seed" in content:
                    WORLD.draws.clear()
        return asdict(WORLD.settings)

    def _faults(self, method: str, _path: str, content: Any) -> object:
        gate = self._double.gate
        if method == "DELETE":
            gate.plans.clear()
        elif method == "POST":
            plan = planned(content)
            with gate.lock:
                gate.plans.append(plan)
        return [asdict(plan) for plan in gate.plans]

    def _clock(self, method: str, _path: str, content: Any) -> object:
        if method == "POST":
            WORLD.ahead += float(content["advance"])
        return {"now": WORLD.now(), "ahead": WORLD.ahead}

    def _settle(self, _method: str, _path: str, _content: Any) -> object:
        """From now on every read shows every change that was made until now."""
        WORLD.ahead += WORLD.settings.stale_seconds
        return {"now": WORLD.now(), "ahead": WORLD.ahead}

    def _reset(self, _method: str, _path: str, _content: Any) -> object:
        self._double.reset()
        return {}

    def _services(self, method: str, _path: str, content: Any) -> object:
        with WORLD.lock:
            if method == "PUT":
                return asdict(services.register(**content))
            return [asdict(service) for service in services.provided()]

    def _endpoints(self, _method: str, path: str, content: Any) -> object:
        with WORLD.lock:
            endpoints.force(path.rpartition("/")[2], **content)
        return {}

    def _profiles(self, method: str, _path: str, content: Any) -> object:
        with WORLD.lock:
            if method == "PUT":
                profiles.put(**content)
            return profiles.shown()


def _in_json(handler: Callable[[str, str, Any], object]) -> Handler:
    def handle(line: str, body: bytes) -> tuple[int, object]:
        method, _unused, path = line.partition(" ")
        return 200, handler(method, path, json.loads(body or b"{}"))

    return handle


def _json(status: int, content: object) -> Reply:
    return Reply(status, "application/json", json.dumps(content, default=_plain).encode())


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
