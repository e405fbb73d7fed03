# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All filters of the roles. Each is a function of the core: this file only says which, and shows its errors as Ansible does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._core.errors import InputError
from ..module_utils._core.running import running
from ..module_utils._core.supported import refusal

#: The function behind each name. It is imported when it is called: Ansible compiles the core anew in each of its workers.
FILTERS = {
    # roles setup, verify and report: from the inventory to what the modules take, and from their results to text
    "fleets": "_inventory.hosts.fleets",
    "zones": "_inventory.hosts.zones",
    "problems": "_inventory.hosts.problems",
    "targets": "_inventory.hosts.targets",
    "verify_failures": "_report.document.failures",
    "report": "_report.document.document",
    "compact": "_report.document.compact",
    "summary": "_report.summary.summary",
    # roles preflight and support_request
    "preflight_scope": "_roles.preflight.scope",
    "preflight_agents": "_roles.preflight.to_ask",
    "preflight_findings": "_roles.preflight.findings",
    "listing": "_core.listing.listing",
    "support_scope": "_roles.preflight.support_scope",
    "support_request": "_roles.support_request.request",
    # role harden: what to look at, whether it is safe, whether it went well, and what to put back
    "lockdown_looks": "_roles.harden.looks",
    "lockdown_unsafe": "_roles.harden.unsafe",
    "lockdown_alive": "_roles.harden.alive",
    "lockdown_lost": "_roles.harden.lost",
    "lockdown_quiet": "_roles.harden.quiet",
    "lockdown_put_back": "_roles.harden.put_back",
    "lockdown_way_back": "_roles.harden.way_back",
    "lockdown_failure": "_roles.harden.failure",
    # roles teardown, move_dns_layout and drift
    "drift": "_roles.drift.drift",
    "layout_not_ready": "_roles.drift.layout_not_ready",
    "old_zones": "_roles.teardown.old_zones",
    "teardown_cut_off": "_roles.teardown.cut_off",
    "teardown_endpoints": "_roles.teardown.endpoints",
    "teardown_gone": "_roles.teardown.has_let_go",
    "teardown_guard": "_roles.teardown.guard",
    "teardown_public": "_roles.teardown.public_addresses",
    "teardown_summary": "_roles.teardown.summary",
    "teardown_to_look_up": "_roles.teardown.to_look_up",
    "teardown_used": "_roles.teardown.still_used",
    "teardown_zones": "_roles.teardown.all_zones",
    # what links cost
    "cost": "_report.cost.estimate",
}


def _amazon_aws() -> str:
    try:
        from ansible_collections.amazon.aws.plugins.module_utils import common
    except ImportError:
        return ""
    return str(common.AMAZON_AWS_COLLECTION_VERSION)


def _call(function: str, *args: Any, **options: Any) -> Any:
    if problem := refusal({**running(), "amazon.aws": _amazon_aws()}):
        raise AnsibleFilterError(problem)
    file, _dot, name = function.rpartition(".")
    try:
        return getattr(import_module(f"...module_utils.{file}", __name__), name)(*args, **options)
    except InputError as problem:
        raise AnsibleFilterError(str(problem)) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {name: functools.partial(_call, function) for name, function in FILTERS.items()}
