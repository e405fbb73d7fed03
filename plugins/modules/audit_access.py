#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_access
short_description: Audit who can reach the endpoints, and where agents may go
version_added: 0.11.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Shows who can reach the endpoints beside the agents of the inventory, and where the agents' security groups let them go.
  - It changes nothing, whatever the mode of the play.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Audit who can reach the endpoints, and where agents may go
  astro.privatelink.audit_access:
  register: audit

- name: Show the addresses of the links
  ansible.builtin.debug:
    msg: "{{ audit.links.addresses }}"
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "READ_FAILED: Could not read from EC2."}
vpcs:
  description: For each VPC the security group of its endpoint and those of its agents, as they are and as they could be.
  returned: always
  type: dict
  sample: {}
findings:
  description: What is wider than it needs to be.
  returned: always
  type: list
  elements: dict
  sample: []
text:
  description: The same as lines for people.
  returned: always
  type: list
  elements: str
  sample: []
links:
  description: What rules and queries for other services of AWS are filled with.
  returned: always
  type: dict
  contains:
    hosts:
      description: The clusters' names.
      returned: always
      type: list
      elements: str
      sample: [clmh1kd8v000108l3a9v7c5x2.external.astronomer.run]
    vpc_ids:
      description: The agent VPCs.
      returned: always
      type: list
      elements: str
      sample: [vpc-0aaaaaaaaaaaaaaaa]
    addresses:
      description: The endpoints' addresses.
      returned: always
      type: list
      elements: str
      sample: [10.10.1.37]
    services:
      description: The endpoint services.
      returned: always
      type: list
      elements: str
      sample: [com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0]
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
