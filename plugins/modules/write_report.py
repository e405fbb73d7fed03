#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of a step, which is the action plugin of this name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: write_report
short_description: Write the report of a run
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Writes what the steps before it found and changed as HTML, JSON, JUnit XML and OpenMetrics text, and hands a short form
    to the jobs that follow.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Write the report of a run
  astro.privatelink.write_report:
"""

RETURN = r"""
failed_vpcs:
  description: The inventory names of the VPCs that failed, each with the problem and its remedy.
  returned: always
  type: dict
  sample: {payments: "PENDING_ACCEPTANCE: Endpoint vpce-0123456789abcdef0 is waiting for Astronomer to accept it."}
files:
  description: The files that were written; none in check mode.
  returned: always
  type: list
  elements: str
  sample: [/srv/privatelink-report/report.html]
"""
