# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how the modules reach the Astro API."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  organization_id:
    description: Id of the Organization. The default is E(ASTRO_ORGANIZATION_ID).
    type: str
  api_token:
    description: Token of the Organization, a Workspace or a Deployment. The default is E(ASTRO_API_TOKEN).
    type: str
  api_url:
    description: URL of the Astro API. The default is E(ASTRO_API_URL), then V(https://api.astronomer.io/v1).
    type: str
  api_timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 30
notes:
  - Blank options count as not set.
  - Requests for which Astro is too busy are retried with growing pauses.
attributes:
  action_group:
    description: Use C(group/astro.privatelink.astro) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - astro.privatelink.astro
"""
