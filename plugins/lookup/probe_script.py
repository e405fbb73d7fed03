# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe as one Python file, for machines that Ansible cannot reach."""

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_script
short_description: The probe as a script of its own
version_added: 0.9.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Returns one Python file that looks as M(astro.privatelink.probe) does, with the same code, but needs neither Ansible nor
    anything else than Python 3.8. It is for pods and machines that Ansible does not reach.
  - The playbook C(astro.privatelink.probe_script) writes it to a file.
options:
  _terms:
    description: Takes none.
"""

EXAMPLES = r"""
- name: Write the probe, to run it in a pod
  ansible.builtin.copy:
    content: "{{ lookup('astro.privatelink.probe_script') }}"
    dest: probe.py
    mode: "0755"
"""

RETURN = r"""
_raw:
  description: The script.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils._probe.bundle import probe
from ..plugin_utils._collection import version


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[str]:  # noqa: ARG002
        return [probe("cli", version())]
