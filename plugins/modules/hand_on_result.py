#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hand_on_result
short_description: Hand on what a play came to
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Hands on what the steps before it came to, also where one of them refused, as the statistic C(privatelink_result). A controller
    makes it the job's artifact and a variable of the next jobs of a workflow; the callback P(astro.privatelink.webhook#callback)
    sends it.
  - Put it into the C(always) section of a block. In check mode it hands on nothing.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Restrict the Deployments, and hand on what came of it
  block:
    - name: Restrict the Deployments
      ansible.builtin.import_role:
        name: astro.privatelink.harden
  always:
    - name: Hand on what came of it
      astro.privatelink.hand_on_result:
      run_once: true
"""

RETURN = r"""
ansible_stats:
  description: The statistic, under C(data.privatelink_result).
  returned: except in check mode
  type: dict
  contains:
    data:
      description: The statistic by its name.
      returned: always
      type: dict
  sample:
    data:
      privatelink_result:
        version: 1
        passed: false
        counts: {vpcs: 3, failed: 1}
        vpcs: {ledger: {problems: ["PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 is waiting for Astronomer to accept it."]}}
        text: "Failed: 1 of 3 VPCs failed."
    per_host: false
    aggregate: true
"""
