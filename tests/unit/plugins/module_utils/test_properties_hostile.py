# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from outside, made to do harm: it ends as data that is short, printable and harmless, or as an error of our own.

Valid answers are spoilt in one to three places, with templates, controls of a terminal, HTML, megabytes, depth, numbers without end and
values of another type. The seed is fixed; PROPERTY_EXAMPLES tries more.
"""

from __future__ import annotations

import copy
import datetime
import html.parser
import ipaddress
import json
import os
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import reported
from ansible_collections.astro.privatelink.plugins.module_utils._astro import api, deployment, form
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import finding
from ansible_collections.astro.privatelink.plugins.module_utils._kube import (
    choose,
    health,
    job,
    model,
    need,
    script,
    told,
)
from ansible_collections.astro.privatelink.plugins.module_utils._probe import dns, results
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target
from ansible_collections.astro.privatelink.plugins.module_utils._report import files, summary
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import compact, document
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "60"))
FEW = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)

TEMPLATE = "{{ lookup('pipe', 'touch /tmp/owned') }}{% for a in b %}"
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\r\n\x00\ud800"
PAGE = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"&]]>"
FORMAT = "{0.__class__.__mro__} {code!r:>9999999} %s %n $(id) `id`"
PATH = "../../../../etc/passwd"
LONG = "A" * 300_000
DEEP: Any = []
for _level in range(400):
    DEEP = [DEEP]
EVIL = [
    *(TEMPLATE, TERMINAL, PAGE, FORMAT, PATH, LONG, TEMPLATE + TERMINAL + PAGE, "", " "),
    *(10**400, -(10**400), -1, 2**63, 1e308, float("inf"), float("nan"), True, False, None),
    *(DEEP, [LONG] * 8, {TERMINAL: PAGE, PAGE: [TEMPLATE]}, [], {}, [[]], [{}], {"": None}),
]
#: A run must not answer with more than this, whatever it is told.
MOST = 200_000


Where = tuple[Any, ...]


def places(thing: Any, at: Where = ()) -> Iterator[Where]:
    """The way to everything in a document."""
    items = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def spoilt(document: Any) -> st.SearchStrategy[Any]:
    """The document with something evil in one to three places."""

    def put(changes: list[tuple[Where, Any]]) -> Any:
        made = copy.deepcopy(document)
        for where, value in changes:
            parent = made
            try:
                for step in where[:-1]:
                    parent = parent[step]
                parent[where[-1]] = copy.deepcopy(value)
            except (KeyError, IndexError, TypeError):
                continue  # what was there has gone
        return made

    change = st.tuples(st.sampled_from(list(places(document))), st.sampled_from(EVIL))
    return st.lists(change, min_size=1, max_size=3).map(put)


def texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(thing, (list, tuple, set, frozenset)):
        for each in thing:
            yield from texts(each)


def harmless(*told: Any) -> None:
    """Fit for a terminal and for JSON, and bounded."""
    for each in texts(told):
        bad = {
            unicodedata.name(char, repr(char)) for char in each if unicodedata.category(char) in _UNFIT and char != "\n"
        }
        assert not bad, f"{bad} in {each[:200]!r}"
    assert len(json.dumps(told, default=str, allow_nan=False)) < MOST


_UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# --- agent hosts, and what answers them: name servers, certificates, pages

EXPECTED = ("10.0.1.5", "10.0.2.5")
TARGET = Target("payments", "abc.external.astronomer.run", EXPECTED)
LOOKUP = {
    "server": "10.0.0.2",
    "addresses": list(EXPECTED),
    "problem": "",
    "detail": "",
    "aliases": ["a.example"],
    "ttl": 60,
    "seconds": 0.1,
}
REACH = {
    "tcp": True,
    "tls": True,
    "status": 404,
    "body": "404 page not found",
    "problem": "",
    "facts": {"detail": "x", "names": ["y"], "issuer": "z", "size": "large"},
    "source": "10.0.1.9",
    "issuer": "Amazon",
    "not_after": "Dec 28 00:26:57 2030 GMT",
    "seconds": 0.1,
}
ANSWER = {
    "changed": False,
    "msg": "",
    "ansible_facts": {"privatelink_cluster_id": "other"},
    "place": {
        "hostname": "a",
        "sources": ["10.0.1.9"],
        "proxy": "https",
        "proxy_url": "http://p",
        "machine": "m",
        "search": ["s"],
        "ndots": 1,
    },
    "names": {
        **LOOKUP,
        "servers": [LOOKUP],
        "vpc_resolver": LOOKUP,
        "pinned": ["10.0.1.5"],
        "captured": {"n": ["10.0.1.5"]},
        "before": LOOKUP,
        "waited": 1,
    },
    "addresses": [{**REACH, "address": address} for address in EXPECTED],
    "health": {"status": 200, "detail": "d"},
}


@FEW
@given(spoilt(ANSWER))
def test_answers_of_agent_hosts(raw):
    shown = results.agent("agent-1", "ssh", TARGET, raw)
    harmless(shown)
    assert set(shown) == set(results.AgentResult.__annotations__)
    results.still_old(TARGET, raw)
    assert {one["vpc"] for one in shown["findings"]} <= {"payments"}


@FEW
@given(spoilt({"rc": 1, "module_stdout": "out", "module_stderr": "err", "msg": "m", "unreachable": False}))
def test_answers_that_are_none(raw):
    harmless(results.agent("agent-1", "ssh", TARGET, raw))


@FEW
@given(st.binary(max_size=300), st.integers(0, 20), st.integers(0, 0xFFFF))
def test_answers_of_name_servers(tail, questions, answers):
    answer = b"\0\0\x81\x80" + questions.to_bytes(2, "big") + answers.to_bytes(2, "big") + b"\0\0\0\0" + tail
    try:
        found = dns._parsed(answer)
    except (IndexError, dns.struct.error, ValueError):
        return  # `ask_plainly` says that it cannot be read
    assert len(found.records) <= len(answer)


def test_an_answer_whose_names_are_all_long_takes_no_time():
    """Each of thousands of records has a name that goes through all of the answer: it is given up at the first one."""
    labels = b"\x3f" + b"a" * 63
    answer = b"\0\0\x81\x80\0\0\xff\xff\0\0\0\0" + labels * 250 + b"\0" + b"\xc0\x0c" * 20_000
    with pytest.raises(ValueError, match="too long"):
        dns._parsed(answer)


# --- Kubernetes

POD = {
    "metadata": {
        "name": "astro-agent-1",
        "namespace": "airflow",
        "uid": "u",
        "labels": {"app": "astro-agent", "pod-template-hash": "5d"},
        "annotations": {"kubectl.kubernetes.io/default-container": "agent", "vpc.amazonaws.com/pod-eni": "[]"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "astro-agent-5d", "controller": True}],
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "spec": {
        "nodeName": "n",
        "serviceAccountName": "s",
        "containers": [
            {
                "name": "agent",
                "image": "i",
                "env": [{"name": "HTTPS_PROXY", "value": "http://me:secret@proxy.example:3128"}],
                "ports": [{"name": "h", "containerPort": 80}],
                "readinessProbe": {"httpGet": {"path": "/health", "port": "h"}},
            }
        ],
        "dnsConfig": {"options": [{"name": "ndots", "value": "5"}], "nameservers": ["10.0.0.2"]},
        "hostAliases": [{"ip": "10.0.0.9", "hostnames": ["abc.external.astronomer.run"]}],
        "tolerations": [{"key": "k"}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.1.9",
        "podIPs": [{"ip": "10.0.1.9"}],
        "hostIP": "10.0.1.8",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "agent",
                "restartCount": 1,
                "state": {"running": {}, "waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}},
            }
        ],
    },
}
POLICY = {
    "kind": "NetworkPolicy",
    "metadata": {"name": "p", "namespace": "airflow"},
    "spec": {
        "podSelector": {
            "matchLabels": {"app": "astro-agent"},
            "matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}],
        },
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [
                    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}},
                    {"namespaceSelector": {"matchLabels": {"a": "b"}}},
                ],
                "ports": [{"port": 443, "protocol": "TCP", "endPort": 450}],
            }
        ],
    },
}
COREFILE = ".:53 {\n forward . 8.8.8.8\n cache 300\n rewrite name a b\n}\nexample:53 {\n hosts {\n 1.2.3.4 a\n }\n}\n"
CONFIG = {"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {"Corefile": COREFILE}}
EVENT = {
    "type": "Warning",
    "reason": "BackOff",
    "message": "m",
    "lastTimestamp": "2026-01-01T00:00:00Z",
    "involvedObject": {"kind": "Pod", "name": "astro-agent-1", "namespace": "airflow", "uid": "u"},
}
CLUSTER = {
    "pods": [POD],
    "policies": [POLICY],
    "configs": [CONFIG],
    "events": [EVENT],
    "logs": {"airflow/astro-agent-1": "heartbeat failed"},
}
PLACE = choose.Place(cidr="10.0.0.0/16", zone="us-east-1a")
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@FEW
@given(spoilt(CLUSTER))
def test_what_clusters_tell(raw):
    pods = raw["pods"] if isinstance(raw["pods"], list) else []
    listed = model.pods({"items": raw["pods"]})
    for each in listed:
        assert model.is_name(each.name)
        assert all(model.is_name(one.name) for one in each.containers)
        harmless(
            {key: getattr(each, key) for key in ("namespace", "name", "uid", "workload", "phase", "node", "address")}
        )
    choice = choose.choose(model.Cluster(), listed, [PLACE])
    harmless(list(choice.notes), [each.of("payments").public() for each in choice.unasked.values()])
    parts = {key: tuple(raw[key]) if isinstance(raw[key], list) else () for key in ("policies", "configs", "events")}
    logs = (
        {key: value for key, value in raw["logs"].items() if isinstance(value, str)}
        if isinstance(raw["logs"], dict)
        else {}
    )
    seen = told.Told(cluster="c", pods=tuple(pods), logs=logs, **parts)
    spans = tuple(ipaddress.IPv4Network(each) for each in EXPECTED)
    wanted = need.Need(vpc="payments", host="abc.external.astronomer.run", spans=spans)
    harmless([one.public() for one in told.findings(wanted, [seen])], told.evidence([seen], NOW))
    states = health.states(pods)
    harmless([one.public() for one in health.worse("payments", states, [])])


@FEW
@given(spoilt(POD))
def test_pods_whose_place_a_job_takes(pod):
    if model.pod(pod) is None:
        return
    order = job.Order(name="astro-privatelink-probe-1", container="agent", command=("true",), image="", seconds=60)
    made = job.manifest(pod, order)
    spec = made["spec"]["template"]["spec"]
    assert {each["name"] for each in spec["containers"]} == {spec["containers"][0]["name"]}
    assert spec["automountServiceAccountToken"] is False
    assert not spec["containers"][0].get("securityContext", {}).get("privileged")


@FEW
@given(st.binary(max_size=200), st.sampled_from(EVIL))
def test_what_exec_answers(noise, evil):
    answer = json.dumps(
        {
            "place": evil,
            "status": "Failure",
            "message": evil,
            "details": {"causes": [evil, {"reason": "ExitCode", "message": evil}]},
        }
    )
    ended = script.Ended(
        stdout=noise + b"\n" + script.MARK.encode() + answer.encode("utf-8", "replace"),
        stderr=noise,
        status=answer.encode("utf-8", "replace"),
    )
    harmless(ended.said, ended.code, ended.no_python, ended.cannot_start)
    assert ended.answer is None or isinstance(ended.answer, dict)


# --- Astro

DEPLOYMENT = {
    "id": "d",
    "name": "n",
    "clusterId": "abc",
    "workspaceId": "w",
    "status": "HEALTHY",
    "type": "DEDICATED",
    "executor": "ASTRO",
    "airflowVersion": "3",
    "remoteExecution": {
        "enabled": True,
        "allowedIpAddressRanges": ["10.0.0.0/8"],
        "remoteApiUrl": "https://abc.external.astronomer.run/d",
    },
    "environmentVariables": [{"key": "K", "value": "V", "isSecret": False}],
}
TOKEN = {"id": "t", "name": "n", "lastUsedAt": "2026-01-01T00:00:00Z", "endAt": None}


@FEW
@given(
    spoilt(
        {
            "deployment": DEPLOYMENT,
            "cluster": {"id": "abc", "name": "c", "vpcSubnetRange": "172.20.0.0/20"},
            "token": TOKEN,
        }
    )
)
def test_what_astro_answers(raw):
    if not isinstance(raw.get("deployment"), dict) or form.deployment(raw["deployment"]):
        return
    clusters = [raw["cluster"]] if isinstance(raw["cluster"], dict) and not form.cluster(raw["cluster"]) else []
    tokens = [raw["token"]] if isinstance(raw["token"], dict) and not form.token(raw["token"]) else []
    found = deployment.findings(["d"], [raw["deployment"]])
    used = deployment.marked({"d": tokens}, {"d": tokens}, None)
    shown = deployment.public(
        ["d"], [raw["deployment"]], {each["id"]: each for each in clusters}, {raw["deployment"]["id"]: used["d"]}, found
    )
    harmless(shown["deployments"], list(shown["clusters"].values()), shown["findings"])
    assert "environmentVariables" not in json.dumps(shown)


@FEW
@given(
    spoilt({"message": "m", "requestId": "r", "fieldErrors": [{"field": "f", "message": "m"}]}),
    st.sampled_from(["1", "9" * 400, TERMINAL, PAGE]),
)
def test_what_astro_refuses_with(raw, retry_after):
    error = api.refused(403, json.dumps(raw).encode("utf-8", "replace"), retry_after)
    harmless(str(error))


# --- all of it in a report

RUN = reported.fleet(3)


class Reader(html.parser.HTMLParser):
    """What a browser would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"img", "iframe", "object", "embed", "link", "base"}:
            self.found.append(tag)
        self.found += [name for name, _value in attrs if name.startswith("on") or name in {"src", "srcdoc"}]


