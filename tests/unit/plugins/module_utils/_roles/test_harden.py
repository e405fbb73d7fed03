# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether it is safe to restrict a Deployment, and whether it went well: tables of what was seen to what is said."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro.access import Have
from ansible_collections.astro.privatelink.plugins.module_utils._astro.lists import Back
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InputError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._kube.health import State
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Refused
from ansible_collections.astro.privatelink.plugins.module_utils._roles import harden as core
from ansible_collections.astro.privatelink.plugins.module_utils._roles import verify

HOST = "abc.external.astronomer.run"
URL = f"https://{HOST}/d1"
VPC = {"name": "one", "host": HOST, "verdict": "works", "findings": []}
ERROR = {"code": "TCP_TIMEOUT", "severity": "error", "vpc": "one", "text": "TCP_TIMEOUT: ..."}


def token(name, activity="used"):
    return {"id": f"id-{name}", "name": name, "last_used_at": "", "ends_at": "", "activity": activity}


def deployment(*tokens, ranges=(), **changed):
    known = {"id": "d", "name": "orders", "host": HOST, "path": "/d1", "remote_api_url": URL}
    return {**known, "allowed_ranges": list(ranges), "agent_tokens": list(tokens) or [token("one")], **changed}


def look(status=401, findings=(), addresses=("10.0.0.5",), vpc="one", url=URL):
    answered = [{"address": address, "status": status} for address in addresses]
    return core.PathLook(vpc=vpc, url=url, agent={"name": "agent", "addresses": answered, "findings": list(findings)})


def unreached():
    return look(addresses=(), findings=[{**ERROR, "code": "AGENT_HOST_UNREACHABLE"}])


def codes(found):
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("vpc", "deployments", "confirmed", "said"),
    [
        ({}, [deployment()], False, None),
        ({}, [deployment(token("one"), token("old", "idle"))], False, None),
        ({"verdict": "failed", "findings": [ERROR]}, [deployment()], True, "do not use the link: TCP_TIMEOUT"),
        ({"verdict": "unverified"}, [deployment()], True, "No agent host of it verified the link"),
        ({"name": "two"}, [deployment()], True, f"No agent host of it looked at {URL}"),
        ({}, [deployment(host="other.external.astronomer.run")], True, "No agent VPC has a link to other"),
        ({}, [deployment(host="")], True, "No agent VPC has a link to its cluster"),
        ({}, [deployment(agent_tokens=None)], False, "may not see when agent tokens were used"),
        ({}, [deployment(agent_tokens=None)], True, None),
        ({}, [deployment(agent_tokens=[])], False, "None of its agent tokens was used"),
        ({}, [deployment(token("one", "quiet"))], False, "None of its agent tokens was used"),
        ({}, [deployment(token("one", "quiet"))], True, None),
        (
            {},
            [deployment(token("one"), token("two", "quiet"))],
            False,
            "The agent tokens two were used lately, but not now",
        ),
        ({}, [deployment(token("one", "idle"), ranges=["10.0.0.0/8"])], False, "run the playbook unharden"),
    ],
)
def test_whether_it_is_safe(vpc, deployments, confirmed, said):
    found = core.unsafe([{**VPC, **vpc}], [look()], deployments, confirmed)
    assert set(codes(found)) == ({"LOCKDOWN_UNSAFE"} if said else set())
    assert (said or "") in " ".join(one.text for one in found)


@pytest.mark.parametrize(
    ("earlier", "why"),
    [
        (look(findings=[ERROR]), "TCP_TIMEOUT"),
        (look(addresses=()), "it could not look"),
        (look(status=0), "an answer without a status"),
        (look(status=999), "an answer without a status"),
        (unreached(), "AGENT_HOST_UNREACHABLE"),
    ],
)
def test_a_path_that_gave_no_answer_before_is_no_start(earlier, why):
    found = core.unsafe([VPC], [earlier], [deployment()], True)
    assert codes(found) == ["LOCKDOWN_UNSAFE"]
    assert f"agent had no answer from {URL}: {why}" in found[0].seen


def vpc(number, **more):
    known = {"vpc_id": f"vpc-{number:08d}", "region": "us-east-1", "cluster_id": "abc", "agent_cidrs": ["10.0.0.0/8"]}
    known["service_name"] = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
    return {f"privatelink_{key}": value for key, value in {**known, **more}.items()}


