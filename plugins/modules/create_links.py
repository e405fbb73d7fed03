#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: create_links
short_description: Create the links of agent VPCs, each an endpoint and the cluster's name that leads to it
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Creates or repairs the endpoints and their security groups, which admit the agents of the VPC and of VPCs that share its link.
  - Creates or repairs the Route 53 private hosted zones, their records and associations.
  - Each VPC goes on by itself, so that an endpoint that waits for Astronomer's acceptance delays no other VPC. All endpoints are waited
    for together, and progress is printed.
  - Before a name leads anywhere new, the link is tried from the agent hosts of the VPC, address by address. A VPC whose link
    does not work keeps its public name.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Create the VPC endpoints and resolve the cluster's name to them
  astro.privatelink.create_links:
"""

RETURN = r"""
tried:
  description: The VPCs from whose agent hosts the link was tried before their name moved.
  returned: not in check mode
  type: list
  elements: str
  sample: [payments]
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