@settings(FEW, max_examples=max(EXAMPLES // 4, 1))
@given(spoilt(ANSWER), st.sampled_from([each for each in EVIL if isinstance(each, str)]))
def test_the_report_shows_it_and_does_nothing(raw, text):
    name, expected = "payments-0000", ("10.0.0.37", "10.0.0.41")
    raw = json.loads(json.dumps(raw).replace(EXPECTED[0], expected[0]).replace(EXPECTED[1], expected[1]))
    seen = results.agent("agent", "ssh", Target(name, "abc.external.astronomer.run", expected), raw)
    said = finding(
        "PROBE_FAILED", name, agent=results.printable(text), connection="ssh", detail=results.printable(text)
    ).public()
    run = reported.Run(**{**vars(RUN), "seen": {**RUN.seen, name: [{**seen, "findings": [*seen["findings"], said]}]}})
    report = document(run)
    written = files.contents(report, "2026-01-01T00:00:00Z")
    page = Reader()
    page.feed(written["report.html"])
    assert page.found == []
    assert "<script>alert" not in written["report.html"]
    assert json.loads(written["report.json"])["vpcs"]
    assert ET.fromstring(written["junit.xml"]).tag
    harmless(summary.summary(report), compact(report))
    for each in written.values():
        harmless(each.replace("\t", " "))
