# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the roles leave behind to the report, and the forms that it has."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import html5lib
import jsonschema
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._probe import results
from ansible_collections.astro.privatelink.plugins.module_utils._report import document as core
from ansible_collections.astro.privatelink.plugins.module_utils._report.html import tag
from ansible_collections.astro.privatelink.plugins.module_utils._report.page import page
from ansible_collections.astro.privatelink.plugins.module_utils._roles import verify

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "report.schema.json").read_text())
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}\u202egnp\x07</style><svg onload=x>"
ADDRESSES = [
    {
        "address": f"10.0.{n}.5",
        "availability_zone": f"us-east-1{z}",
        "network_interface_id": f"eni-{n}",
        "subnet_id": "s",
    }
    for n, z in ((1, "a"), (2, "b"))
]
ENDPOINT = {"vpc_endpoint_id": "vpce-1", "state": "available", "dns_name": "v.example", "hosted_zone_id": "Z1"}


def vpc(name, **more):
    more = {f"privatelink_{key}": value for key, value in more.items()}
    common = {"privatelink_region": "us-east-1", "privatelink_cluster_id": "abc", "privatelink_service_name": SERVICE}
    ids = {"privatelink_vpc_id": f"vpc-{ord(name[0]):08d}", "privatelink_agent_cidrs": ["10.0.0.0/8"]}
    return {**common, **ids, **more}


def reach(address, problem=""):
    done = not problem
    return {
        "address": address,
        "tcp": done,
        "tls": done,
        "status": 404 if done else 0,
        "problem": problem,
        "body": "404 page not found",
        "issuer": "CA",
        "seconds": 0.1,
    }


def probe(agent, problem="", health=None, **names):
    """What the probe answers on an agent host."""
    answer = {"server": "the system's resolver", "addresses": ["10.0.1.5", "10.0.2.5"], "problem": "", "ttl": 60}
    around = {"servers": [], "vpc_resolver": {}, "pinned": [], "captured": {}, "before": {}, "waited": 0.0}
    return {
        "item": agent,
        "place": {"hostname": agent, "sources": ["10.0.1.9"], "proxy": ""},
        "names": {**answer, "seconds": 0.1, **around, **names},
        "addresses": [reach("10.0.1.5"), {**reach("10.0.2.5", problem), "source": "10.0.1.9"}],
        "health": health or {},
    }


HEALTH_URL = "http://127.0.0.1/healthz"


def ran(name, *probes, calls=(), findings=(), connection="ssh", joined=(), **more):
    """A run of site on one VPC with a link of its own, with these answers of the probe."""
    agents = {one["item"]: {"privatelink_agent_vpc": name, "ansible_connection": connection} for one in probes}
    for one in probes:
        agents[one["item"]] |= {"privatelink_health_url": HEALTH_URL} if one.get("health") else {}
    others = {other: vpc(other, via=name) for other in joined}
    inventory = Inventory.read({name: vpc(name, **more), **others, **agents}, [name, *joined], list(agents))
    found = [one.public() for one in findings]
    made = {
        "vpcs": {name: {**ENDPOINT, "addresses": ADDRESSES, "failed": False}},
        "calls": list(calls),
        "findings": found,
    }
    zones = {"vpcs": {name: {"hosted_zone_id": "Z9", "associated": True}}, "calls": [], "findings": []}
    targets = verify.targets(inventory, [{**made, "calls": []}])
    seen = [
        results.agent(one["item"], connection, targets[name].probe(inventory.agents[one["item"]]), one)
        for one in probes
    ]
    return core.Run(
        inventory=inventory,
        endpoints=[made],
        zones=[zones],
        targets={name: targets[name].findings} if probes else {},
        seen={name: seen},
    )


def report(run):
    made = core.document(run)
    jsonschema.validate(made, SCHEMA)
    return made


def test_a_link_that_works():
    made = report(ran("one", probe("agent"), calls=[{"operation": "ec2:CreateVpcEndpoint", "vpcs": ["one"]}]))
    (entry,) = made["vpcs"]
    assert (made["passed"], entry["verdict"], entry["findings"]) == (True, "works", [])
    assert entry["agents"][0]["connection"] == "ssh"
    assert entry["zone"] == {"hosted_zone_id": "Z9", "associated": True}
    assert made["changes"] == [{"operation": "ec2:CreateVpcEndpoint", "vpcs": ["one"]}]


def test_an_agent_host_that_is_the_controller_is_a_warning():
    (entry,) = report(ran("one", probe("agent"), connection="local"))["vpcs"]
    (warning,) = entry["findings"]
    assert (warning["code"], warning["severity"], entry["verdict"]) == ("AGENT_HOST_LOCAL", "warning", "works")
    assert "on the controller, agent (10.0.1.9)" in warning["seen"]


