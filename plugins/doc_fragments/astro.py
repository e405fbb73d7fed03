# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how the modules reach the Astro API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  organization_id:
    description: Id of the Organization. Without it E(ASTRO_ORGANIZATION_ID) is taken.
    type: str
  api_token:
    description: Token of the Organization, a Workspace or a Deployment. Without it E(ASTRO_API_TOKEN) is taken.
    type: str
  api_url:
    description: Where the Astro API is. Without it E(ASTRO_API_URL) is taken, then V(https://api.astronomer.io/v1).
    type: str
  api_timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 30
notes:
  - Options that are blank count as not given.
  - Requests that Astro is too busy for are sent again after growing pauses.
attributes:
  action_group:
    description: Use C(group/astro.privatelink.astro) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - astro.privatelink.astro
"""
