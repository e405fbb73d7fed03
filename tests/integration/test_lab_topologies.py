# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology can say beyond the demo, seen from inside the VPCs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from astrolab.home import homes
from astrolab.lab import Lab
from astrolab.shape import ShapeError
from astrolab.topology import DEMO, load
from by_hand import inventory, make_link, vpc_id
from conftest import LabUp

LAB = DEMO.parents[1] / "lab"
PUBLIC = ["203.0.113.10"]
ONE_VPC = (
    "cluster: {id: c}\nservice: {az_ids: [a]}\n"
    "vpcs: {v: {cidrs: [10.0.0.0/16], subnets: {a: {cidr: 10.0.1.0/24, az_id: use1-az1}}}}\n"
)
PLAIN = "vpc: v, service: plain"


@pytest.fixture(scope="module", params=["auto", "loopback"])
def lab(request: pytest.FixtureRequest, lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(profile="kind", topology=DEMO.with_name("odd.yml"), mode=request.param) as started:
        yield started


def statuses(lab: Lab, host: str) -> dict[str, int | None]:
    return {each["address"]: each["status"] for each in lab.look(host, deadline=2.5)["attempts"]}


def test_agents_in_a_second_cidr_come_in_through_the_first(lab: Lab) -> None:
    link = make_link(lab, "payments", ("use1-az1",))
    assert str(lab.record.hosts["payments-agent"].address).startswith("100.64.1.")
    assert statuses(lab, "payments-agent") == dict.fromkeys(link.addresses, 404)


def test_equal_addresses_in_two_accounts_do_not_meet(lab: Lab) -> None:
    assert list(statuses(lab, "twin-agent")) == PUBLIC
    link = make_link(lab, "twin", ("use1-az1",))
    assert statuses(lab, "twin-agent") == dict.fromkeys(link.addresses, 404)
    assert lab.requests()[-1]["vpc"] == vpc_id(lab, "twin")
    assert not lab.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["twin"]}])["Vpcs"]


def test_the_inventory_says_what_differs_from_the_common(lab: Lab) -> None:
    hosts = inventory(lab)["agent_vpcs"]["hosts"]
    assert hosts["twin"]["privatelink_account_id"] == "222222222222"
    assert hosts["twin"]["privatelink_assume_role_arn"] == "arn:aws:iam::222222222222:role/privatelink"
    assert hosts["faraway"]["privatelink_region"] == "eu-west-1"
    assert hosts["faraway"]["privatelink_service_region"] == "us-east-1"
    assert "privatelink_account_id" not in hosts["payments"]


def test_a_private_zone_needs_both_dns_attributes(lab: Lab) -> None:
    make_link(lab, "nameless", ("use1-az1",))
    assert list(statuses(lab, "nameless-agent")) == PUBLIC
    vpc = vpc_id(lab, "nameless")
    lab.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert list(statuses(lab, "nameless-agent")) != PUBLIC


def test_custom_name_servers_know_private_zones_only_if_they_forward(lab: Lab) -> None:
    link = make_link(lab, "directory", ("use1-az1",))
    assert list(statuses(lab, "directory-agent")) == PUBLIC
    if lab.mode == "loopback":
        servers = lab.record.hosts["directory-agent"].name_servers
        assert len(set(servers)) == 2
        return
    ec2 = lab.client("ec2")
    options = ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["10.60.1.54"]}])
    ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptions"]["DhcpOptionsId"], VpcId=vpc_id(lab, "directory"))
    asked = [
        "sh",
        "-c",
        "until grep -q 10.60.1.54 /etc/resolv.conf && ! grep -q 10.60.1.53 /etc/resolv.conf; do :; done",
    ]
    assert lab.exec("directory-agent", ["timeout", "5", *asked]).returncode == 0
    assert statuses(lab, "directory-agent") == dict.fromkeys(link.addresses, 404)


