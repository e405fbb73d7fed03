# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks of extensions/eda with ansible-rulebook: their syntax, and what its engine decides on sample events.

The sources are replaced by `events.py`, and each launch of a job template by a line that names rule and template.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from ansible_rulebook.rules_parser import parse_rule_sets
from ansible_rulebook.validators import Validate

HERE = Path(__file__).parent
BOOKS = HERE.parents[1] / "extensions/eda/rulebooks"
BIN = Path(sys.executable).parent


def trail(service: str, name: str, **more: Any) -> dict[str, Any]:
    """CloudTrail's event of one API call, as EventBridge puts it into a queue and ansible.eda.aws_sqs_queue hands it on.
    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ec2.html"""
    detail = {"eventSource": f"{service}.amazonaws.com", "eventName": name, **more}
    return {
        "body": {"detail-type": "AWS API Call via CloudTrail", "source": f"aws.{service}", "detail": detail},
        "meta": {},
    }


def alarm(name: str, status: str = "firing") -> dict[str, Any]:
    """https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, as ansible.eda.alertmanager hands on each alert."""
    return {"alert": {"status": status, "labels": {"alertname": name, "vpc": "payments"}}, "meta": {}}


#: The events for each rule set of a book, and what comes of them. The same again within the time of `throttle` does nothing.
CASES = {
    "drift_on_changes": (
        [
            [
                trail("ec2", "RunInstances"),
                trail("ec2", "ModifyVpcEndpoint", errorCode="Client.UnauthorizedOperation"),
                trail("ec2", "ModifyVpcEndpoint"),
                trail("ec2", "RevokeSecurityGroupIngress"),
                trail("route53", "GetHostedZone"),
                trail("route53", "ChangeResourceRecordSets"),
            ]
        ],
        [
            ("An endpoint or a security group was changed", "Astro PrivateLink drift"),
            ("A private zone was changed", "Astro PrivateLink drift"),
        ],
    ),
    "verify_on_alerts": (
        [
            [
                alarm("Watchdog"),
                alarm("PrivateLinkDown", "resolved"),
                alarm("PrivateLinkDown"),
                alarm("AstroAgentDown"),
            ],
            [{"payload": {"alert": "dag failed"}, "meta": {}}, {"payload": {"alert": "agent unhealthy"}, "meta": {}}],
        ],
        [
            ("A link or an agent is unwell", "Astro PrivateLink verify"),
            ("Astro calls an agent unhealthy", "Astro PrivateLink verify"),
        ],
    ),
}


def decided(book: list[dict[str, Any]], events: list[list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """The rules that fired, each with the template that it launches."""
    for ruleset, those in zip(book, events, strict=True):
        ruleset["sources"] = [{"name": "samples", "events": {"events": those, "pause": 3}}]
        for rule in ruleset["rules"]:
            launched = rule["action"]["run_job_template"]["name"]
            rule["action"] = {"debug": {"msg": f"FIRED [{rule['name']}] [{launched}]"}}
    with tempfile.TemporaryDirectory() as place:
        Path(place, "book.yml").write_text(yaml.safe_dump(book), encoding="utf-8")
        Path(place, "inventory.yml").write_text("all: {hosts: {localhost: {}}}", encoding="utf-8")
        command = [
            str(BIN / "ansible-rulebook"),
            "-r",
            f"{place}/book.yml",
            "-i",
            f"{place}/inventory.yml",
            "-S",
            str(HERE),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.findall(r"FIRED \[(.*?)\] \[(.*?)\]", done.stdout)
    if done.returncode or not found:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return found


def main() -> None:
    for path in sorted(BOOKS.glob("*.yml")):
        book = yaml.safe_load(path.read_text(encoding="utf-8"))
        Validate.rulebook(book)
        rules = [rule.name for each in parse_rule_sets(book) for rule in each.rules]
        events, wanted = CASES[path.stem]
        found = decided(book, events)
        if sorted(found) != sorted(wanted):
            sys.exit(f"{path.name}: {found} is launched, and not {wanted}.")
        print(f"{path.name}: {len(rules)} rules, {len(found)} jobs for {sum(map(len, events))} events")


if __name__ == "__main__":
    main()
