# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update makes of a Deployment: what is sent replaces, what is left out at the top stays, and below it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
Secrets = dict[str, str]
#: What agents' own settings decide where Remote Execution is on.
_NOT_WITH_AGENTS = ("workerQueues", "resourceQuotaCpu")


def complaints(update: Mapping[str, Any], secrets: Mapping[str, str]) -> list[dict[str, str]]:
    """What Astro would refuse although the shape is right."""
    remote = update.get("remoteExecution", {}).get("enabled", False)
    found = [
        {"code": "not_allowed", "field": key, "message": "not allowed with Remote Execution"}
        for key in _NOT_WITH_AGENTS
        if remote and key in update
    ]
    if "remoteExecution" in update and not remote and "workerQueues" not in update:
        found.append({"code": "required", "field": "workerQueues", "message": "worker queues are required"})
    for variable in update["environmentVariables"]:
        if "value" not in variable and not (variable["isSecret"] and variable["key"] in secrets):
            message = f"{variable['key']} needs a value"
            found.append({"code": "required", "field": "environmentVariables", "message": message})
    return found


def updated(document: Document, secrets: Secrets, update: Mapping[str, Any], now: str) -> tuple[Document, Secrets]:
    """The Deployment after the update, and the secrets that are left."""
    given = update["environmentVariables"]
    kept = {each["key"]: each.get("value", secrets.get(each["key"], "")) for each in given if each["isSecret"]}
    new = {**document, **update, "environmentVariables": _variables(document, given, now), "updatedAt": now}
    if "remoteExecution" in update:
        where = document.get("remoteExecution", {}).get("remoteApiUrl", "")
        new["remoteExecution"] = {"allowedIpAddressRanges": [], **update["remoteExecution"], "remoteApiUrl": where}
    return new, kept


def _variables(document: Document, given: list[Document], now: str) -> list[Document]:
    before = {each["key"]: each for each in document["environmentVariables"]}

    def shown(variable: Document) -> Document:
        known = {key: value for key, value in variable.items() if key != "value" or not variable["isSecret"]}
        last = before.get(variable["key"], {})
        unchanged = "value" not in variable or last.get("value") == variable["value"]
        return {**known, "updatedAt": last.get("updatedAt", now) if unchanged else now}

    return [shown(variable) for variable in given]
