# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found in accounts, as an inventory: each value with its reason, and what cannot be known as a line to fill in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import draft, evidence
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.evidence import Asked
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.found import (
    Astro,
    Connection,
    Deployment,
    HostedZone,
    Pods,
    Survey,
)
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.lines import Draft, Entry
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.tags import EksCluster, Vpc
from ansible_collections.astro.privatelink.plugins.module_utils._link.model import OWNED, Endpoint, SecurityGroup
from ansible_collections.astro.privatelink.plugins.module_utils._link.zone import Alias, Record, Zone

SUFFIX, CLUSTER = "external.astronomer.run", "clx"
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
ONE, TWO, THREE = ("vpc-00000001", "vpc-00000002", "vpc-00000003")
HERE, THERE = ("vpce-00000001", "vpce-00000002")
ACCOUNT = "111111111111"


def vpc(vpc_id: str = ONE, **more: Any) -> Vpc:
    number = int(vpc_id[-1])
    known: dict[str, Any] = {"region": "us-east-1", "account_id": ACCOUNT, "cidrs": (f"10.{number}.0.0/16",)}
    return Vpc(**{"vpc_id": vpc_id, "tags": {"Name": f"vpc{number}"}, **known, **more})


def endpoint(endpoint_id: str = HERE, vpc_id: str = ONE, **more: Any) -> Endpoint:
    known: dict[str, Any] = {"subnets": frozenset({"subnet-00000001"}), "tags": {}, "state": "available"}
    groups = frozenset({f"sg-0000000{endpoint_id[-1]}"})
    given = {"id": endpoint_id, "vpc_id": vpc_id, "service_name": SERVICE, "security_groups": groups}
    return Endpoint(**{**given, **known, **more})


def group(group_id: str = "sg-00000001", vpc_id: str = ONE, *sources: str, **more: Any) -> SecurityGroup:
    known: dict[str, Any] = {"id": group_id, "vpc_id": vpc_id, "name": "astro", "owned": False}
    return SecurityGroup(**{**known, "sources": frozenset(sources), **more})


def record(endpoint_id: str = HERE, host: str = f"{CLUSTER}.{SUFFIX}", **more: Any) -> Record:
    alias = Alias(dns_name=f"{endpoint_id}-abc.vpce-svc-0.us-east-1.vpce.amazonaws.com", hosted_zone_id="Z7")
    return Record(**{"name": host, "type": "A", "alias": alias, **more})


def zone(zone_id: str, *vpcs: str, **more: Any) -> HostedZone:
    account = {key: more.pop(key) for key in ("account_id", "access") if key in more}
    known: dict[str, Any] = {"id": zone_id, "name": SUFFIX, "link": "", "records": (record(),)}
    return HostedZone(
        zone=Zone(vpcs=dict.fromkeys(vpcs, "us-east-1"), **{**known, **more}), **{"account_id": ACCOUNT, **account}
    )


OWN = Survey(
    vpcs=(vpc(),),
    endpoints=(endpoint(),),
    groups=(group("sg-00000001", ONE, "sg-0000000a"), group("sg-0000000a")),
    zones=(zone("Z1", ONE),),
    subnets={"subnet-00000001": "use1-az1, 10.1.1.0/24"},
)
JOINED = replace(
    OWN,
    vpcs=(vpc(), vpc(TWO)),
    zones=(zone("Z1", ONE, TWO),),
    groups=(group("sg-00000001", ONE, "sg-0000000a", "10.2.1.0/24", "10.0.0.0/8"), group("sg-0000000a")),
    connections=(Connection(id="pcx-1", vpcs=frozenset([ONE, TWO])),),
)


def made(survey: Survey, asked: Asked | None = None) -> Draft:
    return draft.draft(survey, asked or Asked())


def only(survey: Survey) -> Entry:
    (entry,) = made(survey).entries
    return entry


def named(found: Draft, name: str) -> Entry:
    return next(entry for entry in found.entries if entry.name == name)


def values(entry: Entry) -> dict[str, Any]:
    """The lines as the inventory has them."""
    return {line.key: [item.value for item in line.items] if line.items else line.value for line in entry.lines}


def why(entry: Entry, key: str) -> str:
    return next(line.why or "; ".join(item.why for item in line.items) for line in entry.lines if line.key == key)


