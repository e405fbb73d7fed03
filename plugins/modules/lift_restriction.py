#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lift_restriction
short_description: Lift the restriction of Deployments to PrivateLink
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Removes the cluster's ranges from the allowed IP address ranges of Deployments.
  - Sends nothing unless what each list becomes was agreed to, C(harden_allow_open) for an empty one and C(harden_allow_lockout) for one
    that refuses agents over PrivateLink.
  - Needs nothing of the inventory, so errors in it do not stop this step.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Admit traffic beside the private endpoint again
  astro.privatelink.lift_restriction:
"""

RETURN = r"""
deployments:
  description: What the module M(astro.privatelink.deployment_access) returns, for each Deployment. Empty if nothing was sent.
  returned: always
  type: list
  elements: dict
  sample: []
changed:
  description: Whether an update was sent, or may have been.
  returned: always
  type: bool
  sample: true
"""
