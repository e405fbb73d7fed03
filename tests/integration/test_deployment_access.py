# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deployment_access and astro_info against the lab's Astro API, which does all it can to make them lose something."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.astro.privatelink.plugins.module_utils._astro import api
from ansible_collections.astro.privatelink.plugins.module_utils._core import run as _run
from ansible_collections.astro.privatelink.plugins.modules import astro_info, deployment_access
from astro_alone import CLUSTER, Astro, astro_alone
from astrolab.astro.organization import ALL, DEPLOYMENT, ID, ROLES, WITHOUT_AGENTS, Role

RANGE = "172.20.0.0/22"
NAT = "198.51.100.7"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def astro() -> Iterator[Astro]:
    with astro_alone() as started:
        yield started


@pytest.fixture
def run(astro: Astro, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a module as Ansible does, in this process, without long pauses; gives its answer."""
    for variable in ("ASTRO_API_TOKEN", "ASTRO_API_URL", "ASTRO_ORGANIZATION_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(api, "LONGEST_PAUSE", 1)
    monkeypatch.setattr(_run, "CONVERGES_WITHIN", 1.0)

    def run(module: Any = deployment_access, check: bool = False, **params: Any) -> dict[str, Any]:
        known = {"api_url": astro.url, "api_token": "lab-owner", "organization_id": ID}
        if module is deployment_access:
            known["deployment_id"] = DEPLOYMENT
        given = {**known, **params, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        said = capsys.readouterr().out
        assert "open sesame" not in said
        assert '"WAREHOUSE' not in said
        assert (params.get("api_token") or "lab-owner") not in said
        answer: dict[str, Any] = json.loads(said)
        return answer

    return run


def codes(answer: dict[str, Any]) -> set[str]:
    return {one["code"] for one in answer["findings"]}


def untouched(astro: Astro, before: dict[str, Any]) -> bool:
    """Nothing but the ranges and the time of the update is different."""

    def rest(state: dict[str, Any]) -> Any:
        state["deployments"][DEPLOYMENT].pop("updatedAt")
        state["deployments"][DEPLOYMENT]["remoteExecution"].pop("allowedIpAddressRanges")
        return state

    return bool(rest(astro.state) == rest(before))


def test_adding_again_and_removing(astro: Astro, run: Run) -> None:
    before = astro.state
    planned = run(check=True)
    assert (planned["changed"], planned["before"], planned["after"], astro.ranges) == (True, [], [RANGE], [])
    done = run()
    assert {**done, "findings": [], "warnings": []} == {**planned, "findings": [], "warnings": []}, (
        "check mode told the truth"
    )
    assert done["diff"] == {
        "before": {"orders": {"allowed_ranges": []}},
        "after": {"orders": {"allowed_ranges": [RANGE]}},
    }
    assert astro.ranges == [RANGE]
    again = run()
    assert (again["changed"], again["calls"], again["before"], again["after"]) == (False, [], [RANGE], [RANGE])
    assert codes(run(state="absent")) == {"ACCESS_WOULD_OPEN"}
    assert astro.ranges == [RANGE]
    opened = run(state="absent", allow_open=True)
    assert (opened["changed"], opened["after"], opened["restricted"], astro.ranges) == (True, [], False, [])
    assert untouched(astro, before)


def test_the_previous_list_can_be_put_back(astro: Astro, run: Run) -> None:
    astro.restrict(NAT, "10.0.0.9/8")
    done = run(state="exact")
    assert astro.ranges == [RANGE]
    back = run(ranges=done["before"], state="exact", allow_open=True, allow_lockout=True)
    assert back["changed"]
    assert set(astro.ranges) == {f"{NAT}/32", "10.0.0.0/8"}


def test_public_ranges_stay_until_the_list_is_set_exactly(astro: Astro, run: Run) -> None:
    astro.restrict(NAT)
    added = run()
    assert (astro.ranges, codes(added)) == ([NAT, RANGE], {"OTHER_RANGES_LEFT"})
    run(state="exact")
    assert astro.ranges == [RANGE]


@pytest.mark.parametrize("spelling", ["172.20.0.0/22", "172.20.1.7/22", " 172.20.0.0/255.255.252.0"])
def test_other_spellings_are_the_same_range(astro: Astro, run: Run, spelling: str) -> None:
    astro.restrict(spelling)
    assert run()["changed"] is False
    assert run(ranges=[RANGE], state="exact")["changed"] is False
    assert astro.sent("POST") == []


def test_a_second_writer_between_read_and_write_loses_nothing(astro: Astro, run: Run) -> None:
    theirs = {"remoteExecution": {"allowedIpAddressRanges": ["192.0.2.0/24"]}}
    astro.fault("second_writer", method="GET", ending=DEPLOYMENT, change=theirs)
    answer = run()
    assert answer["failed"]
    assert codes(answer) >= {"SECOND_WRITER"}
    assert "remoteExecution.allowedIpAddressRanges" in answer["msg"]
    assert astro.sent("POST") == []
    assert astro.ranges == ["192.0.2.0/24"]


def test_a_second_writer_of_another_field_is_seen_as_well(astro: Astro, run: Run) -> None:
    astro.fault("second_writer", method="GET", ending=DEPLOYMENT, change={"description": "theirs"})
    answer = run()
    assert "description changed" in answer["msg"]
    assert (astro.ranges, astro.deployment["description"]) == ([], "theirs")


def test_a_second_writer_while_waiting_for_a_busy_astro_is_seen(astro: Astro, run: Run) -> None:
    astro.fault("busy")
    astro.fault("second_writer", method="GET", ending=DEPLOYMENT, skip=1, change={"schedulerSize": "LARGE"})
    assert "schedulerSize changed" in run()["msg"]
    assert (astro.ranges, astro.deployment["schedulerSize"]) == ([], "LARGE")


def test_a_change_right_after_the_update_is_told(astro: Astro, run: Run) -> None:
    gone = {"remoteExecution": {"taskLogBucket": "s3://other"}}
    astro.fault("second_writer", method="POST", ending=DEPLOYMENT, change=gone)
    answer = run()
    assert (answer["failed"], answer["changed"]) == (True, True)
    assert codes(answer) >= {"DEPLOYMENT_CHANGED_BESIDES"}
    assert "taskLogBucket" in answer["msg"]


def test_an_update_that_is_undone_at_once_is_no_success(astro: Astro, run: Run) -> None:
    astro.fault(
        "second_writer", method="POST", ending=DEPLOYMENT, change={"remoteExecution": {"allowedIpAddressRanges": []}}
    )
    answer = run()
    assert answer["failed"]
    assert codes(answer) >= {"NOT_CONVERGED"}
    assert (answer["before"], answer["after"]) == ([], [])


@pytest.mark.parametrize("field", ["environmentVariables", "executor"])
def test_a_token_that_does_not_see_all_fields_changes_nothing(astro: Astro, run: Run, field: str) -> None:
    before = astro.state
    answer = run(api_token="lab-blind" if field == "environmentVariables" else "lab-viewer")
    assert codes(answer) >= {"DEPLOYMENT_FIELDS_MISSING"}
    assert field in answer["msg"]
    assert astro.sent("POST") == []
    assert astro.state == before


def test_a_token_that_may_only_read_is_told_so_by_astro(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, Role], ROLES), "owner", Role(may=ALL - {"deployment.update"}))
    answer = run()
    assert codes(answer) >= {"ASTRO_REFUSED"}
    assert "missing permission deployment.update" in answer["msg"]


@pytest.mark.parametrize("kind", ["lost_answer", "broken_after"])
def test_an_update_whose_answer_was_lost_is_recognised(astro: Astro, run: Run, kind: str) -> None:
    before = astro.state
    astro.fault(kind)
    answer = run()
    assert "failed" not in answer
    assert (answer["changed"], answer["after"], astro.ranges) == (True, [RANGE], [RANGE])
    assert len(astro.sent("POST")) == 1
    assert untouched(astro, before)


def test_an_update_that_takes_longer_than_anybody_waits_is_recognised(astro: Astro, run: Run) -> None:
    astro.fault("slow_answer", seconds=1.5)
    began = time.monotonic()
    answer = run(api_timeout=1)
    assert time.monotonic() - began >= 1
    assert ("failed" in answer, answer["changed"], astro.ranges) == (False, True, [RANGE])
    assert len(astro.sent("POST")) == 1


@pytest.mark.parametrize("kind", ["lost_request", "broken", "busy"])
def test_an_update_that_had_no_effect_is_sent_again(astro: Astro, run: Run, kind: str) -> None:
    astro.fault(kind, times=2)
    answer = run()
    assert ("failed" in answer, answer["changed"], astro.ranges) == (False, True, [RANGE])
    assert len(astro.sent("POST")) == 3


def test_an_astro_that_stays_broken_is_given_up(astro: Astro, run: Run) -> None:
    astro.fault("broken", times=-1)
    answer = run()
    assert codes(answer) >= {"ASTRO_UNCERTAIN"}
    assert (answer["changed"], answer["after"], astro.ranges) == (True, [], []), (
        "it was sent, and may still take effect"
    )
    assert len(astro.sent("POST")) == api.RETRIES + 1


def test_an_update_that_cannot_be_read_back_is_neither_done_nor_undone(astro: Astro, run: Run) -> None:
    astro.fault("broken", method="GET", ending=DEPLOYMENT, skip=2, times=-1)
    answer = run()
    assert codes(answer) >= {"READ_BACK_FAILED"}
    assert (answer["changed"], answer["before"], answer["after"], astro.ranges) == (True, [], None, [RANGE])


@pytest.mark.parametrize("module", [deployment_access, astro_info])
def test_what_is_returned_is_what_is_documented(run: Run, module: Any) -> None:
    answer = run(module, **({"deployment_ids": [DEPLOYMENT], "agent_tokens": True} if module is astro_info else {}))
    documented = yaml.safe_load(module.RETURN)
    assert set(answer) - {"changed", "diff", "invocation", "warnings"} == set(documented)
    if module is astro_info:
        assert set(answer["deployments"][0]) == set(documented["deployments"]["contains"])
        assert set(answer["clusters"][CLUSTER]) == set(documented["clusters"]["sample"][CLUSTER])
        token = documented["deployments"]["contains"]["agent_tokens"]["sample"][0]
        assert set(answer["deployments"][0]["agent_tokens"][0]) == set(token)


def test_reads_survive_a_busy_astro(astro: Astro, run: Run) -> None:
    for kind in ("busy", "broken", "lost_request"):
        astro.fault(kind, method="GET")
    assert run()["changed"]


def test_the_cluster_is_read_and_its_other_range_pointed_out(astro: Astro, run: Run) -> None:
    astro.change_cluster(
        secondaryVpcCidr="100.64.0.0/16", isDrEnabled=True, drRegion="us-west-2", drVpcSubnetRange="172.24.0.0/22"
    )
    answer = run()
    assert astro.ranges == [RANGE, "172.24.0.0/22"]
    assert codes(answer) == {"ACCESS_CLOSES", "SECONDARY_RANGE"}


def test_a_deployments_own_token_needs_the_range(astro: Astro, run: Run) -> None:
    assert codes(run(api_token="lab-deployment-admin")) == {"CLUSTER_RANGE_UNKNOWN"}
    run(api_token="lab-deployment-admin", ranges=[RANGE])
    assert astro.ranges == [RANGE]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"deployment_id": ID}, "ORG_LIST_CONFUSION"),
        ({"deployment_id": WITHOUT_AGENTS}, "REMOTE_EXECUTION_OFF"),
        ({"deployment_id": "unknown"}, "deployment not found"),
        ({"api_token": "no-such-token"}, "ASTRO_API_TOKEN"),
        ({"organization_id": "other"}, "organization not found"),
        ({"organization_id": " "}, "ASTRO_ORGANIZATION_ID"),
        ({"ranges": ["everything"]}, "RANGE_INVALID"),
        ({"ranges": [NAT]}, "ACCESS_MISSES_CLUSTER"),
        ({"ranges": ["0.0.0.0/0"], "state": "exact"}, None),
    ],
)
def test_mistakes_are_named_and_change_nothing(
    astro: Astro, run: Run, params: dict[str, Any], said: str | None
) -> None:
    answer = run(**params)
    if said is None:  # open before, open after
        assert answer["restricted"] is False
    else:
        assert answer["failed"]
        assert said in answer["msg"]
        assert astro.sent("POST") == []


def test_blank_options_count_as_not_given(astro: Astro, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTRO_API_URL", f"{astro.url}/")
    monkeypatch.setenv("ASTRO_API_TOKEN", "lab-owner")
    monkeypatch.setenv("ASTRO_ORGANIZATION_ID", ID)
    answer = run(api_url="", api_token="", organization_id="", ranges=[""])
    assert (answer["changed"], astro.ranges) == (True, [RANGE])


def test_what_is_told_of_a_deployment(run: Run) -> None:
    answer = run(astro_info, deployment_ids=[DEPLOYMENT, ""], agent_tokens=True)
    told = answer["deployments"][0]
    assert (answer["changed"], len(answer["deployments"]), told["name"]) == (False, 1, "orders")
    assert (told["host"], told["path"]) == (f"{CLUSTER}.external.astronomer.run", "/0rders01")
    assert [token["name"] for token in told["agent_tokens"]] == ["payments", "ledger"]
    assert answer["clusters"][CLUSTER]["ranges"] == [RANGE]


def test_all_deployments_are_told_over_several_pages(astro: Astro, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PAGE", 3)
    astro.add_deployments(*(f"more{number}" for number in range(6)))
    answer = run(astro_info)
    assert len({each["id"] for each in answer["deployments"]}) == 8
    assert len(astro.sent("GET")) == 3 + 1, "three pages, and the cluster once"


def test_what_a_token_does_not_see_is_left_out(run: Run) -> None:
    answer = run(astro_info, api_token="lab-viewer", agent_tokens=True, deployment_ids=[DEPLOYMENT])
    assert (answer["deployments"][0]["executor"], answer["deployments"][0]["agent_tokens"]) == ("", None)
    answer = run(astro_info, api_token="lab-deployment-admin", deployment_ids=[DEPLOYMENT])
    assert answer["clusters"] == {}


def test_a_deployment_that_is_not_there_is_a_finding(run: Run) -> None:
    answer = run(astro_info, deployment_ids=["unknown", DEPLOYMENT])
    assert (answer["failed"], codes(answer)) == (True, {"DEPLOYMENT_NOT_FOUND"})


def test_a_name_that_is_not_the_clusters_is_pointed_out(astro: Astro, run: Run) -> None:
    astro.add_deployments("odd", clusterId="clanother")
    answer = run(astro_info, deployment_ids=["odd"])
    assert codes(answer) == {"API_HOST_MISMATCH"}
