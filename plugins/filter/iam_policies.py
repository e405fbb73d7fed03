# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM policies that an inventory needs: a filter for the playbook of the same name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._core.errors import InputError
from ..module_utils._core.running import running
from ..module_utils._core.supported import refusal
from ..module_utils._inventory.hosts import PREFIX, Inventory
from ..module_utils._inventory.policies import Policy, policies


def iam_policies(
    names: Sequence[str], hostvars: Mapping[str, Any], account: str = "", egress_groups: Sequence[str] = ()
) -> dict[str, Policy]:
    """`policies` by "ACCOUNT/NAME", whose errors are shown as Ansible shows a filter's. Only variables of this collection are read."""
    if problem := refusal(running()):
        raise AnsibleFilterError(problem)
    known = {
        str(name): {str(key): hostvars[name][key] for key in hostvars[name] if str(key).startswith(PREFIX)}
        for name in names
    }
    try:
        found = policies(Inventory.read(known, list(known)), str(account), egress_groups)
    except InputError as error:
        raise AnsibleFilterError(str(error)) from None
    return {f"{place}/{name}": policy for place, each in found.items() for name, policy in each.items()}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"iam_policies": iam_policies}