def test_a_vpc_that_nobody_looked_at_has_not_passed():
    made = report(ran("one"))
    assert (made["passed"], made["vpcs"][0]["verdict"]) == (False, "unverified")


def test_a_probe_of_addresses_alone_is_no_proof():
    run = ran("one", probe("agent"))
    (seen,) = run.seen["one"]
    run = dataclasses.replace(run, seen={"one": [{**seen, "names": {}}]})
    assert report(run)["vpcs"][0]["verdict"] == "unverified"


LONG = "x" * 400 + "\n"


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        ({"msg": "no route."}, "The probe could not run on agent: no route."),
        (
            {"msg": "MODULE FAILURE", "module_stderr": "sh: 1:\npython3: not found\n"},
            "agent: sh: 1: python3: not found.",
        ),
        (
            {"module_stderr": f"{LONG}  def f(a, /):\n    ^\nSyntaxError: invalid syntax"},
            "agent: SyntaxError: invalid syntax.",
        ),
        (
            {"module_stdout": "sh: 1: python3: not found\r\n", "module_stderr": "Shared connection closed.\r\n"},
            "agent: sh: 1: python3: not found   Shared connection closed.",
        ),
        ({}, "agent: it says nothing."),
    ],
)
def test_why_a_host_could_not_look(result, seen):
    (entry,) = report(ran("one", {"item": "agent", **result}))["vpcs"]
    assert entry["findings"][0]["seen"].endswith(seen)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"item": "agent", "unreachable": True, "msg": "no route."}, "AGENT_HOST_UNREACHABLE"),
        ({"item": "agent", "msg": "MODULE FAILURE", "module_stderr": "python3: not found"}, "PROBE_FAILED"),
    ],
)
def test_hosts_that_could_not_look_are_findings(result, code):
    (entry,) = report(ran("one", result))["vpcs"]
    assert [one["code"] for one in entry["findings"]] == [code]
    assert entry["verdict"] == "failed"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            ".",
            "over its connection ssh: no command runs there, if there is such a host or pod at all; -vvvv shows what",
        ),
        (
            ', stderr output: Error from server (NotFound): pods "agent" not found\n',
            ': Error from server (NotFound): pods "',
        ),
    ],
)
def test_why_the_first_command_failed_is_not_guessed(said, shown):
    """As Ansible says it of a pod that is not there: without -vvvv, and with."""
    advice = (
        "In some cases, you may have been able to authenticate and did not have permissions on the target directory."
    )
    failed = f'Task failed: Failed to create temporary directory. {advice} Failed command was: ( umask 77 && mkdir -p "` echo ~/.ansible'
    result = {"item": "agent", "unreachable": True, "msg": f'{failed}/tmp `" ), exited with result 1{said}'}
    (entry,) = report(ran("one", result))["vpcs"]
    assert shown in entry["findings"][0]["seen"]
    assert "umask" not in entry["findings"][0]["seen"]


def test_what_two_agents_find_alike_is_said_once():
    (entry,) = report(ran("one", probe("a", "TCP_TIMEOUT"), probe("b", "TCP_TIMEOUT")))["vpcs"]
    assert [one["code"] for one in entry["findings"]] == ["TCP_TIMEOUT_ONE_AZ"]


def test_a_joined_vpc_shows_the_endpoint_of_its_owner_and_fails_with_it():
    failure = finding("ENDPOINT_FAILED", "one", endpoint="vpce-1", detail="")
    one, two = report(ran("one", probe("agent"), findings=[failure], joined=["two"]))["vpcs"]
    assert (two["link"], two["endpoint"]["vpc_endpoint_id"]) == ("one", "vpce-1")
    assert [each["code"] for each in one["findings"]] == ["ENDPOINT_FAILED"]
    assert [each["code"] for each in two["findings"]] == ["LINK_OWNER_FAILED"]


def test_support_is_asked_only_if_all_is_right_here():
    (entry,) = report(ran("one", probe("agent", "TCP_TIMEOUT")))["vpcs"]
    for part in ("vpce-1 (available)", SERVICE, "Seen from agent (10.0.1.9)", "TCP_TIMEOUT_ONE_AZ: No answer"):
        assert part in entry["support_request"]
    mine = finding("SETUP_INCOMPLETE", "one", operations=["ec2:X"])
    for run in (ran("one", probe("agent", "TCP_REFUSED")), ran("one", probe("agent", "TCP_TIMEOUT"), findings=[mine])):
        assert report(run)["vpcs"][0]["support_request"] == ""
    assert report(ran("one", probe("agent")))["vpcs"][0]["support_request"] == ""


# --- are the agents well?


