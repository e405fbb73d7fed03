#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: find_drift
short_description: Find where AWS is not as the inventory says
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Plans what role setup would do, and fails each VPC for which that is not nothing. It changes nothing, whatever the mode of the play.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Find where AWS is not as the inventory says
  astro.privatelink.find_drift:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 waits to be accepted by Astronomer."}
answers:
  description: What the module of the same job returns, for each account and region.
  returned: always
  type: list
  elements: dict
  sample: []
"""
