# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this kernel lets the lab do what it needs, found out by doing it once."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from . import kernel
from .namespaces import Namespace


def try_namespaces(directory: Path) -> None:
    """Raises what stands in the way. What it makes is gone with its last descriptor."""
    probe = directory / "trial"
    probe.write_text("")
    subprocess.run(["unshare", "-m", "mount", "--bind", str(probe), str(probe)], check=True)
    fabric, host = Namespace.new(), Namespace.new()
    router, door = IPv4Address("10.0.0.1"), IPv4Network("10.0.0.9/32")
    kernel.furnish(fabric, [router])
    kernel.plug_host(fabric, host, 0, IPv4Interface("10.0.0.4/24"), router)
    rule = kernel.Rule(priority=kernel.ALLOW, destination=door, protocol=6, ports=(443, 443), table=kernel.LOCAL)
    skipping = kernel.Rule(priority=kernel.BLOCKS, source=door, skip_to=kernel.BLOCKS + 1)
    landing = kernel.Rule(priority=kernel.BLOCKS + 1, landing=True)
    kernel.change(fabric, gone=(), new=(rule, skipping, landing))
    for namespace in (fabric, host):
        namespace.close()
