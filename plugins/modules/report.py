#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Writes the report of a run
version_added: 0.9.0
description:
  - Writes what the roles of this collection found as C(report.html), one page without external resources, as
    C(report.json), whose form C(docs/report.schema.json) describes, as C(junit.xml) for CI systems, and as
    C(report.prom) for Prometheus, in OpenMetrics text.
  - Runs on the controller. Role P(astro.privatelink.report#role) creates the same report.
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - astro.privatelink.attributes
attributes:
  check_mode:
    support: full
    description: Returns whether the files would change, and writes none.
  diff_mode:
    support: none
  idempotent:
    support: full
    description: The time of the report and durations are always written but do not count as a change.
  action_group:
    support: none
    membership: []
options:
  report:
    description: The report, as in a C(report.json); C(docs/report.schema.json) describes it.
    type: dict
    required: true
  directory:
    description: Where to write; created if missing.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Write the page of a report that another machine has sent as report.json
  astro.privatelink.report:
    report: "{{ lookup('ansible.builtin.file', 'report.json') | from_json }}"
    directory: /srv/reports/privatelink
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
files:
  description: The files that were written, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/home/me/privatelink-report/report.html]
at:
  description: When the report was written, in UTC. It does not count as a change.
  returned: success
  type: str
  sample: "2026-11-22T12:00:00Z"
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._report.document import lasting
from ..module_utils._report.files import contents, now, write


def _known(path: Path) -> Any:
    """The report that was written before; nothing if there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def main() -> None:
    module = AnsibleModule(
        argument_spec={"report": {"type": "dict", "required": True}, "directory": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    directory, report = Path(module.params["directory"]).absolute(), module.params["report"]
    at = now()
    files = [str(directory / name) for name in contents(report, at)]
    there = all(Path(each).exists() for each in files)
    changed = not there or lasting(_known(directory / "report.json")) != lasting(report)
    if not module.check_mode:
        write(report, directory, at)
    module.exit_json(changed=changed, files=files, at=at)


if __name__ == "__main__":
    main()
