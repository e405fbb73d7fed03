# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen to findings, as tables; what the plans of endpoints and zones find is tested with these."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import Call, New, Plan
from ansible_collections.astro.privatelink.plugins.module_utils._kube import admission
from ansible_collections.astro.privatelink.plugins.module_utils._link import endpoint, model, zone
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import checks as core
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import network as _network
from ansible_collections.astro.privatelink.plugins.module_utils._preflight import resolution

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
SUFFIX = "external.astronomer.run"
HOST = f"clx.{SUFFIX}"


def subnet(name, cidr, vpc, zone_id="use1-az1"):
    return model.Subnet(
        id=name, vpc_id=vpc, cidr=cidr, zone=f"name-of-{zone_id}", zone_id=zone_id, free=9, public=False, owner="111"
    )


def group(name, vpc, *sources, called="mine"):
    return model.SecurityGroup(id=name, vpc_id=vpc, name=called, sources=frozenset(sources), owned=False)


OWN = core.Vpc(name="own", vpc_id="vpc-1", region="us-east-1", host=HOST, sources=frozenset(["sg-agents"]))
JOINED = core.Vpc(
    name="joined", vpc_id="vpc-2", region="us-east-1", host=HOST, via="own", sources=frozenset(["10.2.0.0/16"])
)
LINK = model.Link(
    name="own",
    vpc_id="vpc-1",
    service_name=SERVICE,
    sources=OWN.sources,
    joined={"joined": JOINED.sources},
)
SUBNETS = (subnet("s1", "10.1.1.0/24", "vpc-1"), subnet("s2", "10.2.1.0/24", "vpc-2"))
HAVE = model.Have(
    region="us-east-1",
    vpcs={"vpc-1": "111", "vpc-2": "111"},
    services={SERVICE: model.Service(name=SERVICE, zones=frozenset(["name-of-use1-az1"]))},
    subnets=SUBNETS,
    groups=(group("sg-agents", "vpc-1"),),
)


def table(vpc, route):
    return _network.Table(id=f"rtb-{vpc}", vpc_id=vpc, main=True, subnets=frozenset(), routes=(route,))


NETWORK = _network.Network(
    vpcs={
        "vpc-1": _network.Vpc(id="vpc-1", owner="111", region="us-east-1", cidrs=("10.1.0.0/16",)),
        "vpc-2": _network.Vpc(id="vpc-2", owner="111", region="us-east-1", cidrs=("10.2.0.0/16",)),
    },
    subnets={each.id: each for each in SUBNETS},
    tables=(
        table("vpc-1", _network.Route(cidr="10.2.0.0/16", target="pcx-1")),
        table("vpc-2", _network.Route(cidr="10.1.0.0/16", target="pcx-1")),
    ),
)
ZONE_LINK = zone.Link(
    name="own",
    vpc_id="vpc-1",
    zone=SUFFIX,
    records={HOST: zone.Alias(dns_name="vpce", hosted_zone_id="Z")},
    vpcs=(
        zone.Vpc(name="own", vpc_id="vpc-1", region="us-east-1"),
        zone.Vpc(name="joined", vpc_id="vpc-2", region="us-east-1"),
    ),
)


def seen(*, vpcs=(OWN, JOINED), link=LINK, have=HAVE, network=NETWORK, names=None, zones=None, **fleet):
    plan = fleet.pop("plan", None) or endpoint.plan([link], have)
    fleets = (core.Fleet(vpcs=tuple(vpcs), links=(link,), have=have, plan=plan, **fleet),)
    zoned = zones or core.Zones(links=(ZONE_LINK,), have=(), plan=zone.plan([ZONE_LINK], []))
    return core.Seen(fleets=fleets, zones=(zoned,), network=network, names=names or {})


def found(*args, **kwargs):
    return [(one.vpc, one.code) for one in core.judge(seen(*args, **kwargs))]


def test_nothing_wrong_is_nothing_found():
    assert found(account="111", agents={"sg-agents": frozenset(["s1"])}) == []


def test_what_the_plans_found_comes_first_and_once():
    gone = replace(HAVE, vpcs={})
    assert found(have=gone) == [("own", "VPC_NOT_FOUND")]
    twice = replace(seen(), findings=(finding("CUSTOM_DNS", "own", vpc_id="v", servers="s", zone="z"),) * 2)
    assert [one.code for one in core.judge(twice)] == ["CUSTOM_DNS"]


