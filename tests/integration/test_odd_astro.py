# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are not Astro's, or only half of them: what happened is found out by reading, and lists go back all the same."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro import access, api, lists
from ansible_collections.astro.privatelink.plugins.module_utils._astro.info import info
from ansible_collections.astro.privatelink.plugins.module_utils._core import run as _run
from ansible_collections.astro.privatelink.plugins.module_utils._roles import harden
from astro_alone import Astro
from astrolab.astro.organization import DEPLOYMENT, ID
from odd_astro import Gateway, changed, cut, instead, odd_astro

RANGE = "172.20.0.0/22"
HOSTILE = "\x1b]0;title\x07\u202e" + "A" * 100_000
DEEP = b"[" * 100_000
EVERY_READ = ["[]", "{}", "null", '"text"', "7", "", "not JSON", '{"id": 7}', '{"id": ""}']


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Astro, Gateway]]:
    monkeypatch.setattr(api, "LONGEST_PAUSE", 1)
    monkeypatch.setattr(_run, "CONVERGES_WITHIN", 0.5)
    for name, seconds in (("PATIENCE", 5.0), ("LATE", 1.0), ("AGAIN", 0.1)):
        monkeypatch.setattr(lists, name, seconds)
    with odd_astro() as made:
        yield made


def client(astro: Astro, **more: Any) -> api.Client:
    return api.Client(**{"organization_id": ID, "token": "lab-owner", "url": astro.url, "timeout": 5, **more})


def restriction(astro: Astro, **more: Any) -> lists.Lists:
    return lists.Lists([access.Want(deployment_id=DEPLOYMENT, **more)], client(astro))


def codes(answers: list[Any]) -> set[str]:
    return {one["code"] for answer in answers for one in answer["findings"] if one["severity"] == "error"}


def with_(**fields: Any) -> Any:
    return changed(lambda document: {**document, **fields})


def with_remote(**fields: Any) -> Any:
    return changed(lambda document: {**document, "remoteExecution": {**document["remoteExecution"], **fields}})


ODD = [
    *(instead(200, text.encode()) for text in EVERY_READ),
    instead(200, DEEP),
    instead(200, b"\xff\xfe"),
    instead(200, json.dumps({"id": "x" * 11_000_000}).encode()),
    instead(302, b"{}", "Location: http://198.51.100.1/"),
    cut(),
    cut(502),
    with_(id=None),
    with_(remoteExecution="on"),
    with_(remoteExecution=[]),
    with_(environmentVariables={"A": 1}),
    with_(environmentVariables=["A"]),
    with_(environmentVariables=[{"key": "A"}]),
    with_(environmentVariables=[{"key": "A", "isSecret": "no"}]),
    with_remote(allowedIpAddressRanges="10.0.0.0/8"),
    with_remote(allowedIpAddressRanges=[{"cidr": "10.0.0.0/8"}]),
    with_remote(enabled="false"),
    with_remote(remoteApiUrl="https://[/"),
    with_remote(remoteApiUrl="https://host/a b\r\nHost: other"),
]


@pytest.mark.parametrize("spoil", ODD)
def test_a_deployment_of_another_form_is_an_error_in_words_and_nothing_is_sent(
    odd: tuple[Astro, Gateway], spoil: Any
) -> None:
    astro, gateway = odd
    gateway.spoil(spoil, ending=DEPLOYMENT)
    with pytest.raises(api.AstroError) as problem:
        restriction(astro)
    assert str(problem.value).isprintable()
    assert len(str(problem.value)) <= 1000
    assert astro.sent("POST") == []


@pytest.mark.parametrize(
    ("ending", "spoil"),
    [
        ("agent-tokens", with_(tokens={"id": "t"})),
        ("agent-tokens", with_(tokens=[7])),
        ("agent-tokens", with_(tokens=[{"name": "no id"}])),
        ("agent-tokens", with_(tokens=[{"id": "t", "lastUsedAt": "yesterday"}])),
        ("agent-tokens", with_(tokens=[{"id": "t", "lastUsedAt": 1764237600}])),
        ("agent-tokens", with_(tokens=[{"id": "t", "lastUsedAt": "2026-01-01T00:00:00"}])),
        ("agent-tokens", with_(totalCount="many")),
        ("agent-tokens", with_(totalCount=None)),
        ("", instead(200, b"[]")),
    ],
)
def test_tokens_and_clusters_of_another_form_are_errors_in_words(
    odd: tuple[Astro, Gateway], ending: str, spoil: Any
) -> None:
    astro, gateway = odd
    gateway.spoil(spoil, ending=ending)
    with pytest.raises(api.AstroError, match="does not answer"):
        info(client(astro), [DEPLOYMENT], agent_tokens=True)