def test_a_link_of_ones_own_is_written_as_it_is():
    entry = only(OWN)
    assert entry.name == "vpc1"
    assert entry.unfilled == {}
    assert values(entry) == {
        "vpc_id": ONE,
        "region": "us-east-1",
        "account_id": ACCOUNT,
        "cluster_id": CLUSTER,
        "service_name": SERVICE,
        "endpoint_id": HERE,
        "subnet_ids": ["subnet-00000001"],
        "endpoint_security_groups": ["sg-00000001"],
        "agent_security_groups": ["sg-0000000a"],
        "dns_layout": "suffix_zone",
        "hosted_zone_id": "Z1",
    }
    assert "zone Z1" in why(entry, "endpoint_id")
    assert "sg-00000001 of vpce-00000001 admits it" in why(entry, "agent_security_groups")
    assert why(entry, "subnet_ids") == "use1-az1, 10.1.1.0/24"


def test_who_shares_a_link_is_admitted_by_as_much_of_its_ranges_as_the_endpoint_admits():
    found = made(JOINED)
    assert [entry.unfilled for entry in found.entries] == [{}, {}]
    shared = values(named(found, "vpc2"))
    assert shared["via"] == "vpc1"
    assert shared["agent_cidrs"] == ["10.2.0.0/16", "10.2.1.0/24"]
    assert "service_name" not in shared
    assert "peering pcx-1" in why(named(found, "vpc2"), "via")
    assert values(named(found, "vpc1"))["agent_cidrs"] == ["10.1.0.0/16"]


def test_a_transit_gateway_connects_those_that_are_attached():
    ways = tuple(Connection(id="tgw-1", vpcs=frozenset([each])) for each in (ONE, TWO))
    assert "transit gateway tgw-1" in why(named(made(replace(JOINED, connections=ways)), "vpc2"), "via")
    nothing = named(made(replace(JOINED, connections=ways[:1])), "vpc2")
    assert "no peering or transit gateway between them was found" in why(nothing, "via")


OTHER_ENDPOINT = (endpoint(), endpoint(THERE, ONE, tags={"Name": "astro-privatelink"}))


@pytest.mark.parametrize(
    ("survey", "unfilled", "reason"),
    [
        pytest.param(
            replace(OWN, groups=(group(),)),
            {"agent_cidrs"},
            "the security groups of vpce-00000001 admit nobody of this VPC",
            id="nobody is admitted",
        ),
        pytest.param(
            replace(OWN, groups=(group("sg-00000001", ONE, "pl-1", "172.16.0.0/12", "fd00::/8", "sg-0000000f"),)),
            {"agent_cidrs"},
            "admit nobody of this VPC",
            id="nobody of this VPC is known to be admitted",
        ),
        pytest.param(
            replace(OWN, zones=(), endpoints=(endpoint(tags={"Name": "astro-privatelink"}),)),
            {"cluster_id"},
            "no name leads this VPC to Astro; clusters that were found: none",
            id="no zone",
        ),
        pytest.param(
            replace(OWN, zones=(), endpoints=(endpoint(tags={"Name": "astro-privatelink"}),), serving={ONE: ("Z9",)}),
            {"cluster_id", "hosted_zone_id"},
            "were not read serve this VPC: Z9",
            id="a zone of an account that was not read",
        ),
        pytest.param(
            replace(OWN, zones=(zone("Z1", ONE, account_id="222222222222", access={"profile": "other"}),)),
            {"hosted_zone_id"},
            "zone Z1 (external.astronomer.run) has an alias",
            id="the zone of another account",
        ),
        pytest.param(
            replace(OWN, zones=(zone("Z1", ONE), zone("Z2", ONE, name=f"{CLUSTER}.{SUFFIX}"))),
            {"hosted_zone_id"},
            "Z1 (external.astronomer.run, of account 111111111111), Z2",
            id="two zones to one endpoint",
        ),
        pytest.param(
            replace(OWN, endpoints=OTHER_ENDPOINT), {"service_name"}, "2 links claim this VPC", id="two endpoints"
        ),
        pytest.param(
            replace(OWN, endpoints=()),
            {"via", "agent_cidrs"},
            "no account that was searched has that endpoint",
            id="an endpoint of an account that was not read",
        ),
        pytest.param(
            Survey(vpcs=(vpc(tags={"astro.privatelink/agents": ""}),)),
            {"cluster_id", "service_name", "agent_cidrs"},
            "from Astronomer Support",
            id="agents without any link",
        ),
        pytest.param(
            replace(OWN, vpcs=(), endpoints=()),
            {"assume_role_arn", "via", "agent_cidrs"},
            "no account that was searched has this VPC",
            id="a VPC of an account that was not read",
        ),
    ],
)
def test_what_cannot_be_known_is_to_be_filled_in(survey, unfilled, reason):
    entry = only(survey)
    assert set(entry.unfilled) == unfilled
    assert any(reason in line.why for line in entry.lines)