@pytest.mark.parametrize(("account", "codes"), [("111", []), ("", []), ("222", ["SHARED_VPC_PARTICIPANT"])])
def test_a_vpc_that_is_shared_with_the_caller(account, codes):
    assert found(account=account) == [("own", code) for code in codes]


@pytest.mark.parametrize(
    ("sdk", "region", "codes"),
    [
        ((1, 35, 69), "us-east-1", []),
        ((1, 35, 69), "eu-west-1", ["SDK_TOO_OLD"]),
        ((1, 35, 70), "eu-west-1", []),
        ((1, 44, 5), "eu-west-1", []),
    ],
)
def test_an_sdk_that_cannot_ask_across_regions(sdk, region, codes):
    assert [one.code for one in core.too_old([LINK], region, sdk)] == codes


def test_zones_that_remote_access_leaves_out_are_doubtful_if_they_are_named():
    there = replace(HAVE, region="eu-west-1", subnets=(subnet("s1", "10.1.1.0/24", "vpc-1", "use1-az3"),))
    named = replace(LINK, subnets=frozenset(["s1"]), service_region="us-east-1")
    assert ("own", "AZ_REMOTE_DOUBTFUL") in found(have=there, link=named)
    told = replace(named, zone_ids=frozenset(["use1-az3"]))
    assert ("own", "AZ_REMOTE_DOUBTFUL") not in found(have=there, link=told)
    assert ("own", "AZ_REMOTE_DOUBTFUL") not in found(have=replace(there, region="us-east-1"), link=named)


@pytest.mark.parametrize(
    ("joined", "owner", "codes"),
    [
        ({}, "111", []),
        ({"region": "eu-west-1"}, "111", ["SUPPORT_NEEDED"]),
        ({}, "222", ["SUPPORT_NEEDED"]),
        ({"region": "eu-west-1"}, "222", ["SUPPORT_NEEDED"] * 2),
        ({"region": "eu-west-1", "confirmed": True}, "222", []),
    ],
)
def test_links_shared_over_regions_and_accounts(joined, owner, codes):
    vpcs = {**NETWORK.vpcs, "vpc-2": replace(NETWORK.vpcs["vpc-2"], owner=owner)}
    got = found(vpcs=(OWN, replace(JOINED, **joined)), network=replace(NETWORK, vpcs=vpcs))
    assert got == [("joined", code) for code in codes]


def test_quotas_of_endpoints():
    taken = tuple(
        model.Endpoint(
            id=f"vpce-{n}",
            vpc_id="vpc-1",
            service_name="another",
            subnets=frozenset(),
            security_groups=frozenset(),
            tags={},
            state="available",
        )
        for n in range(2)
    )
    full = replace(HAVE, endpoints=taken)
    assert found(have=full, quota=3) == []
    assert found(have=full, quota=2) == [("own", "ENDPOINTS_REACHED")]
    gone = replace(HAVE, endpoints=tuple(replace(each, state="deleted") for each in taken))
    assert found(have=gone, quota=2) == []


def test_endpoints_of_one_run_count_together():
    create = Call(
        service="ec2", operation="CreateVpcEndpoint", arguments={"VpcId": "vpc-1"}, subjects=frozenset(["a"]), lane="a"
    )
    plan = Plan(calls=(create, replace(create, subjects=frozenset(["b"]))))
    assert core.creating(plan) == {"vpc-1": ["a", "b"]}


@pytest.mark.parametrize(("joining", "codes"), [(300, []), (301, [("own", "ZONE_VPCS_MANY")])])
def test_a_zone_that_is_to_be_created_for_more_vpcs_than_usual_is_pointed_out(joining, codes):
    join = Call(
        service="route53",
        operation="AssociateVPCWithHostedZone",
        arguments={"HostedZoneId": New("zone", "own")},
        subjects=frozenset(),
        lane="own",
    )
    calls = tuple(replace(join, subjects=frozenset([f"vpc{n}"])) for n in range(joining))
    assert found(zones=core.Zones(links=(), have=(), plan=Plan(calls=calls))) == codes


