# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Astro knows of one Organization: clusters, Deployments, tokens. Plain documents, under one lock."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any

from .updating import Secrets

#: Where the API is on the lab's port.
PREFIX = "/astro/v1"
ID = "cllab0rganization00000001"
DEPLOYMENT = "cllabd3ployment0rders0001"
#: The Deployment's part of its API's address.
PATH = "0rders01"
WITHOUT_AGENTS = "cllabd3ployment0plain0002"
#: The cluster's own VPC, where requests over PrivateLink come from.
RANGE = IPv4Network("172.20.0.0/22")
_EARLIER = "2026-01-02T03:04:05Z"

ALL = frozenset(
    (
        "organization.clusters.get",
        "organization.deployments.get",
        "deployment.get",
        "deployment.update",
        "deployment.agentTokens.get",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a token may do, and which fields of a Deployment it does not get to see.

    Which fields Astro leaves out for which role is not documented; what is known is that it may leave some out.
    """

    may: frozenset[str] = ALL
    hidden: frozenset[str] = frozenset()


ROLES: Mapping[str, Role] = {
    "owner": Role(),
    "deployment_admin": Role(may=frozenset(each for each in ALL if each.startswith("deployment."))),
    "blind": Role(hidden=frozenset({"environmentVariables"})),
    "viewer": Role(
        may=ALL - {"deployment.update", "deployment.agentTokens.get"},
        hidden=frozenset({"environmentVariables", "executor"}),
    ),
}


@dataclass(slots=True)
class Organization:
    """`secrets` are the values that no answer ever carries; `tokens` maps API tokens to roles."""

    id: str = ID
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, Secrets] = field(default_factory=dict)
    agent_tokens: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def take(self, content: Mapping[str, Any]) -> None:
        """Becomes what this says, for all that it says."""
        with self.lock:
            for name, value in content.items():
                setattr(self, name, value)

    def plain(self) -> dict[str, Any]:
        with self.lock:
            return {name: getattr(self, name) for name in self.__slots__ if name != "lock"}

    def agent(self, deployment: str, token: str) -> dict[str, Any] | None:
        """The agent token with this value."""
        return self.agent_tokens.get(deployment, {}).get(token)


def seeded(cluster: str, region: str, agents: Sequence[str]) -> dict[str, Any]:
    """An Organization with one Deployment for these agents, open to all, and one that has no agents."""
    return {
        "clusters": {cluster: _cluster(cluster, region)},
        "deployments": {
            DEPLOYMENT: _deployment(DEPLOYMENT, "orders", cluster)
            | {
                "executor": "ASTRO",
                "environmentVariables": [
                    {"key": "WAREHOUSE", "value": "orders", "isSecret": False, "updatedAt": _EARLIER},
                    {"key": "WAREHOUSE_PASSWORD", "isSecret": True, "updatedAt": _EARLIER},
                ],
                "remoteExecution": {
                    "enabled": True,
                    "allowedIpAddressRanges": [],
                    "remoteApiUrl": f"https://{cluster}.external.astronomer.run/{PATH}",
                    "taskLogBucket": "s3://orders-logs",
                    "taskLogUrlPattern": "https://logs.example/{{dag_id}}",
                },
            },
            WITHOUT_AGENTS: _deployment(WITHOUT_AGENTS, "plain", cluster)
            | {"executor": "KUBERNETES", "environmentVariables": []},
        },
        "secrets": {DEPLOYMENT: {"WAREHOUSE_PASSWORD": "open sesame"}},
        "agent_tokens": {DEPLOYMENT: {f"agent-{name}": _agent_token(name) for name in agents}},
        "tokens": {f"lab-{role.replace('_', '-')}": role for role in ROLES},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cluster(name: str, region: str) -> dict[str, Any]:
    return {
        "cloudProvider": "AWS",
        "createdAt": _EARLIER,
        "dbInstanceType": "db.r6g.large",
        "drRegion": "",
        "id": name,
        "isDrEnabled": False,
        "name": "lab",
        "organizationId": ID,
        "region": region,
        "status": "CREATED",
        "type": "DEDICATED",
        "updatedAt": _EARLIER,
        "vpcSubnetRange": str(RANGE),
    }


def _deployment(name: str, title: str, cluster: str) -> dict[str, Any]:
    return {
        "airflowVersion": "3.0.2",
        "clusterId": cluster,
        "contactEmails": ["someone@example.com"],
        "createdAt": _EARLIER,
        "description": f"The {title} of the lab",
        "effectiveWorkloadIdentity": f"arn:aws:iam::999988887777:role/{title}",
        "id": name,
        "isCicdEnforced": False,
        "isDagDeployEnabled": True,
        "isDevelopmentMode": False,
        "isHighAvailability": True,
        "name": title,
        "namespace": f"{title}-1234",
        "organizationId": ID,
        "resourceQuotaCpu": "10",
        "scalingSpec": {"hibernationSpec": {"schedules": []}},
        "schedulerSize": "SMALL",
        "status": "HEALTHY",
        "type": "DEDICATED",
        "updatedAt": _EARLIER,
        "workerQueues": [],
        "workspaceId": "cllabworkspace00000000001",
    }


def _agent_token(name: str) -> dict[str, Any]:
    return {
        "createdAt": _EARLIER,
        "description": f"Agents in {name}",
        "id": f"cllabt0ken-{name}",
        "kind": "STANDARD",
        "name": name,
        "scope": "DEPLOYMENT",
        "shortToken": "agent",
        "startAt": _EARLIER,
        "updatedAt": _EARLIER,
    }
