# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on large fleets, for the tests of the report: several accounts and regions, and a few VPCs that fail in several ways."""

from __future__ import annotations

import itertools

from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._probe import results
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import Run
from ansible_collections.astro.privatelink.plugins.module_utils._roles import verify

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
TEAMS = ("payments", "ledger", "analytics", "search", "fraud", "billing", "reports", "pricing")
#: In which ways VPCs fail, one after the other.
FAULTS = ("one zone", "public name", "one zone", "no agent")


def fleet(size, *, joined=False, bad=None, accounts=None, agents=1):
    """What verify and setup leave behind of so many VPCs, each with so many agent hosts. In ``joined``, the first VPC of each account
    and region is a hub that the others join. ``bad`` of them fail, spread evenly: 1 % if it is not said."""
    bad = max(1, size // 100) if bad is None else bad
    accounts = accounts or max(2, min(20, size // 50))
    wrong = dict(zip((size * n // max(bad, 1) + 1 for n in range(bad)), itertools.cycle(FAULTS)))
    vpcs = [_vpc(number, accounts, joined) for number in range(size)]
    names = [name for name, _vars in vpcs]
    looking = [name for number, name in enumerate(names) if wrong.get(number) != "no agent"]
    hosts = {
        f"{name}-agent{f'-{n}' if n else ''}": {"privatelink_agent_vpc": name, "ansible_connection": "ssh"}
        for name in looking
        for n in range(agents)
    }
    inventory = Inventory.read({**dict(vpcs), **hosts}, names, list(hosts))
    owners = [(number, name) for number, name in enumerate(names) if not inventory.vpcs[name].via]
    made = {name: _endpoint(number, inventory.vpcs[name].text("region")) for number, name in owners}
    calls = [{"operation": operation, "vpcs": [name]} for name in made for operation in ("ec2:CreateVpcEndpoint",)]
    calls += [{"operation": "route53:AssociateVPCWithHostedZone", "vpcs": [name]} for name in names if name not in made]
    zones = {name: {"hosted_zone_id": _zone(inventory.vpcs[name].via or name), "associated": True} for name in names}
    endpoints = [{"vpcs": made, "calls": [], "findings": []}]
    targets = verify.targets(inventory, endpoints)
    seen = {
        name: [_seen(one, target, number, wrong.get(number, "")) for one in target.agents]
        for number, (name, target) in enumerate(targets.items())
    }
    return Run(
        inventory=inventory,
        endpoints=[{**endpoints[0], "calls": calls}],
        zones=[{"vpcs": zones, "calls": [], "findings": []}],
        targets={name: target.findings for name, target in targets.items()},
        seen=seen,
    )


def _vpc(number, accounts, joined):
    account, region = number % accounts, REGIONS[number // accounts % len(REGIONS)]
    place = number % (accounts * len(REGIONS))
    given = {
        "vpc_id": f"vpc-{number:017x}",
        "region": region,
        "service_region": "us-east-1",
        "account_id": f"{111111111111 + account}",
        "cluster_id": "clmh1kd8v000108l3a9v7c5x2",
        "service_name": SERVICE,
        "agent_cidrs": [f"10.{number // 250}.{number % 250}.0/24"],
    }
    if joined and number != place:
        given["via"] = _name(place)
    return _name(number), {f"privatelink_{key}": value for key, value in given.items()}


def _name(number):
    return f"{TEAMS[number % len(TEAMS)]}-{number:04d}"


def _zone(owner):
    return f"Z{owner.upper().replace('-', '')}0ABCDEF"


def _endpoint(number, region):
    return {
        "vpc_endpoint_id": f"vpce-{number:017x}",
        "state": "available",
        "dns_name": f"vpce-{number:017x}-abcdefgh.vpce-svc-0123456789abcdef0.{region}.vpce.amazonaws.com",
        "hosted_zone_id": "Z7HUB22UULQXV",
        "failed": False,
        "addresses": [
            {
                "address": f"10.{number // 250}.{number % 250}.{last}",
                "availability_zone": f"{region}{zone}",
                "network_interface_id": f"eni-{number:014x}{last:03x}",
                "subnet_id": f"subnet-{number:014x}{last:03x}",
            }
            for last, zone in ((37, "a"), (41, "b"))
        ],
    }


def _seen(agent, target, number, fault):
    source = f"10.{number // 250}.{number % 250}.9"
    first, second = target.expected
    named = ["203.0.113.10"] if fault == "public name" else list(target.expected)
    answer = {"addresses": named, "problem": "", "seconds": 0.012}
    answers = {
        **answer,
        "server": "the system's resolver",
        "ttl": None,
        "servers": [{**answer, "server": "169.254.169.253", "ttl": 60}],
        "vpc_resolver": {**answer, "server": "10.0.0.2", "ttl": 60},
    }
    raw = {
        "place": {"hostname": f"ip-{source.replace('.', '-')}", "sources": [source], "proxy": ""},
        "names": answers,
        "addresses": [
            _reach(first, source),
            _reach(second, source, "TCP_TIMEOUT" if fault == "one zone" else ""),
            *(_reach(address, source) for address in named if address not in target.expected),
        ],
        "health": {},
    }
    return results.agent(agent.name, agent.connection, target.probe(agent), raw)


def _reach(address, source, problem=""):
    done = not problem
    return {
        "address": address,
        "tcp": done,
        "tls": done,
        "status": 404 if done else 0,
        "problem": problem,
        "body": "404 page not found",
        "issuer": "Amazon RSA 2048 M03",
        "not_after": "Dec 28 00:26:57 2026 GMT",
        "source": source,
        "seconds": 0.075,
        "stages": {"tcp": 0.001, "tls": 0.054, "http": 0.02} if done else {"tcp": 0.075},
    }
