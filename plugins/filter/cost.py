# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links cost a month: a filter for plays of one's own, and for the playbook cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._core.errors import InputError
from ..module_utils._core.running import running
from ..module_utils._core.supported import refusal
from ..module_utils._report.cost import estimate


def cost(*given: Any, **options: Any) -> Any:
    """`estimate`, whose errors are shown as Ansible shows a filter's."""
    if problem := refusal(running()):
        raise AnsibleFilterError(problem)
    try:
        return estimate(*given, **options)
    except InputError as problem:
        raise AnsibleFilterError(str(problem)) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cost": cost}
