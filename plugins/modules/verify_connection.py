#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_connection
short_description: Verify the links from within each VPC
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Looks from every agent host at the cluster's name, then at each address of the link, by TCP, TLS and HTTP.
  - What agent hosts answer is taken as data, and the verdict is made on the controller.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Verify the links from within each VPC
  astro.privatelink.verify_connection:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of the VPCs that failed, each with the problem and its remedy.
  returned: always
  type: dict
  sample: {payments: "PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 is waiting for Astronomer to accept it."}
answers:
  description: The result of the corresponding module for each account and region.
  returned: always
  type: list
  elements: dict
  sample: []
table:
  description: A line for each agent host, for people.
  returned: always
  type: list
  elements: str
  sample: []
seen:
  description: What the agent hosts of each VPC saw.
  returned: always
  type: dict
  sample: {}
targets:
  description: What is wrong with the link of each VPC, beside what its agent hosts saw.
  returned: always
  type: dict
  sample: {}
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
