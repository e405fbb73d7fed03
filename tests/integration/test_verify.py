# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken on the lab, and what verify says: the right finding, and no other."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE
from astrolab import enter
from astrolab.lab import Lab
from astrolab.topology import DEMO
from by_hand import until
from conftest import LabUp
from running import Play, play

Env = tuple[str, ...]
PUBLIC = "203.0.113.10"
KNOWS_THE_INTERNET_ONLY = "10.10.1.54"
CACHES = "10.10.1.53", "10.10.1.55"
ODD = Path(__file__).parents[1] / "lab" / "topologies" / "odd.yml"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The demo's topology with links, and more name servers in payments, of which nobody is told."""
    topology = yaml.safe_load(DEMO.read_text())
    topology["public_ttl"] = 2
    topology["vpcs"]["payments"]["dns_servers"] = {
        **dict.fromkeys(CACHES, "caching"),
        KNOWS_THE_INTERNET_ONLY: "public",
    }
    place = tmp_path_factory.mktemp("setup")
    (place / "topology.yml").write_text(yaml.safe_dump(topology))
    with lab_up(topology=place / "topology.yml") as started:
        done = play(started, place, "setup")
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

    def looks(*arguments: str, timeout: float = 5.0, python: str = sys.executable, env: Env = ()) -> dict[str, Any]:
        argv = ["env", *env, python, str(script), "--host", lab.record.cluster_host, "--json"]
        argv += ["--expect", ",".join(addresses(lab, "payments")), "--timeout", str(timeout), "--patience", "0"]
        done = lab.exec("payments-agent", [*argv, *arguments])
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return {**found, "rc": done.returncode, "codes": [one["code"] for one in found["findings"]]}

    return looks


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


# --- each thing that breaks has its finding, and no other


@dataclass(frozen=True)
class Fault:
    """Something that is broken for the length of a block, and how to look at it."""

    happens: Callable[[Lab], AbstractContextManager[None]]
    arguments: tuple[str, ...] = ()
    env: Env = ()


FAULTS: dict[str, Fault] = {}

#: Faults of which the sign is that nothing comes, at least for a connection that was made just before. These need not be
#: waited for as long as all else on a busy machine.
SILENCE = {"DNS_TIMEOUT", "DNS_SERVER_SILENT", "TLS_TIMEOUT", "HTTP_NO_ANSWER", "LARGE_PACKET_HANG"}
SILENCE |= {"TCP_TIMEOUT", "TCP_TIMEOUT_ONE_AZ", "TCP_REFUSED", "TCP_UNREACHABLE"}


def breaks(code: str, *arguments: str, **how: Any) -> Callable[[Callable[[Lab], Iterator[None]]], None]:
    def keep(generator: Callable[[Lab], Iterator[None]]) -> None:
        assert code not in FAULTS
        FAULTS[code] = Fault(contextmanager(generator), arguments, **how)

    return keep


def resolv_conf(*lines: str) -> Callable[[str], str]:
    return lambda _before: "".join(f"{line}\n" for line in lines)


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


def lab_faults() -> None:
    """Those that the lab makes at a word."""
    for code, kind, what in (
        ("DNS_TIMEOUT", "dns", "silent"),
        ("DNS_SERVFAIL", "dns", "servfail"),
        ("DNS_MIXED_ANSWER", "dns", "split"),
        ("TLS_EXPIRED", "tls", "expired"),
        ("TLS_NAME_MISMATCH", "tls", "wrong_name"),
        ("TLS_UNTRUSTED", "tls", "intercepted"),
        ("TLS_RESET_SNI", "tls", "reset_sni"),
        ("TLS_TIMEOUT", "tls", "stalled"),
        ("TLS_FAILED", "tls", "plaintext"),
        ("HTTP_UNEXPECTED", "http", "unexpected"),
        ("HTTP_NO_ANSWER", "http", "silent"),
        ("LARGE_PACKET_HANG", "http", "large_lost"),
    ):

        @breaks(code)
        def _fault(lab: Lab, kind: str = kind, what: str = what) -> Iterator[None]:
            lab.fault(kind, "payments", what)
            yield

    for code, what, many in (
        ("TCP_TIMEOUT_ONE_AZ", "dead", 1),
        ("TCP_TIMEOUT", "dead", 2),
        ("TCP_REFUSED", "refuse", 2),
        ("TCP_UNREACHABLE", "unreachable", 2),
    ):

        @breaks(code)
        def _addresses(lab: Lab, what: str = what, many: int = many) -> Iterator[None]:
            for address in addresses(lab, "payments")[:many]:
                lab.fault("address", address, what)
            yield


