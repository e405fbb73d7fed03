# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn, what befalls a call, and what agents missed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from astrolab.aws.errors import Reply
from astrolab.between import Asked
from chaos.agents import WELL, Agent, Agents
from chaos.faults import ENDS, FAULTS, FROM_HERE_ON, TIMES_THROTTLED, Struck, fault
from chaos.points import points
from chaos.together import Meeting

FINE = Reply(200, "text/xml", b"<fine/>")


def asked(number: int, name: str = "ec2:DescribeVpcs", body: bytes = b"") -> Asked:
    service, _colon, action = name.partition(":")
    return Asked(number, service, action, "111111111111", "us-east-1", body, mutating=False)


def told(kind: str, calls: list[Asked], at: int = 2) -> tuple[list[Any], int, list[str], Struck]:
    """The answers; how many calls reached AWS; who was killed."""
    killed, reached, struck = [], [], Struck()
    meddle = fault(kind, at, lambda: killed.append("run"), struck)

    def on() -> Reply:
        reached.append(1)
        return FINE

    return [meddle(each, on) for each in calls], len(reached), killed, struck


@pytest.mark.parametrize("kind", [each for each in FAULTS if each not in ENDS | FROM_HERE_ON | {"throttled"}])
def test_one_call_is_struck_and_the_others_pass(kind: str) -> None:
    answers, _reached, killed, struck = told(kind, [asked(n) for n in (1, 2, 3)])
    assert answers[0] == answers[2] == FINE
    assert answers[1] != FINE
    assert (killed, struck.asked) == ([], asked(2))


def test_a_cut_body_and_a_closed_connection_come_after_the_deed() -> None:
    for kind, reached in (("body cut off", 3), ("closed after", 3), ("closed before", 2), ("500", 2), ("HTML", 2)):
        assert told(kind, [asked(n) for n in (1, 2, 3)])[1] == reached, kind


@pytest.mark.parametrize(("kind", "reached"), [("killed before", 1), ("killed after", 2)])
def test_who_is_killed_sends_nothing_more(kind: str, reached: int) -> None:
    answers, passed, killed, _struck = told(kind, [asked(n) for n in (1, 2, 3)])
    assert (passed, killed, answers[2]) == (reached, ["run"], None)


def test_throttling_strikes_a_call_and_its_repetitions() -> None:
    same = [asked(n, body=b"same") for n in range(2, 2 + TIMES_THROTTLED + 1)]
    answers, reached, _killed, _struck = told("throttled", [asked(1, body=b"same"), *same, asked(99, body=b"other")])
    assert [each.status for each in answers] == [200, *[503] * TIMES_THROTTLED, 200, 200]
    assert reached == 3


@pytest.mark.parametrize(
    ("kind", "name", "status", "text"),
    [
        ("token expired", "ec2:DescribeVpcs", 400, b"RequestExpired"),
        ("token expired", "route53:GetChange", 403, b"ExpiredToken"),
        ("token expired", "astro:GET /organizations", 401, b"token"),
        ("access denied", "ec2:DescribeVpcs", 403, b"UnauthorizedOperation"),
        ("access denied", "eks:DescribeCluster", 403, b"AccessDeniedException"),
        ("access denied", "astro:GET /organizations", 403, b"permission"),
    ],
)
def test_rights_are_gone_from_there_on(kind: str, name: str, status: int, text: bytes) -> None:
    answers, reached, _killed, _struck = told(kind, [asked(n, name) for n in (1, 2, 3)])
    assert reached == 1
    assert [each.status for each in answers[1:]] == [status, status]
    assert text in answers[2].body


def working(ended: int | None = None) -> Agent:
    return Agent("a", SimpleNamespace(poll=lambda: ended))  # type: ignore[arg-type]


def test_all_points_or_a_sample_that_is_spread() -> None:
    assert {each.at for each in points("site", [1, 2, 3, 4, 5], ["500"])} == {1, 2, 3, 4, 5}
    some = points("site", range(1, 101), ["500", "503"], sample=4, seed=7)
    assert some == points("site", range(1, 101), ["500", "503"], sample=4, seed=7)
    assert some != points("site", range(1, 101), ["500", "503"], sample=4, seed=8)
    for kind in ("500", "503"):
        assert sorted((each.at - 1) // 25 for each in some if each.fault == kind) == [0, 1, 2, 3]


def test_a_gap_lasts_from_the_last_good_answer_to_the_next() -> None:
    agent = working()
    agent.heard = [(1.0, WELL), (2.0, WELL), (2.2, "no address"), (2.4, "timeout"), (3.5, WELL), (4.0, WELL)]
    (gap,) = agent.gaps(0.9, 4.1)
    assert (gap.seconds, gap.said) == (1.5, "no address")
    assert list(agent.gaps(3.0, 4.1)) == []
    agent.heard += [(4.2, "timeout")]
    assert [each.seconds for each in agent.gaps(3.0, 6.0)] == [2.0]


def test_what_a_bystander_misses_as_well_is_no_gap() -> None:
    agent, bystander = working(), working()
    agent.heard = [(1.0, WELL), (2.0, "timeout"), (3.0, WELL), (5.0, "timeout"), (6.0, WELL)]
    bystander.heard = [(3.5, WELL), (4.5, "timeout"), (4.9, WELL)]
    assert [gap.began for gap in Agents([agent], bystander).gaps(0.9, 6.1)] == [1.0]


def test_an_agent_that_has_ended_has_a_gap() -> None:
    agent = working(ended=1)
    agent.heard = [(1.0, WELL)]
    assert [each.said for each in agent.gaps(0.0, 6.0)] == ["the agent has ended"]


def test_one_that_is_overtaken_waits_for_the_end_of_the_other() -> None:
    meeting = Meeting("ec2:CreateVpcEndpoint", "overtaken")
    meeting.ended(1)
    first = meeting.meddler(0)
    assert first(asked(1), lambda: FINE) == FINE
    assert not meeting.met
    assert first(asked(2, "ec2:CreateVpcEndpoint"), lambda: FINE) == FINE
    assert meeting.met