def test_unknown_values_of_known_fields_are_no_errors(odd: tuple[Astro, Gateway]) -> None:
    astro, gateway = odd
    gateway.spoil(with_(status="DREAMING", type="NEW", executor="OTHER", schedulerSize="HUGE"), ending=DEPLOYMENT)
    assert info(client(astro), [DEPLOYMENT])[0]["deployments"][0]["status"] == "DREAMING"
    sent = access.body(api.deployment(client(astro), DEPLOYMENT), [RANGE])
    assert (sent["type"], sent["executor"], sent["schedulerSize"]) == ("NEW", "OTHER", "HUGE"), "echoed as they are"


def test_texts_of_astro_are_shown_bounded_and_harmless(odd: tuple[Astro, Gateway]) -> None:
    astro, gateway = odd
    gateway.spoil(with_(name=HOSTILE, status=HOSTILE), ending=DEPLOYMENT)
    gateway.spoil(with_(tokens=[{"id": HOSTILE, "name": HOSTILE}]), ending="agent-tokens")
    (found,) = info(client(astro), [DEPLOYMENT], agent_tokens=True)[0]["deployments"]
    for text in (found["name"], found["status"], found["agent_tokens"][0]["name"], found["agent_tokens"][0]["id"]):
        assert text.isprintable()
        assert len(text) <= 500


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 502])
@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"message": HOSTILE, "requestId": HOSTILE, "fieldErrors": [{"field": HOSTILE, "message": HOSTILE}]}),
        json.dumps({"message": {"deep": 1}, "fieldErrors": 7}),
        "[" * 100_000,
        "",
    ],
)
def test_error_answers_of_any_form_become_a_sentence(odd: tuple[Astro, Gateway], status: int, body: str) -> None:
    astro, gateway = odd
    gateway.spoil(instead(status, body.encode(), "Retry-After: \xb2"), ending=DEPLOYMENT)
    with pytest.raises(api.AstroError, match=f"Astro says {status}") as problem:
        api.deployment(client(astro), DEPLOYMENT)
    assert str(problem.value).isprintable()
    assert len(str(problem.value)) <= 1000


# --- what became of an update


@pytest.mark.parametrize(
    "spoil", [cut(), cut(502), instead(502, b""), instead(200, b"[]"), instead(200, DEEP), instead(204, b"")]
)
def test_an_update_that_took_effect_without_a_usable_answer_is_recognised(
    odd: tuple[Astro, Gateway], spoil: Any
) -> None:
    astro, gateway = odd
    gateway.spoil(spoil, method="POST")
    made = restriction(astro)
    (answer,) = made.send()
    assert (codes([answer]), answer["changed"], answer["after"], astro.ranges) == (set(), True, [RANGE], [RANGE])
    assert len(astro.sent("POST")) == 1


@pytest.mark.parametrize("spoil", [cut(), cut(502), instead(200, b"[]"), instead(502, b""), with_remote(enabled="on")])
def test_a_list_that_cannot_be_read_back_is_said_to_be_unknown_and_goes_back_later(
    odd: tuple[Astro, Gateway], spoil: Any
) -> None:
    astro, gateway = odd
    made = restriction(astro)
    gateway.spoil(spoil, ending=DEPLOYMENT, skip=1)  # the read right before the update still works
    (answer,) = made.send()
    assert codes([answer]) == {"READ_BACK_FAILED"}
    assert (answer["changed"], answer["before"], answer["after"], answer["restricted"]) == (True, [], None, None)
    assert astro.ranges == [RANGE]
    gateway.heal()
    assert made.put_back(client(astro)) == [lists.Back(name="orders", ranges=())]
    assert (made.sent, astro.ranges) == (True, [])


def test_a_list_that_never_can_be_read_again_is_said_not_to_be_back(odd: tuple[Astro, Gateway]) -> None:
    astro, gateway = odd
    made = restriction(astro)
    made.send()
    gateway.spoil(instead(200, b"[]"), ending=DEPLOYMENT)
    (back,) = made.put_back(client(astro))
    assert "does not answer as the Astro API does" in back.problem
    assert "COULD NOT BE RESTORED" in harden.failure([], [back])