lab_faults()


@breaks("DNS_PINNED_WRONG")
def _wrong_hosts_file(lab: Lab) -> Iterator[None]:
    with changed(lab, "payments-agent", "hosts", adding(f"{PUBLIC} {lab.record.cluster_host}")):
        yield


@breaks("DNS_PINNED")
def _right_hosts_file(lab: Lab) -> Iterator[None]:
    with changed(lab, "payments-agent", "hosts", adding(f"{addresses(lab, 'payments')[0]} {lab.record.cluster_host}")):
        yield


@breaks("DNS_SERVER_SILENT")
def _silent_second_server(lab: Lab) -> Iterator[None]:
    with changed(lab, "payments-agent", "resolv.conf", adding("nameserver 10.10.9.9")):
        yield


@breaks("DNS_SERVERS_DIFFER")
def _second_server_without_private_names(lab: Lab) -> Iterator[None]:
    with changed(lab, "payments-agent", "resolv.conf", adding(f"nameserver {KNOWS_THE_INTERNET_ONLY}")):
        yield


@breaks("DNS_RESOLVER_BYPASS", "--patience", "5")
def _server_without_private_names(lab: Lab) -> Iterator[None]:
    with changed(lab, "payments-agent", "resolv.conf", resolv_conf(f"nameserver {KNOWS_THE_INTERNET_ONLY}")):
        yield


@breaks("PROXY_BYPASS", env=("HTTPS_PROXY=http://me:secret@proxy:3128",))
def _proxy_variable(_lab: Lab) -> Iterator[None]:
    yield


@breaks("AGENT_UNHEALTHY", "--health-url", "http://127.0.0.1:39091/healthz")
def _sick_agent(lab: Lab) -> Iterator[None]:
    """An agent whose health page has an answer, but no good one."""
    serve = "from http.server import *; HTTPServer(('127.0.0.1', 39091), BaseHTTPRequestHandler).serve_forever()"
    with subprocess.Popen(
        enter.command(lab.record, "payments-agent", [sys.executable, "-c", serve]), stderr=subprocess.DEVNULL
    ) as agent:
        yield
        agent.kill()


@contextmanager
def recorded(lab: Lab, **record: Any) -> Iterator[None]:
    """Another record than the link's alias, or with no record at all none; what name servers say is waited for."""
    route53, zone, right = records(lab, "payments")
    wrong = {"Name": right["Name"], **record}
    change(route53, zone, ("DELETE", right), *([("CREATE", wrong)] if record else []))
    try:
        yield
    finally:
        change(route53, zone, *([("DELETE", wrong)] if record else []), ("CREATE", right))


def change(route53: Any, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    sent = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"]
    until(lambda: route53.get_change(Id=sent)["ChangeInfo"]["Status"] == "INSYNC", "the change is in sync")


@breaks("DNS_NXDOMAIN")
def _no_record(lab: Lab) -> Iterator[None]:
    with recorded(lab):
        yield


@breaks("DNS_NODATA")
def _record_of_another_type(lab: Lab) -> Iterator[None]:
    with recorded(lab, Type="TXT", TTL=60, ResourceRecords=[{"Value": '"soon"'}]):
        yield


@breaks("DNS_INCOMPLETE")
def _alias_of_one_zone_only(lab: Lab) -> Iterator[None]:
    """The endpoint has a name for each of its zones as well, which answers with the address there."""
    wanted = [{"Name": "vpc-id", "Values": [lab.record.vpcs["payments"].id]}]
    (endpoint,) = lab.client("ec2").describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
    entry = [each for each in endpoint["DnsEntries"] if "-us-east-1" in each["DnsName"].partition(".")[0]][0]  # noqa: RUF015
    alias = {"DNSName": entry["DnsName"], "HostedZoneId": entry["HostedZoneId"], "EvaluateTargetHealth": False}
    with recorded(lab, Type="A", AliasTarget=alias):
        yield


@breaks("DNS_TRANSLATED")
def _subnets_that_translate(lab: Lab) -> Iterator[None]:
    """The VPC's resolver makes IPv6 addresses of the endpoint's."""
    ec2 = lab.client("ec2")
    wanted = [{"Name": "vpc-id", "Values": [lab.record.vpcs["payments"].id]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=wanted)["Subnets"]]
    for on in (True, False):
        for subnet in subnets:
            ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": on})
        if on:
            yield


@breaks("DNS_SEARCH_CAPTURES")
def _wildcard_below_a_search_domain(lab: Lab) -> Iterator[None]:
    """What ndots:5 does in a pod, where the search list has a domain in which every name exists."""
    route53, vpc = lab.client("route53"), lab.record.vpcs["payments"]
    zone = route53.create_hosted_zone(
        Name="corp.example",
        CallerReference="corp",
        VPC={"VPCId": vpc.id, "VPCRegion": vpc.region},
        HostedZoneConfig={"PrivateZone": True},
    )["HostedZone"]["Id"]
    record = {"Name": "*.corp.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": PUBLIC}]}
    change(route53, zone, ("CREATE", record))
    pod = resolv_conf("search corp.example", "options ndots:5 timeout:1", "nameserver 10.10.0.2")
    with changed(lab, "payments-agent", "resolv.conf", pod):
        yield
    change(route53, zone, ("DELETE", record))
    route53.delete_hosted_zone(Id=zone)


