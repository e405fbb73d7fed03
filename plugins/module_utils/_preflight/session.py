# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account and region that preflight reads: its credentials, its VPCs, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

with suppress(ImportError):  # AnsibleAWSModule reports what to install
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

from .._aws import clients as aws_clients
from .._aws.answers import UNCLEAR
from .._core.errors import ReadFailed
from .._core.findings import Finding, finding
from .._link import model
from .checks import Vpc

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Place:
    """``access`` names the way to the account, as `aws_clients.Clients` knows it. ``findings`` grow while it is asked."""

    clients: aws_clients.Clients
    access: str
    region: str = ""
    vpcs: tuple[Vpc, ...] = ()
    links: tuple[model.Link, ...] = ()
    findings: list[Finding] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [vpc.name for vpc in self.vpcs]

    @property
    def ids(self) -> list[str]:
        return sorted({vpc.vpc_id for vpc in self.vpcs} | {link.vpc_id for link in self.links})

    def client(self, service: str) -> Any:
        return self.clients.get(service, self.access, self.region)

    def ask(self, operation: str, what: str, read: Callable[[], R], names: Sequence[str] = ()) -> R | None:
        """Read something that preflight can do without. If that fails, ``what`` cannot be told of these VPCs."""
        try:
            return read()
        except (BotoCoreError, ClientError, Boto3Error, ReadFailed) as problem:
            message = aws_clients.explain(problem)
        except UNCLEAR as problem:
            message = f"the answer has an unknown form ({type(problem).__name__}: {problem})"
        facts = {"operation": operation, "message": message.rstrip("."), "what": what}
        self.findings.extend(finding("NOT_CHECKED", name, **facts) for name in names or self.names)
        return None

    def describe(self, method: str, key: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        return aws_clients.describe(self.client("ec2"), method, key, filters)

    def pages(self, service: str, method: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        for page in self.client(service).get_paginator(method).paginate(**arguments):
            yield from page.get(key) or []
