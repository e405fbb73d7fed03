# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that the collection supports, and the message for older ones. Pure.

It stays compatible with Python 3.7, so that the message can appear there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

#: The lowest versions that are tested. README, galaxy.yml and the files in meta/ say the same, which a test checks.
LOWEST = {
    "Python": "3.11",
    "ansible-core": "2.17.7",
    "amazon.aws": "10.1.0",
    "boto3": "1.35.0",
    "botocore": "1.35.0",
}
#: Newer than the lowest, and yet not to be used: 2.18.0 has CVE-2024-11079, as all before 2.17.7 have.
FAULTY = {"ansible-core": {(2, 18, 0)}}
#: Of boto3 and botocore, for an endpoint service of another region.
ACROSS_REGIONS = "1.35.70"
#: Of agent hosts, where only the probe runs.
AGENT_PYTHON = "3.8"

_REMEDIES = {
    "Python": "Install Ansible with a newer one, or set ansible_python_interpreter if only modules run with this one.",
    "ansible-core": "Upgrade it: python -m pip install 'ansible-core>={lowest}'",
    "amazon.aws": "Upgrade it: ansible-galaxy collection install 'amazon.aws:>={lowest}'",
    "boto3": "Upgrade it: {python} -m pip install 'boto3>={lowest}'",
    "botocore": "Upgrade it: {python} -m pip install 'botocore>={lowest}'",
}


def numbers(version: str) -> tuple[int, ...]:
    """Those that a version begins with. Those of no version are less than any."""
    return tuple(map(int, re.findall(r"\d+", re.split(r"[^\d.]", version)[0])))


def refusal(here: Mapping[str, str], python: str = LOWEST["Python"]) -> str:
    """What is too old or missing, what is needed, and the remedy; empty if all is well."""
    lowest = {**LOWEST, "Python": python}
    problems = [
        f"{name} {version or '(missing, or of an unknown version)'}: {lowest[name]} or newer is needed. "
        + _REMEDIES[name].format(lowest=lowest[name], python=sys.executable)
        for name, version in here.items()
        if numbers(version) < numbers(lowest[name]) or numbers(version) in FAULTY.get(name, ())
    ]
    return "\n".join(["astro.privatelink cannot run here and did nothing.", *problems]) if problems else ""