def test_generated_vpcs_are_joined_to_their_hub(lab_up: LabUp, tmp_path: Path) -> None:
    file = tmp_path / "many.yml"
    file.write_text(DEMO.read_text() + "generate: {count: 12, kind: joined, via: payments}\n")
    with lab_up(profile="kind", topology=file) as lab:
        hosts = inventory(lab)["agent_vpcs"]["hosts"]
        assert len(hosts) == 3 + 12
        assert hosts["vpc012"]["privatelink_via"] == "payments"
        peerings = lab.client("ec2").describe_vpc_peering_connections()["VpcPeeringConnections"]
        assert [each["Status"]["Code"] for each in peerings] == ["active"] * 13


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("cluster: {id: c}\n", "lacks service"),
        ("cluster: {id: c}\nservice: {az_ids: [a]}\nvpc: {}\n", "does not know vpc; it knows cluster, service"),
        ("cluster: {id: 1}\nservice: {az_ids: [a]}\n", "cluster.id must be a str, not 1"),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\nvpcs: {v: {cidrs: [10.0.0.1/16], subnets: {}}}\n",
            "vpcs.v.cidrs[0] is not an IPv4 network",
        ),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\n"
            "vpcs: {v: {cidrs: [10.0.0.0/16], subnets: {a: {cidr: 10.1.0.0/24, az_id: z}}}}\n",
            "10.1.0.0/24 is in none of the VPC's CIDRs",
        ),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\nvpcs: {v: {cidrs: [10.0.0.0/16], subnets: {}, hosts: {h: a}}}\n",
            "the VPC has no subnet a",
        ),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\npeerings: [{requester: a, accepter: b, routes: some}]\n",
            "peerings[0].routes must be one of both, requester, accepter, none",
        ),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\ntransit_gateways: {core: {vpcs: []}}\n",
            "transit_gateways.core.vpcs names no VPC",
        ),
        (
            "cluster: {id: c}\nservice: {az_ids: [a]}\ntransit_gateways: {core: {}}\n",
            "transit_gateways.core lacks vpcs",
        ),
        (
            f"{ONE_VPC}transit_gateways: {{core: {{vpcs: [v, nowhere]}}}}\n",
            "transit_gateways.core.vpcs[1]: there is no VPC nowhere",
        ),
        (
            f"{ONE_VPC}transit_gateways: {{core: {{vpcs: [v], hub: w}}}}\n",
            "transit_gateways.core.hub: w is not one of its VPCs",
        ),
        (
            f"{ONE_VPC}transit_gateways: {{core: {{vpcs: [v], region: eu-west-1}}}}\n",
            "transit_gateways.core.vpcs[0]: the VPC v is in us-east-1, the gateway in eu-west-1",
        ),
        (
            ONE_VPC.replace(", az_id", ", dns64: true, az_id"),
            "vpcs.v.subnets.a.dns64: it is of no use without ipv6: true",
        ),
        (
            f"{ONE_VPC}transit_gateways: {{core: {{vpcs: [v, v]}}}}\n",
            "transit_gateways.core.vpcs[1]: v is attached already",
        ),
        (f"{ONE_VPC}clusters: {{k: {{vpc: w}}}}\n", "clusters.k.vpc: there is no VPC w"),
        (f"{ONE_VPC}clusters: {{k: {{vpc: v}}}}\n", "clusters.k: EKS wants subnets in two zones"),
        (f"{ONE_VPC}clusters: {{k: {{{PLAIN}, subnets: [b]}}}}\n", "clusters.k: the VPC v has no subnet b"),
        (f"{ONE_VPC}clusters: {{k: {{{PLAIN}, version: '2'}}}}\n", "clusters.k.version: 2 is not like 1.33"),
        (f"{ONE_VPC}clusters: {{k: {{{PLAIN}, python: bin/python}}}}\n", "clusters.k.python: bin/python is neither"),
        (
            f"{ONE_VPC}clusters: {{k: {{{PLAIN}, users: {{u: {{can: {{podz: [list]}}}}}}}}}}\n",
            "clusters.k.users.u.can: there is no resource podz",
        ),
        (
            f"{ONE_VPC}clusters: {{k: {{{PLAIN}, entries: {{'222222222222': u}}}}}}\n",
            "clusters.k.entries.222222222222: there is no user u",
        ),
        (
            f"{ONE_VPC}clusters: {{k: {{{PLAIN}}}, l: {{{PLAIN}}}}}\n",
            "clusters.l.dns: another cluster of the VPC has its name server there",
        ),
    ],
)
def test_a_wrong_topology_is_told_where_it_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(text)
    with pytest.raises(ShapeError) as told:
        load(file)
    assert complaint in str(told.value)


def test_a_lab_with_a_wrong_topology_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(f"{ONE_VPC}transit_gateways: {{core: {{vpcs: [nowhere]}}}}\n")
    command = [str(LAB), "up", "--name", "wrong-gateway", "--topology", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.strip() == "wrong.yml: transit_gateways.core.vpcs[0]: there is no VPC nowhere"
    assert "wrong-gateway" not in [home.name for home in homes()]