def token(name, used):
    return {"id": name, "name": name, "last_used_at": used}


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ([], [], "unknown"),
        ([token("a", "2026-01-01T10:00:00Z")], [token("a", "2026-01-01T10:05:00Z")], "healthy"),
        ([token("a", "2026-01-01T10:00:00Z")], [token("a", "2026-01-01T10:00:00Z")], "doubtful"),
        ([token("a", "")], [token("a", ""), token("b", "2026-01-01T10:00:00Z")], "healthy"),
    ],
)
def test_tokens_that_were_used_show_that_agents_got_through(before, after, state):
    assert verify.health([], "", {"before": before, "after": after})["state"] == state


def test_health_says_what_it_rests_on():
    page = {"url": HEALTH_URL, "status": 503, "detail": ""}
    healthy = report(ran("one", probe("agent", health=page), agents_confirmed="Jo, this morning"))["vpcs"][0]["healthy"]
    assert healthy["state"] == "doubtful"
    assert [(one["kind"], one["good"]) for one in healthy["rests_on"]] == [
        ("health page", False),
        ("confirmation", True),
    ]


# --- forms


def test_two_looks_at_the_same_thing_last_as_one():
    first, second = report(ran("one", probe("agent"))), report(ran("one", probe("agent")))
    second["vpcs"][0]["agents"][0]["names"].update(seconds=9, ttl=3)
    assert core.lasting({**second, "at": "later"}) == core.lasting({**first, "at": "now"})
    second["vpcs"][0]["verdict"] = "failed"
    assert core.lasting(second) != core.lasting(first)


def test_junit_has_a_failure_for_each_error():
    suite = ET.fromstring(core.junit(report(ran("one", probe("good"), probe("bad", "TCP_TIMEOUT")))))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert suite.find("testcase/failure").get("message") == "TCP_TIMEOUT_ONE_AZ"


def hostile():
    """A report of which every text is hostile, but for the two words that are this collection's own."""

    def poisoned(value):
        if isinstance(value, dict):
            return {key: each if key in {"verdict", "state"} else poisoned(each) for key, each in value.items()}
        if isinstance(value, list):
            return [poisoned(each) for each in value]
        return f"{value}{HOSTILE}" if isinstance(value, str) else value

    return poisoned(report(ran("one", probe("agent", "TCP_TIMEOUT"), probe("b"))))


@pytest.mark.parametrize(
    "made", [report(ran("one", probe("agent"))), hostile(), report(core.Run(inventory=Inventory((), {})))]
)
def test_the_page_is_html_that_needs_nothing_from_elsewhere(made):
    text = page(made, "2026-11-22 12:00:00 UTC")
    root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    names = {element.tag.rpartition("}")[2] for element in root.iter() if isinstance(element.tag, str)}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if str(name).startswith("on")]
    assert not attributes & {"src", "srcset", "action", "background"}
    assert all(element.get("href", "#").startswith("#") for element in root.iter())
    assert "url(" not in text
    assert "default-src &#x27;none&#x27;" in text


def test_hostile_text_is_shown_as_it_is():
    text = page(hostile(), "now")
    assert "<script" not in text
    assert "{{ 7 * 7 }}" in text  # not rendered, either
    assert "\u202e" not in text
    assert "[U+202E]" in text
    ET.fromstring(core.junit(hostile()))


def test_a_tag_escapes_all_that_is_not_a_tag():
    assert tag("p", "<b>", tag("b", "&"), None, 1, title='"') == '<p title="&quot;">&lt;b&gt;<b>&amp;</b>1</p>'


def test_a_failed_vpc_is_open_and_carries_its_text_for_support():
    made = report(ran("one", probe("agent", "TCP_TIMEOUT")))
    text = page(made, "now")
    assert '<details class="vpc card" id="vpc-0" open="">' in text
    assert "For Astronomer Support:<br>" in text


def test_an_old_answer_that_was_waited_for_is_told():
    before = {"server": "10.0.0.2", "addresses": ["203.0.113.10"], "problem": ""}
    assert "10.0.0.2 had an old answer in its cache, 203.0.113.10; verify waited 12.5 s." in page(
        report(ran("one", probe("agent", before=before, waited=12.5))), "now"
    )


def test_a_vpc_fails_with_all_errors_and_nothing_else():
    failed = core.failures(report(ran("one", probe("agent", "TCP_TIMEOUT", pinned=["10.0.1.5"]))))
    assert list(failed) == ["one"]
    assert failed["one"].startswith("TCP_TIMEOUT_ONE_AZ: No answer on port 443 within 5 seconds from 10.0.2.5")
    assert "DNS_PINNED" not in failed["one"]
    assert "\n" not in failed["one"]
    assert core.failures(report(ran("one", probe("agent")))) == {}


def test_check_mode_says_would():
    run = ran("one", calls=[{"operation": "ec2:CreateVpcEndpoint", "vpcs": ["one"]}])
    made = report(dataclasses.replace(run, check_mode=True))
    assert "What setup would change" in page(made, "now")