@contextmanager
def cached(lab: Lab, cache: str, ttl: int) -> Iterator[None]:
    """A cache on the way, as CoreDNS is for pods, was asked just before the link's record came into effect.

    Each has one of its own, which was never asked before: what one keeps would be in the other's way.
    """
    public = {"Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": PUBLIC}]}
    with changed(lab, "payments-agent", "resolv.conf", resolv_conf(f"nameserver {cache}")):
        with recorded(lab, **public):
            settle(lab, "payments-agent", lambda seen: seen["addresses"] == [PUBLIC])
        yield


@breaks("DNS_STALE", "--patience", "5")
def _cache_that_keeps_an_answer_for_long(lab: Lab) -> Iterator[None]:
    with cached(lab, CACHES[0], ttl=40):
        yield


@breaks("DNS_WAS_STALE", "--patience", "30")
def _cache_that_keeps_an_answer_for_a_moment(lab: Lab) -> Iterator[None]:
    with cached(lab, CACHES[1], ttl=20):
        yield


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_has_its_finding_and_no_other(lab: Lab, look: Look, code: str) -> None:
    fault, seen = FAULTS[code], []

    def settled() -> bool:
        """The lab follows what is broken within moments."""
        seen.append(look(*fault.arguments, timeout=1.0 if code in SILENCE else 5.0, env=fault.env))
        return bool(seen[-1]["codes"] == [code])

    with fault.happens(lab):
        until(settled, lambda: f"{code} alone, but {[each['findings'] for each in seen]}", seconds=30.0)
    assert seen[-1]["rc"] == (CATALOGUE[code].severity == "error")
    assert "secret" not in json.dumps(seen)


#: What needs AWS's facts, or Ansible, to be told: the tests of the role have these.
OF_THE_ROLE = {"DNS_PUBLIC_ANSWER", "DNS_WRONG_ENDPOINT"}
#: Of links with IPv6 addresses, which test_dualstack.py has.
OF_BOTH_FAMILIES = {"TCP_NO_IPV6", "TCP_TIMEOUT_ONE_FAMILY"}


def test_nothing_that_the_probe_can_find_is_left_out() -> None:
    of_the_probe = {code for code in CATALOGUE if code.startswith(("DNS_", "TCP_", "TLS_", "HTTP_"))}
    others = {"PROXY_BYPASS", "LARGE_PACKET_HANG", "AGENT_UNHEALTHY"}
    assert set(FAULTS) == (of_the_probe | others) - OF_THE_ROLE - OF_BOTH_FAMILIES


def test_what_is_only_slow_or_exempt_is_no_fault(lab: Lab, look: Look) -> None:
    lab.fault("dns", "payments", "slow", 0.3)
    exempt = [f"{name}=.external.astronomer.run" for name in ("NO_PROXY", "no_proxy")]
    assert look(timeout=5.0, env=("HTTPS_PROXY=http://proxy:3128", *exempt))["codes"] == []


#: Answers as nscd does, on its socket: whatever name is asked for has this address. glibc asks it before any name server.
#: It ends when its input does.
NSCD = """
import os, socket, struct, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
GETAI, VERSION = 14, 2
listening = socket.socket(socket.AF_UNIX)
listening.bind("/run/nscd/socket")
listening.listen()
print("up", flush=True)
while True:
    asking, _from = listening.accept()
    _version, what, length = struct.unpack("3i", asking.recv(12, socket.MSG_WAITALL))
    name = asking.recv(length, socket.MSG_WAITALL)
    if what == GETAI:  # found: one address of four bytes, its family, the canonical name
        head = struct.pack("6i", VERSION, 1, 1, 4, len(name), 0)
        asking.sendall(head + socket.inet_aton(sys.argv[1]) + bytes([socket.AF_INET]) + name)
    asking.close()
"""


