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

from ..module_utils._here import running
from ..module_utils._input import InputError
from ..module_utils._supported import refusal

#: The function behind each name. It is imported when it is called: Ansible compiles the core anew in each of its workers.
FILTERS = {
    # roles setup, verify and report: from the inventory to what the modules take, and from their results to text
    "fleets": "_fleet.fleets",
    "zones": "_fleet.zones",
    "problems": "_fleet.problems",
    "targets": "_fleet.targets",
    "verify_failures": "_report.failures",
    "report": "_report.document",
    "compact": "_report.compact",
    "summary": "_summary.summary",
    # roles preflight and support_request
    "preflight_scope": "_scope.scope",
    "preflight_agents": "_scope.to_ask",
    "preflight_findings": "_scope.findings",
    "listing": "_listing.listing",
    "support_scope": "_scope.support_scope",
    "support_request": "_support.request",
    # role harden: what to look at, whether it is safe, whether it went well, and what to put back
    "lockdown_looks": "_lockdown.looks",
    "lockdown_unsafe": "_lockdown.unsafe",
    "lockdown_alive": "_lockdown.alive",
    "lockdown_lost": "_lockdown.lost",
    "lockdown_quiet": "_lockdown.quiet",
    "lockdown_put_back": "_lockdown.put_back",
    "lockdown_way_back": "_lockdown.way_back",
    "lockdown_failure": "_lockdown.failure",
    # role harden_aws
    "hardening_agents": "_hardening.agents",
    "hardening_audit": "_hardening.audit",
    "hardening_close": "_hardening.close",
    "hardening_links": "_hardening.links",
    "hardening_readmit": "_hardening.readmit",
    "hardening_reopen": "_hardening.reopen",
    "hardening_values": "_hardening.values",
    # roles teardown, move_dns_layout and drift
    "drift": "_drift.drift",
    "layout_not_ready": "_drift.layout_not_ready",
    "old_zones": "_teardown.old_zones",
    "teardown_cut_off": "_teardown.cut_off",
    "teardown_endpoints": "_teardown.endpoints",
    "teardown_gone": "_teardown.has_let_go",
    "teardown_guard": "_teardown.guard",
    "teardown_public": "_teardown.public_addresses",
    "teardown_summary": "_teardown.summary",
    "teardown_to_look_up": "_teardown.to_look_up",
    "teardown_used": "_teardown.still_used",
    "teardown_zones": "_teardown.all_zones",
    # what links cost
    "cost": "_cost.estimate",
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
    file, name = function.split(".")
    try:
        return getattr(import_module(f"...module_utils.{file}", __name__), name)(*args, **options)
    except InputError as problem:
        raise AnsibleFilterError(str(problem)) from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {name: functools.partial(_call, function) for name, function in FILTERS.items()}
