#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tighten_endpoints
short_description: Let nobody but agents enter the endpoints
version_added: 0.11.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Does nothing unless C(harden_aws_tighten) is set.
  - Adds missing sources to the endpoints' managed security groups, and removes those that the inventory does not name.
  - Before and after, all agent hosts whose VPCs use such a group try the endpoint, address by address, those of VPCs outside of the run
    among them. Where one of them does not get through before, nothing is removed; where one does not afterwards, the sources come back.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Let nobody but agents enter the endpoints
  astro.privatelink.tighten_endpoints:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "NARROW_UNPROVEN: Not narrowed, since agents ..."}
answers:
  description: What the module of the same job returns, for each account and region; also for what was put back.
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