def test_an_old_answer_that_the_host_itself_keeps(lab: Lab, look: Look) -> None:
    """Its name servers have the right one; nobody says for how long the host keeps the old one."""
    if lab.mode == "loopback":
        pytest.skip("a host has no files of its own there")
    serve = f"mount -t tmpfs tmpfs /run && mkdir /run/nscd && exec {sys.executable} -c '{NSCD}' {PUBLIC}"
    command = enter.command(lab.record, "payments-agent", ["sh", "-c", serve])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nscd:
        try:
            assert nscd.stdout is not None
            assert nscd.stdout.readline() == "up\n"
            if lab.look("payments-agent")["addresses"] != [PUBLIC]:
                pytest.skip("this C library does not ask nscd")
            found = look("--patience", "3")
        finally:
            nscd.communicate(timeout=10)
            lab.exec("payments-agent", ["umount", "/run"])
    assert found["codes"] == ["DNS_STALE"]
    assert f"still answers {PUBLIC}" in found["findings"][0]["seen"]
    assert "stays cached for an unknown time" in found["findings"][0]["seen"]
    assert look()["codes"] == []


def test_name_servers_that_are_all_silent(lab: Lab, look: Look) -> None:
    """The system says of these that it failed, after its own time-out; they were silent."""
    with changed(lab, "payments-agent", "resolv.conf", lambda text: text.replace("10.10.0.2", "10.10.9.9")):
        assert look(timeout=3.0)["codes"] == ["DNS_TIMEOUT"]


def test_dead_addresses_cost_one_time_out_together(lab: Lab, look: Look) -> None:
    for address in addresses(lab, "payments"):
        lab.fault("address", address, "dead")
    settle(lab, "payments-agent", lambda seen: all(each["failed"] for each in seen["attempts"]))
    assert max(reach["seconds"] for reach in look(timeout=3.0)["addresses"]) < 5.0


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
    """Setup repairs what a test breaks in AWS."""
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

    inside = tmp_path / "python"  # connection local, as from a controller inside of the VPC
    inside.write_text(
        f'#!/bin/sh\nexec {shlex.join(enter.command(lab.record, "ledger-agent", [sys.executable]))} "$@"\n'
    )
    inside.chmod(0o755)
    here = {"ansible_connection": "local", "ansible_python_interpreter": str(inside)}
    trust = {"privatelink_ca_file": lab.record.bundle, "privatelink_agent_vpc": "ledger"}
    hosts = {f"here-{n}": {**here, **trust} for n in range(2)}
    (tmp_path / "more.yml").write_text(json.dumps({"agent_hosts": {"hosts": hosts}}))
    lab.reset_calls()
    done, vpcs = verify(lab, tmp_path, "-i", str(tmp_path / "more.yml"))
    assert (vpcs["ledger"]["verdict"], codes(vpcs["ledger"])) == ("works", ["AGENT_HOST_LOCAL"] * 2)
    assert "the controller, ledger-agent (10.20." in vpcs["ledger"]["findings"][0]["seen"]
    assert lab.calls()["total"] == calls
    assert [agent["connection"] for agent in vpcs["ledger"]["agents"]] == ["lab", "local", "local"]
    (seen,) = [r["result"]["seen"] for r in done.results if "seen" in r["result"]]
    assert sum(map(len, seen.values())) == 5


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
    assert "the link of ledger" in vpcs["payments"]["findings"][0]["seen"]


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
    letter = done.text.split("For Astronomer Support:")[1]  # once, though analytics shares the endpoint
    assert vpcs["payments"]["endpoint"]["vpc_endpoint_id"] in letter
    assert "For Astronomer Support" not in done.failed["payments"] + done.failed["analytics"]
    assert done.text.count("For Astronomer Support:") == 1


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
        (tried,) = [r["result"]["tried"] for r in again.results if "tried" in r["result"]]
        assert tried == ["analytics"]  # the others are served already
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
        assert vpcs["directory"]["agents"][0]["names"]["waited"] > 1
        with changed(lab, "directory-agent", "resolv.conf", swapped):
            done, vpcs = verify(lab, tmp_path, *here)
        assert (done.rc, codes(vpcs["directory"])) == (0, ["DNS_SERVERS_DIFFER"])
