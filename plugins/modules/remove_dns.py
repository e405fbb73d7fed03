#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: remove_dns
short_description: Lead agents back to the public path
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Takes the cluster's private names away and removes the private zones of both DNS layouts.
  - Before that, each agent host that uses the link tries the public addresses, and Astro is asked whether it admits agents
    there. Afterwards each agent host is asked until its name no longer leads to the link.
  - An agent host that cannot be asked counts as one that needs the link.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Lead agents back to the public path
  astro.privatelink.remove_dns:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of VPCs that fail, each with what is wrong and the remedy.
  returned: always
  type: dict
  sample: {payments: "NAME_STILL_PRIVATE: The name still resolves to 10.10.1.37, the link's, on payments-agent: the endpoint stays."}
answers:
  description: What the module of the same job returns, for each account and region.
  returned: always
  type: list
  elements: dict
  sample: []
seen:
  description: What each agent host saw in the end, by VPC; empty in check mode.
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
