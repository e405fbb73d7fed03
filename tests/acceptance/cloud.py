# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account and region of AWS: clients, tags and pages. Every answer passes the recorder, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .choices import TAG, Choices, Refused
from .waiting import GONE, Pace

#: Calls that use what was made before; the others read or remove.
USING = ("Accept", "Add", "Attach", "Authorize", "Create", "Modify", "Put", "Register", "Run")
ANCHORS = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Cloud:
    choices: Choices
    pace: Pace
    record: Callable[[Any], None] | None = None  # is told of each session
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _sessions: list[Any] = field(default_factory=list)

    def client(self, service: str, region: str | None = None) -> Any:
        where = region or self.choices.region
        if (service, where) not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 8})
            made = self._session().client(service, region_name=where, config=config)
            made.meta.events.register_first(f"needs-retry.{service}", self._until_known)
            self._clients[service, where] = made
        return self._clients[service, where]

    def _until_known(
        self, response: Any, operation: Any, attempts: int, request_dict: Mapping[str, Any], **_more: Any
    ) -> float | None:
        """AWS may not know for a while what was made a moment ago: seconds to wait, or None to leave it to botocore. A dry run
        names what never was."""
        body = request_dict.get("body")
        if isinstance(body, Mapping) and body.get("DryRun") == "true":
            return None
        code = response[1].get("Error", {}).get("Code", "") if response else ""
        if operation.name.startswith(USING) and any(part in code for part in GONE):
            return self.pace.often if attempts * self.pace.often < self.pace.patience else None
        return None

    @property
    def anchor(self) -> str:
        """A region of the same partition that every account has."""
        named = self.choices.region
        return next((region for start, region in ANCHORS.items() if named.startswith(start)), "us-east-1")

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    def identity(self) -> tuple[str, str]:
        """The account and the ARN of whoever asks."""
        try:
            told = self.client("sts", self.anchor).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise Refused(f"AWS does not know who asks: {error} Set AWS_PROFILE, or the keys of an account.") from error
        return str(told["Account"]), str(told["Arn"])

    def tags(self) -> list[dict[str, str]]:
        return [{"Key": TAG, "Value": self.choices.run}, {"Key": "Name", "Value": self.choices.name}]

    def tagged(self, kind: str) -> list[dict[str, Any]]:
        """For EC2, which takes tags with what is to be made."""
        return [{"ResourceType": kind, "Tags": self.tags()}]

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        for page in self.client(service).get_paginator(operation).paginate(**parameters):
            yield from page.get(key, ())

    def _session(self) -> Any:
        if not self._sessions:
            self._sessions.append(boto3.Session())
            if self.record:
                self.record(self._sessions[0])
        return self._sessions[0]
