# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab in AWS's place: the same code meets the double, and agent hosts are namespaces instead of instances."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astrolab import lab as labs
from astrolab.lab import Lab

from . import instances
from .cloud import Cloud
from .inventory import Ways, host
from .scene import Scene
from .waiting import Pace

TOPOLOGY = Path(__file__).with_name("lab.yml")
PACE = Pace(often=0.1, patience=30)


@contextmanager
def up(environ: Mapping[str, str], name: str | None = None) -> Iterator[Lab]:
    """A lab in which nobody but the run makes anything."""
    with labs.running(name or f"acceptance-{os.getpid()}", TOPOLOGY, environ.get("LAB_MODE", "auto")) as lab:
        yield lab


def ways(lab: Lab, cloud: Cloud, scene: Scene) -> Ways:
    """Puts an agent host at the interface of each instance."""
    found: dict[str, dict[str, Any]] = {}
    for vpc, instance in scene.agents.items():
        lab = lab.with_host(host(vpc), instances.interface(cloud, instance))
        facts = lab.record.host(host(vpc))
        known: dict[str, Any] = {
            "ansible_connection": "lab",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "lab_environment": {"SSL_CERT_FILE": lab.record.bundle},
        }
        if facts.pid is not None:
            known |= {"lab_pid": facts.pid, "lab_user_namespace": lab.mode == "rootless"}
        else:
            known |= {
                "privatelink_nameservers": list(facts.name_servers),
                "privatelink_dial_through": facts.dial_through,
            }
        found[vpc] = known
    return found
