# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken on the lab, and what verify says: the right finding, and no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from astrolab.lab import Lab
from by_hand import until
from conftest import LabUp
from running import Play, play

PUBLIC = "203.0.113.10"
ODD = Path(__file__).parents[1] / "lab" / "topologies" / "odd.yml"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        done = play(started, tmp_path_factory.mktemp("setup"), "setup")
        assert done.rc == 0, done.text
        yield started


@pytest.fixture(scope="module")
def script(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probe") / "probe.py"
    assert play(lab, path.parent, "probe_script", "-e", f"probe_script_path={path}").rc == 0
    return path


@pytest.fixture(autouse=True)
def _healed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").heal()


def addresses(lab: Lab, vpc: str) -> list[str]:
    """The addresses of the endpoint in this VPC, in the order of their zones."""
    facts = lab.record.vpcs[vpc]
    wanted = [{"Name": "vpc-id", "Values": [facts.id]}, {"Name": "interface-type", "Values": ["vpc_endpoint"]}]
    found = lab.client("ec2", facts.account, facts.region).describe_network_interfaces(Filters=wanted)
    return sorted(each["PrivateIpAddress"] for each in found["NetworkInterfaces"])


Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(lab: Lab, script: Path) -> Look:
    """The probe as an agent host of the lab runs it, without Ansible."""

    def looks(
        agent: str = "payments-agent",
        link: str = "payments",
        *,
        timeout: float = 1.0,
        python: str = sys.executable,
        env: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        argv = ["env", *env, python, str(script), "--host", lab.record.cluster_host, "--json"]
        done = lab.exec(agent, [*argv, "--expect", ",".join(addresses(lab, link)), "--timeout", str(timeout)])
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return {**found, "rc": done.returncode, "codes": [one["code"] for one in found["findings"]]}

    return looks


def becomes(look: Callable[[], dict[str, Any]], code: str) -> None:
    """The lab follows a fault within moments; what it settles on must be this finding alone."""
    seen: list[list[str]] = []

    def settled() -> bool:
        seen.append(look()["codes"])
        return seen[-1] == [code]

    until(settled, f"{code} alone, but {seen}")


def adding(line: str) -> Callable[[str], str]:
    return lambda text: f"{text}{line}\n"


@contextmanager
def changed(lab: Lab, agent: str, file: str, text: Callable[[str], str]) -> Iterator[None]:
    """A file in /etc of one agent host, in place."""
    path = lab.home.directory / "hosts" / agent / file
    before = path.read_text()
    path.write_text(text(before))
    try:
        yield
    finally:
        path.write_text(before)


# --- a link that works


def pythons() -> list[str]:
    """The oldest Python that is promised for agent hosts, where there is one, and this one."""
    old = shutil.which("python3.8")
    runs = old and subprocess.run([old, "-c", ""], capture_output=True, check=False).returncode == 0
    return [sys.executable, *([old] if old and runs else [])]


@pytest.mark.parametrize("python", pythons())
def test_the_script_sees_a_working_link_without_dnspython(look: Look, python: str) -> None:
    found = look(python=f"{python}", timeout=5.0)
    assert (found["rc"], found["codes"]) == (0, [])
    assert found["place"]["hostname"] == "payments-agent"
    assert found["names"]["servers"][0]["ttl"] > 0


# --- names


@pytest.mark.parametrize(
    ("fault", "code"), [("silent", "DNS_TIMEOUT"), ("servfail", "DNS_SERVFAIL"), ("split", "DNS_MIXED_ANSWER")]
)
def test_a_resolver_that_misbehaves(lab: Lab, look: Look, fault: str, code: str) -> None:
    lab.fault("dns", "payments", fault)
    assert look()["codes"] == [code]


def test_a_resolver_that_is_only_slow_is_no_fault(lab: Lab, look: Look) -> None:
    lab.fault("dns", "payments", "slow", 0.3)
    assert look(timeout=5.0)["codes"] == []


def test_hosts_file(lab: Lab, look: Look) -> None:
    right = addresses(lab, "payments")[0]
    for address, codes in ((PUBLIC, ["DNS_PINNED_WRONG"]), (right, ["DNS_PINNED"])):
        with changed(lab, "payments-agent", "hosts", adding(f"{address} {lab.record.cluster_host}")):
            assert look()["codes"] == codes


def test_a_silent_second_name_server_is_a_warning(lab: Lab, look: Look) -> None:
    with changed(lab, "payments-agent", "resolv.conf", adding("nameserver 10.10.9.9")):
        found = look()
    assert (found["rc"], found["codes"]) == (0, ["DNS_SERVER_SILENT"])


def test_name_servers_that_are_all_silent(lab: Lab, look: Look) -> None:
    """The system says of these that it failed, after its own time-out; they were silent."""
    with changed(lab, "payments-agent", "resolv.conf", lambda text: text.replace("10.10.0.2", "10.10.9.9")):
        assert look(timeout=3.0)["codes"] == ["DNS_TIMEOUT"]


def test_a_proxy_variable(look: Look) -> None:
    for env, codes in (
        (("HTTPS_PROXY=http://me:secret@proxy:3128",), ["PROXY_BYPASS"]),
        (
            ("HTTPS_PROXY=http://proxy:3128", "NO_PROXY=.external.astronomer.run", "no_proxy=.external.astronomer.run"),
            [],
        ),
    ):
        found = look(env=env)
        assert found["codes"] == codes
        assert "secret" not in json.dumps(found)


# --- addresses


@pytest.mark.parametrize(
    ("fault", "code"),
    [("expired", "TLS_EXPIRED"), ("wrong_name", "TLS_NAME_MISMATCH"), ("intercepted", "TLS_UNTRUSTED")],
)
def test_certificates(lab: Lab, look: Look, fault: str, code: str) -> None:
    lab.fault("tls", "payments", fault)
    assert look()["codes"] == [code]


def test_one_dead_zone_costs_its_own_time_out_only(lab: Lab, look: Look) -> None:
    lab.fault("address", addresses(lab, "payments")[1], "dead")
    becomes(look, "TCP_TIMEOUT_ONE_AZ")
    for address in addresses(lab, "payments"):
        lab.fault("address", address, "dead")
    becomes(look, "TCP_TIMEOUT")
    slowest = [reach["seconds"] for reach in look()["addresses"]]
    assert max(slowest) < 1.5


def test_an_address_that_refuses(lab: Lab, look: Look) -> None:
    for address in addresses(lab, "payments"):
        lab.fault("address", address, "refuse")
    becomes(look, "TCP_REFUSED")


# --- what AWS's state says, through the roles


def verify(lab: Lab, tmp_path: Path, *more: str) -> tuple[Play, dict[str, Any]]:
    """The finished run, and the report's entries by the names of the VPCs."""
    done = play(lab, tmp_path, "verify", "-e", "verify_timeout=1", "-e", f"report_directory={tmp_path}", *more)
    report = json.loads((tmp_path / "report.json").read_text())
    return done, {vpc["name"]: vpc for vpc in report["vpcs"]}


def codes(vpc: dict[str, Any]) -> list[str]:
    return [one["code"] for one in vpc["findings"]]


@pytest.fixture
def repaired(lab: Lab, tmp_path: Path) -> Iterator[None]:
    """What a test breaks in AWS, setup mends."""
    yield
    lab.heal()
    done = play(lab, tmp_path, "setup", "-e", "setup_probe_before_dns=false")
    assert done.rc == 0, done.text


def test_all_is_well_however_many_hosts_look(lab: Lab, tmp_path: Path) -> None:
    """More agent hosts are more runs of the probe, and no more calls to AWS."""
    lab.reset_calls()
    done, vpcs = verify(lab, tmp_path)
    assert done.rc == 0, done.text
    assert {name: (vpc["verdict"], codes(vpc)) for name, vpc in vpcs.items()} == {n: ("works", []) for n in vpcs}
    (agent,) = vpcs["analytics"]["agents"]
    assert (agent["connection"], agent["place"]["hostname"]) == ("lab", "analytics-agent")
    assert {reach["interface"][:4] for reach in agent["addresses"]} == {"eni-"}
    calls = lab.calls()["total"]

    hosts = {f"here-{n}": {"privatelink_agent_vpc": "ledger", "ansible_connection": "local"} for n in range(2)}
    (tmp_path / "more.yml").write_text(json.dumps({"agent_hosts": {"hosts": hosts}}))
    lab.reset_calls()
    done, vpcs = verify(lab, tmp_path, "-i", str(tmp_path / "more.yml"))
    assert lab.calls()["total"] == calls
    assert [agent["connection"] for agent in vpcs["ledger"]["agents"]] == ["lab", "local", "local"]
    looked = [r for r in done.results if "Look from the agent hosts" in r["task"]]
    assert sum(len(r["result"]["results"]) for r in looked) == 5


def test_a_vpc_without_agent_hosts_fails(lab: Lab, tmp_path: Path) -> None:
    done, vpcs = verify(lab, tmp_path, "-e", "verify_agent_group=nobody")
    assert {name: codes(vpc) for name, vpc in vpcs.items()} == {name: ["NO_AGENT_HOST"] for name in vpcs}
    assert set(done.failed) == set(vpcs)


def test_agent_hosts_that_cannot_look_fail_their_vpc_only(lab: Lab, tmp_path: Path) -> None:
    more = tmp_path / "more.yml"
    nowhere = {
        "ansible_host": "127.0.0.1",
        "ansible_port": 9,
        "ansible_connection": "ssh",
        "privatelink_agent_vpc": "payments",
    }
    bare = {"ansible_connection": "local", "ansible_python_interpreter": "/nowhere", "privatelink_agent_vpc": "ledger"}
    more.write_text(json.dumps({"agent_hosts": {"hosts": {"nowhere": nowhere, "bare": bare}}}))
    done, vpcs = verify(lab, tmp_path, "-i", str(more))
    assert {name: codes(vpc) for name, vpc in vpcs.items()} == {
        "payments": ["AGENT_HOST_UNREACHABLE"],
        "ledger": ["PROBE_FAILED"],
        "analytics": [],
    }
    assert set(done.failed) == {"payments", "ledger"}


def records(lab: Lab, vpc: str) -> tuple[Any, str, dict[str, Any]]:
    """Route 53, the zone that serves this VPC, and its alias record."""
    route53, facts = lab.client("route53"), lab.record.vpcs[vpc]
    zone = route53.list_hosted_zones_by_vpc(VPCId=facts.id, VPCRegion=facts.region)["HostedZoneSummaries"][0][
        "HostedZoneId"
    ]
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return route53, zone, next(record for record in found if record["Type"] == "A")


def settle(lab: Lab, agent: str, what: Callable[[dict[str, Any]], bool]) -> None:
    until(lambda: what(lab.look(agent, deadline=0.5)), f"what was changed in AWS arrives at {agent}")


@pytest.mark.usefixtures("repaired")
def test_what_route53_has_wrong(lab: Lab, tmp_path: Path) -> None:
    """A record that points to another VPC's endpoint, no record, and no association, each in a VPC of its own."""
    route53, ledgers, record = records(lab, "ledger")
    _unused, zone, right = records(lab, "payments")
    change = {"Action": "UPSERT", "ResourceRecordSet": {**right, "AliasTarget": record["AliasTarget"]}}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    route53.change_resource_record_sets(
        HostedZoneId=ledgers, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
    )
    analytics = lab.record.vpcs["analytics"]
    vpc = {"VPCId": analytics.id, "VPCRegion": analytics.region}
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpc)
    settle(lab, "analytics-agent", lambda seen: seen["addresses"] == [PUBLIC])
    settle(lab, "ledger-agent", lambda seen: not seen["addresses"])
    settle(lab, "payments-agent", lambda seen: set(seen["addresses"]) == set(addresses(lab, "ledger")))
    _unused, vpcs = verify(lab, tmp_path)
    assert {name: codes(vpc) for name, vpc in vpcs.items()} == {
        "payments": ["DNS_WRONG_ENDPOINT"],
        "ledger": ["DNS_NXDOMAIN"],
        "analytics": ["DNS_PUBLIC_ANSWER"],
    }
    assert "belong to ledger" in vpcs["payments"]["findings"][0]["seen"]


@pytest.mark.usefixtures("repaired")
def test_what_the_security_group_and_the_routes_have_wrong(lab: Lab, tmp_path: Path) -> None:
    ec2 = lab.client("ec2")
    wanted = [
        {"Name": "vpc-id", "Values": [lab.record.vpcs["ledger"].id]},
        {"Name": "group-name", "Values": ["astro-privatelink"]},
    ]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [lab.record.vpcs["analytics"].id]}])[
        "RouteTables"
    ]
    ways = [(t["RouteTableId"], r) for t in tables for r in t["Routes"] if r.get("VpcPeeringConnectionId")]
    for table, route in ways:
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock=route["DestinationCidrBlock"])
    for agent in ("ledger-agent", "analytics-agent"):
        settle(lab, agent, lambda seen: all(each["failed"] for each in seen["attempts"]))
    _unused, vpcs = verify(lab, tmp_path)
    for table, route in ways:
        way = {
            "DestinationCidrBlock": route["DestinationCidrBlock"],
            "VpcPeeringConnectionId": route["VpcPeeringConnectionId"],
        }
        ec2.create_route(RouteTableId=table, **way)
    assert {name: codes(vpc) for name, vpc in vpcs.items()} == {
        "payments": [],
        "ledger": ["SETUP_INCOMPLETE", "TCP_TIMEOUT"],  # the warning says why
        "analytics": ["TCP_TIMEOUT"],
    }
    assert vpcs["ledger"]["support_request"] == ""