@pytest.mark.parametrize(
    ("group", "in_play", "well", "said"),
    [
        (["one", "two"], ["one", "two"], ["one", "two"], {}),
        (["one", "two"], ["one"], ["one"], {"two": "is not part of the run"}),
        (["one", "two"], ["one", "two"], ["one"], {"two": "failed earlier in this run"}),
        # the group may name hosts that have no variables, and lack some that have
        (["one", "blank"], ["one", "two"], ["one", "two"], {"blank": "is not part of the run"}),
        ([], ["one"], ["one"], {"two": "is not part of the run"}),
    ],
)
def test_every_agent_vpc_of_the_inventory_counts(group, in_play, well, said):
    everyone = Inventory.read({"one": vpc(1), "two": vpc(2)}, ["one"]).widened()
    found = core.left_out(everyone, group, in_play, well)
    assert {one.vpc for one in found} == set(said)
    assert all(said[one.vpc] in one.seen for one in found)


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ([look(401)], [look(401)], []),
        ([look(401)], [look(403)], ["one"]),
        ([look(401)], [look(404)], ["one"]),
        ([look(401)], [unreached()], ["one"]),
        ([look(401)], [look(401, findings=[ERROR])], ["one"]),
        ([look(401)], [look(401, findings=[{**ERROR, "severity": "warning"}])], []),
        # nobody looked again
        ([look(401)], [], ["one"]),
        ([look(401)], [look(401, vpc="two")], ["one"]),
        ([look(401)], [look(401, url="https://elsewhere/d1")], ["one"]),
        # who was refused before may be let in, or not
        ([look(403)], [look(401)], []),
        ([look(403)], [look(403)], []),
        ([look(403)], [], ["one"]),
        ([], [], []),
    ],
)
def test_who_is_kept_out(before, after, lost):
    found = core.lost(before, after)
    assert [(one.code, one.vpc) for one in found] == [("ACCESS_LOST", name) for name in lost]


def test_each_address_counts():
    half = look(addresses=("10.0.0.5", "10.0.0.6"))
    half.agent["addresses"][1]["status"] = 403
    found = core.lost([look(addresses=("10.0.0.5", "10.0.0.6"))], [half])
    assert "got 401" in found[0].seen
    assert "and 403 since" in found[0].seen


WATCHED = {"d": {"id-one": "one", "id-two": "two"}}


@pytest.mark.parametrize(
    ("after", "names"),
    [
        ([deployment(token("one"), token("two"))], ""),
        ([deployment(token("one"), token("two", "quiet"))], "two"),
        ([deployment(token("one"), token("two", "idle"))], "two"),
        ([deployment(token("one"), token("two"), token("new", "quiet"))], ""),
        # what Astro no longer shows is no sign of life: a token that is gone, an empty list, a 403, a Deployment that is gone
        ([deployment(token("one"))], "two"),
        ([deployment(agent_tokens=[])], "one, two"),
        ([deployment(agent_tokens=None)], "one, two"),
        ([{key: value for key, value in deployment().items() if key != "agent_tokens"}], "one, two"),
        ([deployment(token("one"), token("two"), id="other")], "one, two"),
        ([], "one, two"),
    ],
)
def test_who_went_quiet(after, names):
    found = core.quiet(after, WATCHED, 60)
    assert codes(found) == (["AGENTS_QUIET"] if names else [])
    assert not names or f"The agent tokens {names} were in use" in found[0].seen


def test_those_that_were_used_are_watched_on():
    watched = [
        deployment(token("one"), token("two", "idle"), token("three", "quiet")),
        deployment(id="e", agent_tokens=None),
    ]
    assert core.alive(watched) == {"d": {"id-one": "one"}, "e": {}}


def target(name, host=HOST, expected=("10.0.0.5",)):
    return verify.VpcTarget(
        vpc=name,
        host=host,
        link=name,
        vpc_endpoint_id="",
        expected=expected,
        every=expected,
        interfaces={},
        elsewhere={},
    )


def test_a_deployment_is_looked_at_from_the_vpcs_with_a_link_to_its_cluster():
    targets = {"one": target("one"), "far": target("far", host="other"), "none": target("none", expected=())}
    assert [each.vpc for each in core.paths(targets, deployment())] == ["one"]


SETTINGS = {"deployment_ids": ["d"], "ranges": [], "exclusive": False, "timeout": 5.0, "watch_timeout": 60}
LIFT = {"deployment_ids": ["d"], "ranges": [], "allow_open": False, "allow_lockout": False}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SETTINGS, ("present", None, False, False)),
        ({**SETTINGS, "exclusive": True, "ranges": ["10.0.0.0/8", " "]}, ("exact", ("10.0.0.0/8",), False, False)),
        (LIFT, ("absent", None, False, False)),
        ({**LIFT, "allow_open": True, "allow_lockout": True}, ("absent", None, True, True)),
    ],
)
def test_what_the_variables_ask_for(settings, expected):
    (want,) = core.wants(settings)
    assert (want.state, want.ranges, want.allow_open, want.allow_lockout) == expected


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"deployment_ids": []}, "harden_deployment_ids is not set"),
        ({"deployment_ids": None}, "harden_deployment_ids is not set"),
        ({"deployment_ids": [" "]}, "harden_deployment_ids is not set"),
        ({"watch_timeout": -1}, "harden_watch_timeout is -1"),
        ({"pods_timeout": -1}, "harden_pods_timeout is -1"),
        ({"timeout": float("nan")}, "harden_timeout is nan"),
        ({"timeout": float("inf")}, "harden_timeout is inf"),
    ],
)
def test_variables_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(InputError, match=said):
        core.wants({**SETTINGS, **settings})


