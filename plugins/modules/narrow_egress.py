#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: narrow_egress
short_description: Let agents go only where they need to
version_added: 0.11.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Does nothing unless C(harden_aws_egress) is V(apply). It changes the security groups in C(harden_aws_egress_groups).
  - First the endpoint and C(harden_aws_required_egress) are allowed; then rules to the whole internet are removed.
  - Before and after that, all agent hosts whose VPCs have such a group verify the link. Where one of them does not get through before,
    nothing is removed; where one does not afterwards, the rules come back.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Let agents go only where they need to
  astro.privatelink.narrow_egress:
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
