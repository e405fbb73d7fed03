# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible connection to an agent host of the lab: enters its namespaces; the file system is the controller's."""

from __future__ import annotations

import os
import shlex

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: lab
short_description: run on an agent host of the lab
description:
  - Enters the namespaces of an agent host with nsenter, or runs here where the lab has no namespaces.
  - The file system is shared, so files are copied as by the P(ansible.builtin.local#connection) connection.
author: Contributors to astro.privatelink
version_added: 1.0.0
options:
  pid:
    description: Process whose namespaces are entered; none means that the lab runs in loopback mode.
    type: int
    vars:
      - name: lab_pid
  user_namespace:
    description: Whether the user namespace has to be entered as well.
    type: bool
    default: false
    vars:
      - name: lab_user_namespace
  environment:
    description: What the host's environment has and the controller's lacks.
    type: dict
    default: {}
    vars:
      - name: lab_environment
  become_success_timeout:
    description: See P(ansible.builtin.local#connection).
    type: int
    default: 10
  become_strip_preamble:
    description: See P(ansible.builtin.local#connection).
    type: bool
    default: true
extends_documentation_fragment:
  - connection_pipelining
"""

_HERE = 'cd "$0" 2>/dev/null; exec "$@"'  # nsenter leaves the working directory


class Connection(Local):  # type: ignore[misc]  # ansible-core has no types
    transport = "lab"

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        known = [f"{name}={value}" for name, value in self.get_option("environment").items()]
        argv = [*self._enter(), "env", *known, "/bin/sh", "-c", cmd]
        done: tuple[int, bytes, bytes] = super().exec_command(shlex.join(argv), in_data=in_data, sudoable=sudoable)
        return done

    def _enter(self) -> list[str]:
        pid = self.get_option("pid")
        if not pid:
            return []
        if not os.path.exists(f"/proc/{pid}/ns/net"):
            raise AnsibleConnectionFailure("This agent host is gone. Start the lab again and use its new inventory.")
        user = ["-U", "--preserve-credentials"] if self.get_option("user_namespace") else []
        enter = ["nsenter", "-t", str(pid), *user, "-n", "-m", "-u", "-p", "--"]
        return [*enter, "/bin/sh", "-c", _HERE, os.getcwd()]
