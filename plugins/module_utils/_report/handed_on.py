# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step hands on to the jobs that follow, to a controller's artifacts and to notifications: short, and bounded. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._core.text import printable

#: The one key under which a job's results are found.
KEY = "privatelink_result"
VERSION = 1
#: What the roles register, in the order in which they run.
REGISTERED = (
    "__preflight",
    "__setup_links",
    "__verify",
    "__drift",
    "__release",
    "__harden",
    "__harden_lift",
    "__harden_aws_audit",
    "__harden_aws_tightened",
    "__harden_aws_narrowed",
    "__move_dns_layout",
    "__teardown_names",
    "__teardown_endpoints",
)
_MOST, _LONGEST = 50, 600
#: VPCs of a report that are handed on; a text of a notification has so many problems.
_MOST_VPCS, _MOST_LINES = 200, 20


def handed_on(result: Mapping[str, Any], everyone: Sequence[str], well: Collection[str]) -> dict[str, Any]:
    """A step's result for others. ``everyone`` are the play's agent VPCs, ``well`` those that had not failed before the step.

    Ansible merges what the steps of a job hand on, the later over the earlier: so each says how the job has gone until then.
    """
    texts: Mapping[str, str] = result.get("failed_vpcs", {})
    lost = [name for name in everyone if name not in well or name in texts]
    found: dict[str, Any] = {
        "version": VERSION,
        "passed": not lost and not result.get("failed"),
        "counts": {"vpcs": len(everyone), "failed": len(lost)},
        "vpcs": {printable(name, 100): {"problems": _lines(texts[name])} for name in sorted(texts)[:_MOST]},
    }
    if result.get("changed"):
        found["changed"] = True
    if result.get("msg"):
        found["problems"] = _lines(str(result["msg"]))
    if deployments := result.get("deployments"):
        found["deployments"] = [
            {"name": each["deployment"]["name"], "restricted": each["restricted"], "changed": each["changed"]}
            for each in deployments[:_MOST]
        ]
    return found


def in_the_end(results: Sequence[Mapping[str, Any]], everyone: Sequence[str], well: Collection[str]) -> dict[str, Any]:
    """What all steps of a play came to, those that failed among them: of these, Ansible hands nothing on.

    ``results`` are what the roles registered, in order; ``well`` the VPCs that have not failed.
    """
    texts: dict[str, str] = {}
    for name, text in (pair for each in results for pair in each.get("failed_vpcs", {}).items()):
        texts[name] = f"{texts[name]}\n{text}" if name in texts else text
    refusals = [str(each["msg"]) for each in results if each.get("failed") and each.get("msg")]
    whole = {
        "failed_vpcs": texts,
        "failed": any(each.get("failed") for each in results),
        "changed": any(each.get("changed") for each in results),
        "msg": "\n".join(refusals),
        "deployments": [one for each in results for one in each.get("deployments", [])],
    }
    return handed_on(whole, everyone, well)


def of_report(found: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """What a play came to, with the verdicts of its report: the VPCs that failed first, and no more than fit."""
    entries = sorted(report["vpcs"], key=lambda each: each["verdict"] == "works")
    vpcs = {
        printable(each["name"], 100): {
            **found["vpcs"].get(printable(each["name"], 100), {}),
            "verdict": each["verdict"],
            "vpc_endpoint_id": each["endpoint"]["vpc_endpoint_id"],
            "addresses": [address["address"] for address in each["endpoint"]["addresses"]],
            "hosted_zone_id": each["zone"].get("hosted_zone_id", ""),
            "findings": [one["code"] for one in each["findings"]],
        }
        for each in entries[:_MOST_VPCS]
    }
    works = sum(each["verdict"] == "works" for each in report["vpcs"])
    return {
        **found,
        "passed": bool(found["passed"] and report["passed"]),
        "counts": {**found["counts"], "works": works},
        "changed": bool(found.get("changed") or report["changes"]),
        "vpcs": vpcs,
    }


def statistic(found: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a task's result that makes Ansible hand something on."""
    return {"ansible_stats": {"data": {KEY: dict(found)}, "per_host": False, "aggregate": True}}


def words(found: Mapping[str, Any]) -> str:
    """The same for people, as a notification shows it: the verdict, how many VPCs, and what is wrong with its remedies."""
    counts = found["counts"]
    refused = bool(found.get("problems")) and not any(vpc.get("problems") for vpc in found["vpcs"].values())
    failed = 0 if refused else counts["failed"]
    vpcs = f"{counts['vpcs']} VPC{'' if counts['vpcs'] == 1 else 's'}"
    about = f"{failed} of {vpcs} failed" if failed else vpcs
    reach = f", {counts['works']} reach Astro over PrivateLink" if "works" in counts else ""
    lines = [f"{'Passed' if found['passed'] else 'Failed'}: {about}{reach}."]
    for each in found.get("deployments", []):
        lines.append(
            f"Deployment {printable(each['name'], 100)} is {'' if each['restricted'] else 'not '}restricted to PrivateLink."
        )
    problems = list(_problems(found))
    lines += problems[:_MOST_LINES]
    if len(problems) > _MOST_LINES:
        lines.append(f"There are {len(problems) - _MOST_LINES} more lines in the job's output.")
    return "\n".join([*lines, *([f"The report: {found['page']}"] if found.get("page") else [])])


def _problems(found: Mapping[str, Any]) -> Iterator[str]:
    yield from found.get("problems", [])
    for name, vpc in found["vpcs"].items():
        for line in vpc.get("problems", []):
            yield f"{name}: {line}"


def _lines(text: str) -> list[str]:
    return [printable(line, _LONGEST) for line in text.splitlines() if line.strip()][:_MOST]
