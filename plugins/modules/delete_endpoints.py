#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delete_endpoints
short_description: Delete the endpoints of links that nobody uses
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Deletes VPC endpoints and their security groups, and the rules of VPCs that only shared a link.
  - It checks by itself that no private zone leads to an endpoint any more, and that each agent host has gone back to the public
    path. An agent host that cannot be asked counts as one that needs the endpoint.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Delete the endpoints of links that nobody uses
  astro.privatelink.delete_endpoints:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "ENDPOINT_STILL_LED_TO: Zone Z0123456789ABCDEFGHIJ still leads to vpce-0123456789abcdef0: the endpoint stays."}
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
