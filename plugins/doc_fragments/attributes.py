# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: In check mode, shows exactly the plan that a run would send, and changes nothing.
  diff_mode:
    description: Returns the state before and after, by VPC.
  idempotent:
    description: When run twice in a row outside check mode with the same arguments, the second run changes nothing.
  action_group:
    description: Use C(group/astro.privatelink.privatelink) in C(module_defaults) to set defaults for this module.
"""

    FLEET = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  action_group:
    support: full
    membership:
      - astro.privatelink.privatelink
"""