def test_two_links_that_claim_a_vpc_are_both_shown():
    survey = replace(JOINED, endpoints=(endpoint(), endpoint(THERE, TWO, tags={"Name": "astro-privatelink"})))
    entry = named(made(survey), "vpc2")
    assert set(entry.unfilled) == {"service_name"}
    assert "remove the other link in AWS" in entry.unfilled["service_name"]
    (shared, own) = entry.choices
    assert shared.heading.startswith(f"Link 1: endpoint {HERE} (in {ONE}): zone Z1")
    assert {line.key for line in shared.lines} == {"via", "agent_cidrs"}
    assert own.heading.startswith(f"Link 2: endpoint {THERE} (here): it has the tag Name: astro-privatelink")
    assert {"endpoint_id", "service_name"} <= {line.key for line in own.lines}


def test_a_zone_of_the_host_is_the_other_layout_for_all_who_share_the_link():
    found = made(replace(JOINED, zones=(zone("Z1", ONE, TWO, name=f"{CLUSTER}.{SUFFIX}"),)))
    assert [values(entry)["dns_layout"] for entry in found.entries] == ["host_zone", "host_zone"]


def test_what_this_collection_made_needs_no_ids():
    survey = replace(
        OWN,
        endpoints=(endpoint(tags=OWNED),),
        groups=(group("sg-00000001", ONE, "sg-0000000a", name="astro-privatelink", owned=True), group("sg-0000000a")),
        zones=(zone("Z1", ONE, link=ONE),),
    )
    entry = only(survey)
    assert not {"endpoint_id", "subnet_ids", "endpoint_security_groups", "hosted_zone_id"} & set(values(entry))
    assert [text for text in entry.about if "was made by this collection" in text] == list(entry.about)
    assert values(entry)["agent_security_groups"] == ["sg-0000000a"]


def test_a_service_of_another_region_is_named():
    survey = replace(OWN, endpoints=(endpoint(service_name=SERVICE.replace("us-east-1", "eu-west-1")),))
    assert values(only(survey))["service_region"] == "eu-west-1"


def test_an_endpoint_that_is_not_available_says_so():
    assert "is pendingacceptance." in only(replace(OWN, endpoints=(endpoint(state="pendingacceptance"),))).about[0]


def test_a_hub_without_agents_is_an_owner_all_the_same():
    found = made(replace(JOINED, zones=(zone("Z1", TWO),)))
    hub = named(found, "vpc1")
    assert values(hub)["hosted_zone_id"] == "Z1"
    assert "It is not associated with zone Z1; setup associates it." in hub.about
    assert values(named(found, "vpc2"))["via"] == "vpc1"


def test_agents_without_a_link_are_told_whose_they_could_share():
    lonely = vpc(THREE, tags={"Name": "vpc3", "astro.privatelink/agents": ""})
    way = Connection(id="pcx-2", vpcs=frozenset([ONE, THREE]))
    entry = named(made(replace(OWN, vpcs=(vpc(), lonely), connections=(way,))), "vpc3")
    assert "It could share a link: privatelink_via: vpc1 (peering pcx-2)." in entry.about
    assert SERVICE in why(entry, "service_name")


def test_pods_show_where_agents_are():
    cluster = EksCluster(
        name="prod", vpc_id=ONE, region="us-east-1", group_id="sg-0e", tags={}, groups=("sg-0000000b",)
    )
    survey = replace(
        OWN,
        groups=(group(),),
        clusters=(cluster,),
        pods=(Pods(cluster=cluster, namespaces={"airflow": 3, "etl": 1}),),
    )
    entry = only(survey)
    assert values(entry)["kubernetes"] == [(("eks_cluster", "prod"), ("namespaces", ("airflow", "etl")))]
    assert values(entry)["agent_security_groups"] == ["sg-0000000b"]
    assert "nodes or pods of the EKS cluster prod have it" in why(entry, "agent_security_groups")


def test_a_cluster_that_does_not_answer_is_told_and_makes_no_agents():
    cluster = EksCluster(name="prod", vpc_id=TWO, region="us-east-1", group_id="", tags={})
    found = made(replace(OWN, vpcs=(vpc(), vpc(TWO)), pods=(Pods(cluster=cluster, problem="no route"),)))
    assert [entry.name for entry in found.entries] == ["vpc1"]
    assert any(note.startswith(f"{draft.NOT_READ}whether EKS cluster prod") for note in found.notes)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"tags": {"Name": "astro-privatelink"}}, {HERE}),
        ({"tags": {"Name": "other"}}, set()),
        ({"tags": {"Name": "astro-privatelink"}, "state": "deleted"}, set()),
        ({"tags": {"Name": "astro-privatelink"}, "service_name": "com.amazonaws.us-east-1.s3"}, set()),
    ],
)
def test_endpoints_to_astro_are_known_by_their_tags(change, found):
    assert set(evidence.endpoints(replace(OWN, zones=(), endpoints=(endpoint(**change),)), Asked())) == found


