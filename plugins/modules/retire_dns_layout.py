#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: retire_dns_layout
short_description: Remove the zones of the former DNS layout
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Removes the private zones of the DNS layout that the inventory no longer asks for.
  - A VPC keeps its old zone unless the new one serves it as it should and each of its agent hosts uses the link.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Remove the zones of the former DNS layout
  astro.privatelink.retire_dns_layout:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "LAYOUT_NOT_READY: The zone of the new DNS layout does not serve this VPC yet."}
answers:
  description: What the module of the same job returns, for each account and region.
  returned: always
  type: list
  elements: dict
  sample: []
requests:
  description: >-
    How many requests went to each service of AWS, how many of them AWS throttled, which were sent again, and for how many seconds requests
    waited because of AWS's limits.
  returned: where AWS was asked
  type: dict
  sample: {ec2: {calls: 163, throttled: 1, waited: 57.5}}
seconds:
  description: How long the step took.
  returned: where AWS was asked
  type: float
  sample: 61.3
"""
