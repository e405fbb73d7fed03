#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: write_inventory
short_description: Write an inventory of the agent VPCs and links to Astro that are there
version_added: 0.11.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Searches accounts and regions for links to Astro, whoever made them, and writes the inventory of them with the reason for each value.
    What cannot be known is a value that begins with C(FILL IN), which playbooks refuse.
  - Reads AWS in bulk, asks EKS clusters for agents' pods, and Astro for Deployments if there is a token. It changes nothing there.
  - Unlike the other steps it needs no inventory. Its variables are those of role discover.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Write fleet.yml for the links of two accounts
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    discover_path: fleet.yml
    discover_regions: [us-east-1, eu-west-1]
    discover_accounts:
      - profile: network
      - assume_role_arn: arn:aws:iam::123456789012:role/privatelink
  tasks:
    - name: Write the inventory
      astro.privatelink.write_inventory:
"""

RETURN = r"""
path:
  description: The file that was written, or would be.
  returned: where something was found
  type: str
  sample: /home/me/inventory.yml
text:
  description: The inventory.
  returned: where something was found
  type: str
  sample: "agent_vpcs:"
vpcs:
  description: >-
    The VPCs of the inventory by their names, each with its id, the id of its cluster (empty where it is to be filled in), the VPC whose
    link it shares, and the variables to fill in with what they are to hold.
  returned: where something was found
  type: dict
  sample:
    payments: {vpc_id: vpc-0aaaaaaaaaaaaaaaa, cluster_id: clmh1kd8v000108l3a9v7c5x2, via: "", fill_in: {}}
unread:
  description: What could not be read, and why. The inventory may lack what is there.
  returned: where something was found
  type: list
  elements: str
  sample: []
requests:
  description: >-
    How many requests went to each service of AWS, how many of them AWS throttled, which were sent again, and for how many seconds requests
    waited because of AWS's limits.
  returned: where AWS was asked
  type: dict
  sample: {ec2: {calls: 12, throttled: 0, waited: 0.0}}
seconds:
  description: How long the step took.
  returned: where AWS was asked
  type: float
  sample: 2.3
"""