def test_a_link_that_is_silent_although_all_is_right_here_has_a_text_for_support(lab: Lab, tmp_path: Path) -> None:
    for address in addresses(lab, "payments"):
        lab.fault("address", address, "dead")
    settle(lab, "payments-agent", lambda seen: all(each["failed"] for each in seen["attempts"]))
    done, vpcs = verify(lab, tmp_path)
    assert (codes(vpcs["payments"]), codes(vpcs["ledger"])) == (["TCP_TIMEOUT"], [])
    assert (
        vpcs["payments"]["endpoint"]["vpc_endpoint_id"] in done.failed["payments"].split("For Astronomer Support:")[1]
    )


# --- before the flip


def test_a_vpc_whose_private_path_does_not_work_keeps_its_public_name(lab_up: LabUp, tmp_path: Path) -> None:
    with lab_up() as lab:
        wanted = [{"Name": "vpc-id", "Values": [lab.record.vpcs["analytics"].id]}]
        ec2 = lab.client("ec2")
        (peering,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
        assert ec2.describe_route_tables(Filters=wanted)["RouteTables"]
        checked = play(lab, tmp_path, "setup", "--check")
        assert checked.rc == 0, checked.text
        done = play(lab, tmp_path, "setup", "-e", "verify_timeout=1")
        assert set(done.failed) == {"analytics"}
        assert done.failed["analytics"].startswith("TCP_TIMEOUT: ")
        assert lab.look("analytics-agent")["addresses"] == [PUBLIC]
        assert lab.look("payments-agent")["addresses"] == addresses(lab, "payments")
        again = play(lab, tmp_path, "setup", "-e", "verify_timeout=1")
        looked = {r["host"] for r in again.results if "Look from the agent hosts" in r["task"] and r["status"] == "ok"}
        assert looked == {"analytics"}  # the others are served already
        assert set(again.failed) == {"analytics"}
        assert not again.changed


# --- name servers of the VPC's own


def test_a_name_server_that_bypasses_the_vpcs_resolver(lab_up: LabUp, tmp_path: Path) -> None:
    """The first of the VPC's own name servers knows the internet only; then it comes second."""

    def swapped(text: str) -> str:
        bypass = "nameserver 10.60.1.53\n"
        return text.replace(bypass, "") + bypass

    with lab_up(topology=ODD) as lab:
        here = ("--limit", "directory,agent_hosts")
        done = play(lab, tmp_path, "setup", *here)
        assert done.rc == 0, done.text
        _unused, vpcs = verify(lab, tmp_path, *here)
        (one,) = vpcs["directory"]["findings"]
        assert one["code"] == "DNS_RESOLVER_BYPASS"
        assert one["seen"].startswith("10.60.1.53 answers 203.0.113.10")
        with changed(lab, "directory-agent", "resolv.conf", swapped):
            done, vpcs = verify(lab, tmp_path, *here)
        assert (done.rc, codes(vpcs["directory"])) == (0, ["DNS_SERVERS_DIFFER"])
