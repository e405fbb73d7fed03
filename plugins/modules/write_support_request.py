#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: write_support_request
short_description: Write the request to Astronomer Support
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Reads accounts, Availability Zones and endpoints, and writes what Astronomer Support needs to know.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Write the request to Astronomer Support
  astro.privatelink.write_support_request:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of the VPCs that failed, each with the problem and its remedy.
  returned: always
  type: dict
  sample: {payments: "PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 is waiting for Astronomer to accept it."}
text:
  description: The text for Astronomer Support.
  returned: always
  type: str
  sample: "Subject: AWS PrivateLink for Remote Execution Agents"
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
