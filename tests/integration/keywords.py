# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles in plays of somebody's own, with whatever keywords Ansible has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from astrolab.lab import Lab
from running import Play, play

PLAY = """
- hosts: {hosts}
  gather_facts: false
  {keywords}
  tasks:
    - {{name: Before, ansible.builtin.debug: {{msg: before}}}}
    - ansible.builtin.{form}: {{name: astro.privatelink.{role}, rolespec_validate: false}}
      {of_task}
"""

#: Keywords that would have switched guards off, or said where tasks run, as many at a time as do not hide each other.
LENIENT = {
    "ignore_errors": True,
    "ignore_unreachable": True,
    "max_fail_percentage": 100,
    "throttle": 1,
    "order": "shuffle",
}
ELSEWHERE = {"connection": "local", "become": True, "become_user": "nobody", "remote_user": "nobody"}


def own_play(lab: Lab, tmp_path: Path, role: str, keywords: Mapping[str, Any], *arguments: str, **more: Any) -> Play:
    """``more``: keywords ``of_task``, the ``form`` (import_role or include_role), ``hosts``, ``env``."""
    shown = "\n  ".join(f"{name}: {json.dumps(value)}" for name, value in keywords.items())
    of_task = "\n      ".join(f"{name}: {json.dumps(value)}" for name, value in more.get("of_task", {}).items())
    form, hosts = more.get("form", "import_role"), more.get("hosts", "agent_vpcs")
    text = PLAY.format(keywords=shown, of_task=of_task, form=form, hosts=hosts, role=role)
    (tmp_path / "own.yml").write_text(text)
    return play(lab, tmp_path, "", *arguments, file=tmp_path / "own.yml", **more.get("env", {}))
