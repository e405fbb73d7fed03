#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: check_prerequisites
short_description: Find what would make links fail, before anything is changed
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Reads AWS, asks agent hosts whether the cluster's name exists, and Astro whether the Deployments fit. It changes nothing.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Find what would make links fail, before anything is changed
  astro.privatelink.check_prerequisites:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 waits to be accepted by Astronomer."}
findings:
  description: All that was found.
  returned: always
  type: list
  elements: dict
  sample: []
"""