def test_endpoints_of_a_service_that_was_given_or_seen_are_ones_to_astro():
    both = replace(OWN, zones=(), endpoints=(endpoint(), endpoint(THERE, TWO)))
    assert set(evidence.endpoints(both, Asked(services=(SERVICE,)))) == {HERE, THERE}
    seen = evidence.endpoints(replace(both, zones=OWN.zones), Asked())
    assert seen[THERE] == (f"its service is that of {HERE}",)


@pytest.mark.parametrize(
    "odd",
    [
        record(host=f"a.b.{SUFFIX}"),
        record(host=f"*.{SUFFIX}"),
        record(host=SUFFIX),
        record(type="AAAA"),
        record(alias=None, raw={"ResourceRecords": [{"Value": "10.0.0.1"}]}),
        record("evil-vpce-00000001"),
    ],
)
def test_other_records_lead_nobody_to_an_endpoint(odd):
    assert evidence.targets(replace(OWN, zones=(zone("Z1", ONE, records=(odd,)),))) == []


def test_a_cname_leads_to_an_endpoint_as_well():
    value = [{"Value": f"{HERE}-abc.vpce-svc-0.us-east-1.vpce.amazonaws.com."}]
    cname = record(type="CNAME", alias=None, raw={"ResourceRecords": value})
    entry = only(replace(OWN, zones=(zone("Z1", ONE, records=(cname,)),)))
    assert "a record of type CNAME" in why(entry, "hosted_zone_id")


def test_a_vpc_with_links_to_two_clusters_has_two_entries():
    records = (record(), record(THERE, f"cly.{SUFFIX}"))
    found = made(replace(OWN, endpoints=(endpoint(), endpoint(THERE)), zones=(zone("Z1", ONE, records=records),)))
    assert [entry.name for entry in found.entries] == ["vpc1-clx", "vpc1-cly"]
    assert all("links to 2 clusters" in entry.about[0] for entry in found.entries)


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({ONE: "payments"}, ["payments"]),
        ({ONE: "{{ lookup('pipe', 'id') }}"}, ["lookup-pipe-id"]),
        ({ONE: "a[1:3],b:!c"}, ["a-1-3-b-c"]),
        ({ONE: "All"}, [ONE]),
        ({ONE: "\u202e"}, [ONE]),
        ({ONE: ""}, [ONE]),
        ({ONE: "same", TWO: "Same"}, [f"same-{ONE}", f"Same-{TWO}"]),
    ],
)
def test_names_are_fit_for_ansible_and_differ(given, called):
    vpcs = {vpc_id: vpc(vpc_id, tags={"Name": name}) for vpc_id, name in given.items()}
    assert list(draft.names(vpcs, [(vpc_id, "clx") for vpc_id in given]).values()) == called


def test_deployments_of_linked_clusters_are_listed_and_others_told():
    url = f"https://{CLUSTER}.{SUFFIX}/abc"
    mine = Deployment(id="d1", name="orders", cluster_id=CLUSTER, url=url, ranges=("10.0.0.0/8",))
    astro = Astro(
        deployments=(mine, replace(mine, id="d2", name="far", cluster_id="cly"), replace(mine, id="{{ x }}")),
        clusters={CLUSTER: ("172.20.0.0/22",)},
    )
    found = made(replace(OWN, astro=astro))
    assert [item.value for item in found.deployments] == ["d1"]
    assert f"orders: {url}, cluster clx (172.20.0.0/22); its API admits 10.0.0.0/8" in found.deployments[0].why
    assert any("No VPC has a link to the cluster of Deployment far" in note for note in found.notes)


def test_what_was_not_read_is_told():
    found = made(replace(OWN, asked=("us-east-1",), unread=("eu-west-1: denied",)))
    assert {"Searched: us-east-1", "NOT READ: eu-west-1: denied"} <= set(found.notes)
    assert any("ASTRO_API_TOKEN" in note for note in found.notes)


def test_of_two_ways_to_a_vpc_the_first_one_counts():
    merged = Survey.merge([OWN, replace(OWN, vpcs=(vpc(access={"profile": "other"}),))])
    assert [each.access for each in merged.vpcs] == [{}]
