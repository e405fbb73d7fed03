# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Astro's front answers to agents: whom the allowed ranges let in, and when an agent's token was used.

What a refused agent really gets is not known; here it is 403 with a short JSON body. The list is taken to work for each
Deployment by its path. The bare host belongs to none and goes on answering 404 to everybody: so a check that looks at the
host alone cannot see a lock-out here, and nobody gets away with it in a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network
from typing import Any
from urllib.parse import urlsplit

from .organization import RANGE, Organization, now

Answer = tuple[int, str, bytes]
#: A NAT gateway's address for each agent VPC, from a range that is nobody's.
NAT = IPv4Network("198.18.0.0/15")
_NOT_FOUND: Answer = (404, "text/plain; charset=utf-8", b"404 page not found\n")
_BALANCERS = 3


class Door:
    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._nat: dict[str, IPv4Address] = {}

    def know(self, vpc: str) -> None:
        """Gives a VPC its NAT gateway."""
        self._nat.setdefault(vpc, NAT[len(self._nat) + 1])

    def seen(self, vpc: str, endpoint: IPv4Address | IPv6Address | None) -> IPv4Address:
        """The address that Astro takes a request to come from: its own load balancer's, or the VPC's NAT gateway's."""
        return self._nat[vpc] if endpoint is None else RANGE[10 + int(endpoint) % _BALANCERS]

    def answer(self, seen: IPv4Address, host: str, target: str, authorization: str) -> Answer:
        with self._organization.lock:
            deployment = next(
                (each for each in self._organization.deployments.values() if _is_for(each, host, target)), None
            )
            if deployment is None:
                return _NOT_FOUND
            if not admitted(seen, deployment["remoteExecution"]["allowedIpAddressRanges"]):
                return _json(403, {"message": f"{seen} is not allowed"})
            agent = self._organization.agent(deployment["id"], authorization.removeprefix("Bearer "))
            if agent is None:
                return _json(401, {"message": "invalid or missing token"})
            agent["lastUsedAt"] = now()
            return _json(200, {})


def admitted(seen: IPv4Address, ranges: list[str]) -> bool:
    """An empty list admits everybody; an entry that is no range admits nobody."""
    return not ranges or any(seen in network for network in map(_network, ranges) if network is not None)


def _network(text: str) -> Any:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_for(deployment: Mapping[str, Any], host: str, target: str) -> bool:
    remote = deployment.get("remoteExecution", {})
    if not remote.get("enabled"):
        return False
    url = urlsplit(remote["remoteApiUrl"])
    path = target.partition("?")[0]
    return host.lower() == url.hostname and (path == url.path or path.startswith(f"{url.path}/"))


def _json(status: int, content: object) -> Answer:
    return status, "application/json", json.dumps(content).encode()