@pytest.mark.parametrize(
    ("zone_id", "limit", "expected"),
    [
        ("", core.Limit(most=10, count=9), []),
        ("", core.Limit(most=10, count=10), [("own", "ZONES_REACHED")]),
        ("Z1", core.Limit(most=10, count=9), []),
        ("Z1", core.Limit(most=10, count=10), [("joined", "ZONE_VPCS_REACHED")]),
    ],
)
def test_quotas_of_zones(zone_id, limit, expected):
    create = Call(
        service="route53", operation="CreateHostedZone", arguments={}, subjects=frozenset(["own"]), lane="own"
    )
    join = replace(
        create,
        operation="AssociateVPCWithHostedZone",
        arguments={"HostedZoneId": "Z1"},
        subjects=frozenset(["joined"]),
    )
    zones = core.Zones(links=(), have=(), plan=Plan(calls=(create, join)), limits={zone_id: limit})
    assert found(zones=zones) == expected


@pytest.mark.parametrize(
    ("sources", "agents", "codes"),
    [
        (["sg-agents", "10.2.0.0/16"], {}, []),
        (["sg-agents"], {}, [("joined", "AGENT_NOT_ADMITTED")]),
        (["10.2.0.0/16"], {}, [("own", "AGENT_NOT_ADMITTED")]),
        (["10.0.0.0/8"], {}, []),
        (["10.1.1.0/24", "10.2.0.0/15"], {"sg-agents": frozenset(["s1"])}, []),
        (["10.1.1.0/24", "10.2.0.0/15"], {}, [("own", "AGENT_NOT_ADMITTED")]),
        (["10.1.2.0/24", "10.2.0.0/16"], {"sg-agents": frozenset(["s1"])}, [("own", "AGENT_NOT_ADMITTED")]),
        (["pl-1"], {}, []),
    ],
)
def test_groups_of_the_users_have_to_admit_all_agents(sources, agents, codes):
    link = replace(LINK, security_groups=frozenset(["sg-mine"]))
    have = replace(HAVE, groups=(*HAVE.groups, group("sg-mine", "vpc-1", *sources)))
    assert found(link=link, have=have, agents=agents) == codes


def test_the_default_group_is_a_warning():
    link = replace(LINK, security_groups=frozenset(["sg-d"]))
    have = replace(HAVE, groups=(*HAVE.groups, group("sg-d", "vpc-1", "10.0.0.0/8", called="default")))
    (one,) = core.judge(seen(link=link, have=have))
    assert (one.code, one.severity) == ("DEFAULT_SECURITY_GROUP", "warning")


@pytest.mark.parametrize(
    ("sources", "subnets", "codes"),
    [
        (["10.1.0.0/16"], ["10.1.1.0/24"], []),
        (["10.1.0.0/16"], ["10.1.1.0/24", "100.64.1.0/24"], ["AGENT_RANGE_NOT_ADMITTED"]),
        (["10.1.1.0/24"], ["10.1.1.0/24", "100.64.1.0/24"], ["AGENT_RANGE_NOT_ADMITTED"]),
        (["10.1.0.0/16", "100.64.0.0/24"], ["10.1.1.0/24", "100.64.1.0/24"], []),
        (["sg-agents"], ["10.1.1.0/24", "100.64.1.0/24"], []),
        (["192.0.2.0/24"], ["10.1.1.0/24", "100.64.1.0/24"], []),
    ],
)
def test_second_ranges_of_a_vpc(sources, subnets, codes):
    vpc = replace(NETWORK.vpcs["vpc-1"], cidrs=("10.1.0.0/16", "100.64.0.0/16"))
    there = {cidr: subnet(cidr, cidr, "vpc-1") for cidr in subnets}
    network = _network.Network(vpcs={"vpc-1": vpc}, subnets=there)
    assert found(vpcs=[replace(OWN, sources=frozenset(sources))], network=network) == [("own", code) for code in codes]


def test_security_groups_of_a_joined_vpc():
    named = replace(JOINED, sources=frozenset(["sg-far"]))
    have = replace(HAVE, groups=(*HAVE.groups, group("sg-far", "vpc-2")))
    assert found(vpcs=(OWN, named), have=have) == [("joined", "SG_REF_INVALID")]
    peered = replace(NETWORK, peerings=frozenset([frozenset(["vpc-1", "vpc-2"])]))
    assert found(vpcs=(OWN, named), have=have, network=peered) == []
    assert found(vpcs=(OWN, named), network=peered) == [("joined", "SECURITY_GROUP_NOT_FOUND")]
    abroad = replace(named, region="eu-west-1", confirmed=True)
    assert found(vpcs=(OWN, abroad), have=have, network=peered) == [("joined", "SG_REF_INVALID")]


