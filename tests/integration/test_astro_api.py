# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro API: as strict and as forgetful as Astro's own, so that a test against it proves something."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from astro_alone import CLUSTER, Astro, astro_alone
from astrolab.astro.organization import DEPLOYMENT, ID, WITHOUT_AGENTS
from astrolab.astro.schema import problems

HERE = f"/deployments/{DEPLOYMENT}"
UPDATE: dict[str, Any] = {
    "environmentVariables": [
        {"key": "WAREHOUSE", "value": "orders", "isSecret": False},
        {"key": "WAREHOUSE_PASSWORD", "isSecret": True},
    ],
    "executor": "ASTRO",
    "isCicdEnforced": False,
    "isDagDeployEnabled": True,
    "isHighAvailability": True,
    "name": "orders",
    "remoteExecution": {
        "enabled": True,
        "allowedIpAddressRanges": ["172.20.0.0/22"],
        "taskLogBucket": "s3://orders-logs",
    },
    "schedulerSize": "SMALL",
    "type": "DEDICATED",
    "workspaceId": "cllabworkspace00000000001",
}


@pytest.fixture
def astro() -> Iterator[Astro]:
    with astro_alone() as started:
        yield started


def ask(
    astro: Astro, path: str, content: object = None, token: str = "lab-owner", organization: str = ID
) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{astro.url}/organizations/{organization}{path}",
        data=None if content is None else json.dumps(content).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (f"/clusters/{CLUSTER}", "Cluster"),
        ("/deployments", "Deployments"),
        (HERE, "Deployment"),
        (f"/deployments/{WITHOUT_AGENTS}", "Deployment"),
        (f"{HERE}/agent-tokens", "AgentTokens"),
    ],
)
def test_answers_have_their_shape(astro: Astro, path: str, shape: str) -> None:
    status, answer = ask(astro, path)
    assert status == 200
    assert problems(shape, answer) == []


@pytest.mark.parametrize(
    ("path", "content", "token", "status"),
    [
        (HERE, None, "wrong", 401),
        (HERE, None, "", 401),
        (f"/clusters/{CLUSTER}", None, "lab-deployment-admin", 403),
        (f"{HERE}/agent-tokens", None, "lab-viewer", 403),
        (HERE, UPDATE, "lab-viewer", 403),
        ("/deployments/unknown", None, "lab-owner", 404),
        ("/clusters/unknown", None, "lab-owner", 404),
        ("/allowed-ip-address-ranges", None, "lab-owner", 404),
        ("/deployments?limit=x", None, "lab-owner", 400),
        (HERE, {}, "lab-owner", 400),
    ],
)
def test_errors_have_their_shape(astro: Astro, path: str, content: object, token: str, status: int) -> None:
    got, answer = ask(astro, path, content, token)
    assert (got, answer["statusCode"]) == (status, status)
    assert problems("Error", answer) == []


def test_pages_do_not_overlap(astro: Astro) -> None:
    astro.add_deployments(*(f"more{number:02}" for number in range(25)))
    first, second = (ask(astro, f"/deployments?offset={offset}")[1] for offset in (0, 20))
    assert (len(first["deployments"]), len(second["deployments"]), first["totalCount"]) == (20, 7, 27)
    assert not {each["id"] for each in first["deployments"]} & {each["id"] for each in second["deployments"]}


def test_a_token_with_fewer_rights_gets_fewer_fields(astro: Astro) -> None:
    assert "environmentVariables" not in ask(astro, HERE, token="lab-blind")[1]
    assert "environmentVariables" in ask(astro, HERE, token="lab-owner")[1]


def test_a_secret_stays_as_long_as_its_key_is_sent_and_never_comes_back(astro: Astro) -> None:
    status, answer = ask(astro, HERE, UPDATE)
    assert status == 200
    assert problems("Deployment", answer) == []
    assert astro.state["secrets"][DEPLOYMENT] == {"WAREHOUSE_PASSWORD": "open sesame"}
    assert "open sesame" not in json.dumps(answer)


def test_what_is_not_sent_is_lost_below_the_top_and_kept_at_the_top(astro: Astro) -> None:
    before = astro.deployment
    update = {
        **UPDATE,
        "environmentVariables": UPDATE["environmentVariables"][:1],
        "remoteExecution": {"enabled": True},
    }
    assert ask(astro, HERE, update)[0] == 200
    after = astro.deployment
    assert after["remoteExecution"] == {
        "enabled": True,
        "allowedIpAddressRanges": [],
        "remoteApiUrl": before["remoteExecution"]["remoteApiUrl"],
    }
    assert [each["key"] for each in after["environmentVariables"]] == ["WAREHOUSE"]
    assert astro.state["secrets"][DEPLOYMENT] == {}
    for kept in ("contactEmails", "description", "scalingSpec", "effectiveWorkloadIdentity"):
        assert after[kept] == before[kept]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"remoteExecution": {"enabled": True, "remoteApiUrl": "https://x"}}, "remoteExecution"),
        ({"workerQueues": [{"name": "default"}]}, "workerQueues"),
        ({"resourceQuotaCpu": "10"}, "resourceQuotaCpu"),
        ({"remoteExecution": {"enabled": False}}, "workerQueues"),
        ({"environmentVariables": [{"key": "NEW", "isSecret": False}]}, "environmentVariables"),
        ({"type": "HYBRID"}, "type"),
        ({"effectiveWorkloadIdentity": "arn"}, "."),
    ],
)
def test_an_update_that_says_too_much_or_too_little_is_refused(
    astro: Astro, change: dict[str, Any], field: str
) -> None:
    before = astro.deployment
    status, answer = ask(astro, HERE, {**UPDATE, **change})
    assert (status, answer["fieldErrors"][0]["field"]) == (400, field)
    assert astro.deployment == before


def test_each_required_field_is_required(astro: Astro) -> None:
    required = set(UPDATE) - {"remoteExecution"}
    for field in required:
        assert ask(astro, HERE, {key: value for key, value in UPDATE.items() if key != field})[0] == 400


def test_requests_that_come_too_fast_are_turned_away(astro: Astro) -> None:
    astro.limit(GET=2)
    statuses = [ask(astro, path)[0] for path in (HERE,) * 4]
    assert statuses[:2] == [200, 200]
    assert 429 in statuses
    assert ask(astro, HERE, token="lab-blind")[0] == 200, "each token has its own"


@pytest.mark.parametrize(("kind", "effect"), [("broken", False), ("broken_after", True), ("busy", False)])
def test_faults_take_effect_or_not(astro: Astro, kind: str, effect: bool) -> None:
    astro.fault(kind)
    assert ask(astro, HERE, UPDATE)[0] == (429 if kind == "busy" else 500)
    assert astro.ranges == (["172.20.0.0/22"] if effect else [])
    assert ask(astro, HERE, UPDATE)[0] == 200, "a fault is over after its times"


@pytest.mark.parametrize(("kind", "effect"), [("lost_request", False), ("lost_answer", True)])
def test_a_connection_can_end_without_an_answer(astro: Astro, kind: str, effect: bool) -> None:
    astro.fault(kind)
    with pytest.raises(OSError, match="closed"):
        ask(astro, HERE, UPDATE)
    assert astro.ranges == (["172.20.0.0/22"] if effect else [])


def test_a_second_writer_comes_after_the_answer(astro: Astro) -> None:
    astro.fault("second_writer", method="GET", ending=DEPLOYMENT, skip=1, change={"name": "renamed"})
    assert [ask(astro, path)[1]["name"] for path in (HERE,) * 3] == ["orders", "orders", "renamed"]