def test_a_deployment_that_is_named_twice_is_meant_once():
    assert [want.deployment_id for want in core.wants({**SETTINGS, "deployment_ids": ["a", " a", "b"]})] == ["a", "b"]


@pytest.mark.parametrize(
    ("back", "lines"),
    [
        ([], ["why", "No list was changed by this run."]),
        ([Back(name="orders", ranges=())], ["why", "orders: the list is the previous one again: empty, which admits everybody."]),
        ([Back(name="orders", ranges=("10.0.0.0/8",), problem="somebody else")],
         ["why", "orders: THE PREVIOUS LIST COULD NOT BE RESTORED (10.0.0.0/8): somebody else."]),
    ],
)  # fmt: skip
def test_what_is_said_in_the_end(back, lines):
    assert core.failure(["why"], back).split("\n") == lines


def test_the_way_back_is_a_command_that_can_be_pasted():
    document = {"id": "d", "name": "orders", "remoteExecution": {"allowedIpAddressRanges": ["10.0.0.0/8"]}}
    (said,) = core.way_back([Have(document=document)], {"organization_id": "it's"})
    assert said.startswith("orders now admits 10.0.0.0/8.")
    words = shlex.split(said.partition("with: ")[2])
    assert words[:5] == ["ansible", "localhost", "-m", "astro.privatelink.deployment_access", "-a"]
    given = json.loads(words[5])
    assert (given["ranges"], given["organization_id"]) == (["10.0.0.0/8"], "it's")


def test_on_a_controller_the_way_back_is_a_template():
    document = {"id": "d", "name": "orders", "remoteExecution": {"allowedIpAddressRanges": []}}
    said = core.way_back([Have(document=document)], {}, core.lifting("Astro PrivateLink harden"))
    assert said[-1] == "On the controller, launch the template Astro PrivateLink unharden instead."
    assert core.lifting("Lock it") == "of the playbook unharden"
    assert core.way_back([], {}, "x") == []


def test_the_plan_shows_what_goes_and_comes():
    document = {
        "id": "d",
        "name": "orders",
        "remoteExecution": {"allowedIpAddressRanges": ["198.51.100.0/24", "10.0.0.1"]},
    }
    said = core.changes([(Have(document=document), ["10.0.0.1/32", "172.20.0.0/22"])])
    assert said == [
        "orders admits 198.51.100.0/24, 10.0.0.1 now:",
        "  + 172.20.0.0/22",
        "  - 198.51.100.0/24",
        "    10.0.0.1",
    ]


# --- pods


def pod(name="w-1", *, ready=True, restarts=0, uid="1"):
    return State(name=name, namespace="a", workload="w", uid=uid, ready=ready, restarts=restarts)


GONE = Refused("KUBE_API_UNREACHABLE", cluster="c", url="https://c", detail="timed out", hint="")


@pytest.mark.parametrize(
    ("pods", "confirmed", "said"),
    [
        ({}, False, []),
        ({"one": []}, False, []),
        ({"one": [pod()]}, False, []),
        ({"one": [pod(), pod(uid="2", ready=False)]}, False, []),
        ({"one": [pod(ready=False)]}, False, ["w-1 is not ready"]),
        ({"one": [pod(ready=False)]}, True, []),
        ({"one": GONE}, True, ["cannot be read"]),
    ],
)
def test_pods_that_are_not_well_are_not_restricted(pods, confirmed, said):
    found = core.unwell(pods, confirmed)
    assert [one.code for one in found] == ["LOCKDOWN_UNSAFE"] * len(said)
    assert all(text in one.text for text, one in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ({}, {}, []),
        ({"one": [pod()]}, {"one": [pod()]}, []),
        ({"one": [pod()]}, {"one": [pod(ready=False)]}, ["PODS_WORSE"]),
        ({"one": [pod()]}, {"one": [pod(restarts=1)]}, ["PODS_WORSE"]),
        ({"one": [pod()]}, {}, ["PODS_WORSE"]),
        ({"one": [pod()]}, {"one": GONE}, ["PODS_UNSEEN"]),
        ({"one": GONE}, {"one": GONE}, []),
    ],
)
def test_pods_that_are_worse_since(before, after, codes):
    assert [one.code for one in core.worse(before, after)] == codes


def test_on_what_it_rests_is_said():
    deployments = [{"name": "etl", "agent_tokens": [{"activity": "used"}, {"activity": "quiet"}]}, {"name": "ml"}]
    assert core.rests_on({"one": [pod(), pod(ready=False)], "two": GONE}, deployments, confirmed=False) == [
        "one: 1 of 2 agent pods are ready.",
        "etl: 1 agent tokens were used while this run watched.",
        "ml: no agent token was used.",
    ]