def test_paths_of_own_and_joined_vpcs():
    cut = replace(
        NETWORK, tables=(*NETWORK.tables[:1], table("vpc-2", _network.Route(cidr="0.0.0.0/0", target="igw-1")))
    )
    assert found(network=cut) == [("joined", "ROUTE_MISSING")]
    shut = replace(NETWORK, acls=(_network.Acl(id="acl", subnets=frozenset(["s2"]), rules=()),))
    assert found(network=shut) == [("joined", "NACL_BLOCKS")] * 2


def test_names_are_judged_for_vpcs_that_were_looked_at():
    off = resolution.Names(off=frozenset(["enableDnsSupport"]))
    assert found(names={"vpc-2": off}) == [("joined", "VPC_DNS_OFF")]


def test_names_in_use_may_have_their_records_in_the_same_zone():
    other = f"cly.{SUFFIX}"
    own = replace(OWN, in_use=frozenset([other]))
    assert found(vpcs=[own, JOINED]) == [("own", "ZONE_SHADOWS_NAMES")]
    second = replace(ZONE_LINK, name="second", records={other: ZONE_LINK.records[HOST]})
    both = core.Zones(links=(ZONE_LINK, second), have=(), plan=Plan())
    assert found(vpcs=[own, JOINED], zones=both) == []
    alias = zone.Record(name=other, type="A", alias=None)
    there = zone.Zone(id="Z1", name=SUFFIX, link="vpc-1", vpcs={}, records=(alias,))
    assert found(vpcs=[own, JOINED], zones=core.Zones(links=(ZONE_LINK,), have=(there,), plan=Plan())) == []


def test_a_public_zone_is_told_from_one_that_does_not_exist():
    link = replace(ZONE_LINK, zone_id="ZP")
    zones = core.Zones(links=(link,), have=(), plan=zone.plan([link], []))
    assert ("own", "ZONE_NOT_FOUND") in found(zones=zones)
    assert ("own", "HOSTED_ZONE_PUBLIC") in found(zones=replace(zones, public=frozenset(["ZP"])))


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        ({"problem": "DNS_NXDOMAIN", "addresses": []}, True),
        ({"problem": "", "addresses": ["203.0.113.10"]}, False),
        ({"problem": "DNS_TIMEOUT", "addresses": []}, False),
        # A company's own name server knows nothing of the internet; AWS's resolver does.
        ({"problem": "DNS_NXDOMAIN", "addresses": [], "vpc_resolver": {"addresses": ["203.0.113.10"]}}, False),
        ({"problem": "DNS_SERVFAIL", "addresses": [], "vpc_resolver": {"problem": "DNS_NXDOMAIN"}}, True),
        ({"problem": "DNS_NXDOMAIN", "addresses": [], "vpc_resolver": {"problem": "DNS_TIMEOUT"}}, True),
        ({}, False),
    ],
)
def test_a_cluster_that_public_dns_does_not_know(names, unknown):
    found_ = core.unknown_cluster("own", HOST, "agent", names)
    assert [one.code for one in found_] == (["CLUSTER_UNKNOWN"] if unknown else [])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"airflow_version": "NA"}, []),
        ({"remote_execution": False}, [("own", "DEPLOYMENT_NOT_REMOTE")]),
        ({"airflow_version": "2.11.0"}, [("own", "DEPLOYMENT_AIRFLOW_2")]),
        (
            {"cluster_id": "clz", "host": f"clz.{SUFFIX}"},
            [("own", "DEPLOYMENT_ELSEWHERE"), ("other", "DEPLOYMENT_ELSEWHERE")],
        ),
        (
            {"cluster_id": "", "remote_execution": False},
            [("own", "DEPLOYMENT_NOT_REMOTE"), ("other", "DEPLOYMENT_NOT_REMOTE")],
        ),
    ],
)
def test_deployments_that_do_not_fit(changes, expected):
    deployment = {
        "name": "orders",
        "cluster_id": "clx",
        "host": HOST,
        "remote_execution": True,
        "airflow_version": "3.0.2",
        **changes,
    }
    hosts = {"own": HOST, "other": f"cly.{SUFFIX}"}
    assert [(one.vpc, one.code) for one in core.unfit([deployment], hosts)] == expected


