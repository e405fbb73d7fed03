#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restrict_deployments
short_description: Restrict Deployments to agents that come over PrivateLink
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Verifies the link of every agent VPC of the inventory, watches that agents use their tokens, and looks from each agent host at the
    Deployments' own paths. It changes nothing unless all of this is well, whatever earlier tasks found.
  - Then changes the allowed IP address ranges, looks and watches again, and restores the previous lists if an agent does not get in,
    if a list is not as asked for, or if the run is told to stop.
  - What became of an update is read from the Deployment, never inferred from an answer or the lack of one.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Restrict traffic to the private endpoint
  astro.privatelink.restrict_deployments:
"""

RETURN = r"""
deployments:
  description: What the module M(astro.privatelink.deployment_access) returns, for each Deployment. Empty if nothing was sent.
  returned: always
  type: list
  elements: dict
  sample: []
changed:
  description: Whether an update was sent, or may have been, also where it was taken back.
  returned: always
  type: bool
  sample: true
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