def test_an_update_that_takes_effect_late_is_put_back(odd: tuple[Astro, Gateway]) -> None:
    """The answer is lost and reads still show the old list, until the update arrives after all."""
    astro, gateway = odd
    gateway.spoil(cut(502), method="POST", times=99)
    gateway.spoil(with_remote(allowedIpAddressRanges=[]), ending=DEPLOYMENT)
    made = restriction(astro)
    (answer,) = made.send()
    assert (codes([answer]), answer["changed"]) == ({"ASTRO_UNCERTAIN"}, True)
    threading.Timer(0.4, gateway.heal).start()
    (back,) = made.put_back(client(astro))
    assert (back.problem, astro.ranges) == ("", [])


def test_an_interrupted_sender_stops_and_what_it_did_is_found_out(odd: tuple[Astro, Gateway]) -> None:
    """The run is stopped while the update waits for an answer: whoever puts back knows nothing but what Astro shows."""
    astro, gateway = odd
    stopped = threading.Event()

    def pause(_seconds: float) -> None:
        if stopped.is_set():
            raise InterruptedError("the run was told to stop")

    def answer(_status: int, _body: bytes) -> bytes:
        stopped.set()
        return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 99\r\n\r\ncut"

    gateway.spoil(answer, method="POST")
    made = lists.Lists([access.Want(deployment_id=DEPLOYMENT)], client(astro, pause=pause))
    made.send()
    assert (len(astro.sent("POST")), astro.ranges) == (1, [RANGE])
    assert made.put_back(client(astro)) == [lists.Back(name="orders", ranges=())]
    assert astro.ranges == []


def test_only_what_this_run_changed_is_put_back_and_only_onto_its_own_work(odd: tuple[Astro, Gateway]) -> None:
    astro, _gateway = odd
    astro.restrict("198.51.100.7", "10.0.0.9/8", "the office")
    made = restriction(astro, state="exact")
    assert made.put_back(client(astro)) == [], "nothing was begun"
    made.send()
    assert astro.ranges == [RANGE]
    made.put_back(client(astro))
    assert astro.ranges == ["198.51.100.7", "10.0.0.9/8", "the office"], "as they were written"
    made = restriction(astro, state="exact")
    made.send()
    astro.restrict("192.0.2.0/24")
    (back,) = made.put_back(client(astro))
    assert (back.problem, astro.ranges) == ("somebody else changed it meanwhile, to 192.0.2.0/24", ["192.0.2.0/24"])


def test_the_first_list_that_fails_ends_it_and_all_go_back(odd: tuple[Astro, Gateway]) -> None:
    astro, _gateway = odd
    astro.add_deployments("second", "third")
    wants = [access.Want(deployment_id=each) for each in (DEPLOYMENT, "second", "third")]
    made = lists.Lists(wants, client(astro))
    theirs = {"description": "theirs"}
    astro.fault("second_writer", method="GET", ending="second", change=theirs, times=1)
    assert api.deployment(client(astro), "second")
    answers = made.send()
    assert (len(answers), codes(answers)) == (2, {"SECOND_WRITER"})
    back = made.put_back(client(astro))
    assert [(each.name, each.problem) for each in back] == [("orders", ""), ("second", "")]
    assert [path for path in astro.sent("POST") if path.endswith(("second", "third"))] == []
    assert astro.ranges == []


# --- are agents at work?


@pytest.mark.parametrize("spoil", [instead(403, b"{}"), with_(tokens=[], totalCount=0)])
def test_a_list_of_tokens_that_is_no_longer_given_is_no_sign_of_life(odd: tuple[Astro, Gateway], spoil: Any) -> None:
    astro, gateway = odd
    (before,) = info(client(astro), [DEPLOYMENT], agent_tokens=True)[0]["deployments"]
    for token in before["agent_tokens"]:
        token["activity"] = "used"
    alive = harden.alive([before])
    gateway.spoil(spoil, ending="agent-tokens")
    began = time.monotonic()
    after, _findings = info(
        client(astro, pause=lambda _seconds: time.sleep(0.05)),
        [DEPLOYMENT],
        agent_tokens=True,
        watch_tokens=list(alive[DEPLOYMENT]),
        watch_timeout=1,
    )
    assert time.monotonic() - began >= 1, "they are waited for"
    (found,) = harden.quiet(after["deployments"], alive, 1)
    assert "ledger, payments" in found.seen