def test_how_a_vpc_is_shown():
    shown = core.public(seen(agents={"sg-agents": frozenset(["s1"])}))
    assert shown["own"] == {
        "vpc_id": "vpc-1",
        "account_id": "111",
        "region": "us-east-1",
        "via": "",
        "host": HOST,
        "cidrs": ["10.1.0.0/16"],
        "az_ids": ["use1-az1"],
        "apart": [],
        "vpc_endpoint_id": "",
        "state": "",
        "covered": False,
    }
    there = zone.Zone(id="Z1", name=SUFFIX, link="vpc-1", vpcs={"vpc-1": "us-east-1"})
    zones = core.Zones(links=(ZONE_LINK,), have=(there,), plan=Plan())
    shown = core.public(seen(zones=zones, vpcs=(OWN, replace(JOINED, region="eu-west-1"))))
    assert [vpc["covered"] for vpc in shown.values()] == [True, False]
    assert shown["joined"]["apart"] == ["region"]


def test_ranges_of_ipv6_stop_nothing_and_admit_no_agent():
    groups = (*HAVE.groups, group("sg-mine", "vpc-1", "::/0", "2600:1f18::/64"))
    have = replace(HAVE, groups=groups, subnets=(*SUBNETS, replace(SUBNETS[0], id="s6", cidr="", ipv4=False)))
    link = replace(LINK, security_groups=frozenset(["sg-mine"]))
    six = _network.Vpc(id="vpc-1", owner="111", region="us-east-1", cidrs=("10.1.0.0/16", "2600:1f18::/56"))
    network = replace(
        NETWORK,
        vpcs={**NETWORK.vpcs, "vpc-1": six},
        subnets={each.id: each for each in have.subnets},
    )
    own = replace(OWN, sources=frozenset(["sg-agents", "2600:1f18::/64"]))
    fleet = core.Fleet(
        vpcs=(own, JOINED),
        links=(link,),
        have=have,
        plan=endpoint.plan([link], have),
        agents={"sg-agents": frozenset(["s6"])},
    )
    names = {"vpc-1": resolution.Names(cidrs=six.cidrs, name_servers=("fd00:ec2::253", "AmazonProvidedDNS"))}
    zones = core.Zones(links=(ZONE_LINK,), have=(), plan=Plan())
    seen = core.Seen(fleets=(fleet,), zones=(zones,), network=network, names=names)
    found = {(one.code, one.vpc) for one in core.judge(seen)}
    assert ("AGENT_NOT_ADMITTED", "own") in found
    assert "CUSTOM_DNS" not in {code for code, _vpc in found}
    assert core.public(seen)["own"]["cidrs"] == ["10.1.0.0/16", "2600:1f18::/56"]


# --- pods

NODE = admission.Interface(id="eni-1", groups=frozenset(["sg-node"]), spans=frozenset(["10.1.1.9"]))


@pytest.mark.parametrize(
    ("sources", "groups", "codes"),
    [
        (["sg-agents"], [], ["POD_NOT_ADMITTED"]),
        (["sg-agents", "sg-node"], [], []),
        (["sg-agents", "10.1.0.0/16"], [], []),
        (["sg-agents"], ["sg-end"], []),  # a group of the user's that admits the nodes
        (["sg-agents"], ["sg-other"], ["POD_NOT_ADMITTED"]),
    ],
)
def test_pods_whose_groups_the_endpoint_does_not_admit(sources, groups, codes):
    pods = (admission.Placed(workload="worker", namespace="a", address="10.1.1.9"),)
    vpc = replace(OWN, sources=frozenset(sources), pods=pods)
    link = replace(LINK, sources=vpc.sources, security_groups=frozenset(groups))
    have = replace(
        HAVE,
        groups=(
            *HAVE.groups,
            group("sg-end", "vpc-1", "sg-node", "sg-agents"),
            group("sg-other", "vpc-1", "sg-agents"),
        ),
    )
    got = found(vpcs=(vpc, JOINED), link=link, have=have, interfaces=(NODE,))
    assert [code for name, code in got if code.startswith("POD_")] == codes


def test_what_pods_need_are_the_subnets_until_there_are_addresses():
    needs = core.needs(seen())
    assert [str(each) for each in needs["own"].spans] == ["10.1.1.0/24"]
    assert needs["own"].resolvers == {"169.254.169.253", "10.1.0.2"}
    assert needs["joined"].spans == needs["own"].spans
    assert core.needs(seen(vpcs=(OWN,), link=replace(LINK, name="other")))["own"].spans == ()
