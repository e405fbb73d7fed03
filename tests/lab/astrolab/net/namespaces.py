# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux namespaces: making a network namespace, and doing something inside one. Knows nothing of networks.

The system calls go through ctypes, because os.setns and os.unshare came only with Python 3.12.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")

NETWORK = 0x40000000
HOSTNAME = 0x04000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _in_a_thread(work: Callable[[], Result]) -> Result:
    """A thread has namespaces of its own, so the rest of the process stays where it is."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace, or a network and host name namespace, kept alive by open file descriptors."""

    network: int
    hostname: int | None = None

    @classmethod
    def new(cls) -> Namespace:
        def make() -> int:
            _check(_libc.unshare(NETWORK), "unshare")
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        return cls(_in_a_thread(make))

    @classmethod
    def of(cls, pid: int) -> Namespace:
        def descriptor(kind: str) -> int:
            return os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)

        return cls(descriptor("net"), descriptor("uts"))

    def close(self) -> None:
        for descriptor in (self.network, self.hostname):
            if descriptor is not None:
                os.close(descriptor)

    def run(self, work: Callable[[], Result]) -> Result:
        def inside() -> Result:
            _check(_libc.setns(self.network, NETWORK), "setns")
            if self.hostname is not None:
                _check(_libc.setns(self.hostname, HOSTNAME), "setns")
            return work()

        return _in_a_thread(inside)
