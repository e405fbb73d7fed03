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
  - Writes what the steps before it found and changed as HTML, JSON, JUnit XML and OpenMetrics text, to disk and if asked to an
    S3 bucket, and hands a short form to the jobs that follow.
extends_documentation_fragment:
  - astro.privatelink.step
"""

EXAMPLES = r"""
- name: Write the report of a run
  astro.privatelink.write_report:
"""

RETURN = r"""
files:
  description: The files that were written; none in check mode.
  returned: always
  type: list
  elements: str
  sample: [/srv/privatelink-report/report.html]
page:
  description: Where the page can be opened, a link or a path; empty in check mode, and if a controller removes it with the job.
  returned: always
  type: str
  sample: /srv/privatelink-report/report.html
"""
