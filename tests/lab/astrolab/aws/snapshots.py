# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of AWS as bytes, and AWS as it was then: for tests that begin from the same state hundreds of times."""

from __future__ import annotations

import io
import pickle
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends

from . import profiles
from .route53 import zones
from .world import WORLD


def take() -> bytes:
    """EC2, Route 53 and its Profiles, of all accounts and regions, and the clock; not settings, faults and calls."""
    with WORLD.lock:
        state = {
            "ec2": {(account, region): vars(backend) for account, region, backend in _backends()},
            "route53": zones.STORE,
            "profiles": dict(profiles.PROFILES),
            "ahead": WORLD.ahead,
        }
        into = io.BytesIO()
        _Pickler(into, pickle.HIGHEST_PROTOCOL).dump(state)
        return into.getvalue()


def restore(taken: bytes) -> None:
    """Puts it back; regions that were empty then are empty again. Moments in it that are past stay past."""
    with WORLD.lock:
        state = _Unpickler(io.BytesIO(taken)).load()
        for account, region, backend in _backends():
            if (account, region) not in state["ec2"]:
                backend.reset()
        for (account, region), values in state["ec2"].items():
            own = vars(ec2_backends[account][region])
            own.clear()
            own.update(values)
        zones.STORE = state["route53"]
        profiles.PROFILES.clear()
        profiles.PROFILES.update(state["profiles"])
        WORLD.ahead = state["ahead"]


def _backends() -> list[tuple[str, str, Any]]:
    return list(ec2_backends.iter_backends())


class _Pickler(pickle.Pickler):
    """Backends know each other and are known to all of moto: they stay what they are, and only their values are kept."""

    def persistent_id(self, thing: Any) -> Any:
        if thing is ec2_backends:
            return "ec2"
        return (thing.account_id, thing.region_name) if isinstance(thing, BaseBackend) else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return ec2_backends if pid == "ec2" else ec2_backends[pid[0]][pid[1]]
