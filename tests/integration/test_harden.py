# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role harden on a lab whose front enforces the list: nobody is locked out for good, whatever goes wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from astrolab import enter, talk
from astrolab.astro.organization import DEPLOYMENT, RANGE
from astrolab.lab import Lab
from by_hand import until
from conftest import LabUp
from keywords import ELSEWHERE, LENIENT, own_play
from running import Play, environment, play

ASTROLAB = Path(__file__).resolve().parents[1] / "lab"
VPCS = ("payments", "ledger", "analytics")
CLUSTER_RANGE = str(RANGE)
WATCH = ("-e", "harden_watch_timeout=3")


class Agents:
    """Agents that call their Deployment for as long as they live."""

    def __init__(self, lab: Lab, logs: Path) -> None:
        self._lab, self._logs = lab, logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *vpcs: str) -> None:
        for vpc in vpcs:
            facts = self._lab.record.host(f"{vpc}-agent")
            argv = [sys.executable, "-m", "astrolab.astro.agent", url(self._lab), f"agent-{vpc}", "--every", "0.6"]
            if facts.dial_through:
                argv += ["--name-server", facts.name_servers[0], "--dial-through", facts.dial_through]
            with (self._logs / vpc).open("wb") as log:
                self._running[vpc] = subprocess.Popen(
                    enter.command(self._lab.record, f"{vpc}-agent", argv),
                    env=self._lab.env | enter.environment(self._lab.record) | {"PYTHONPATH": str(ASTROLAB)},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        until(lambda: all(self.last(vpc).startswith("HTTP/1.1") for vpc in vpcs), "the agents call")

    def stop(self, *vpcs: str) -> None:
        for vpc in vpcs or tuple(self._running):
            process = self._running.pop(vpc)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def last(self, vpc: str) -> str:
        lines = (self._logs / vpc).read_text().splitlines()
        return lines[-1] if lines else ""

    def all_served(self) -> bool:
        return all(self.last(vpc) == "HTTP/1.1 200 OK" for vpc in VPCS)


def say(lab: Lab, method: str, path: str, content: object = None) -> Any:
    return talk.say(lab.record.url, method, f"astro/{path}", content)


def url(lab: Lab) -> str:
    return f"https://{lab.record.cluster_host}/0rders01"


def ranges(lab: Lab) -> list[str]:
    found: list[str] = say(lab, "GET", f"deployments/{DEPLOYMENT}")["remoteExecution"]["allowedIpAddressRanges"]
    return found


def restrict(lab: Lab, *allowed: str) -> None:
    say(lab, "PATCH", f"deployments/{DEPLOYMENT}", {"remoteExecution": {"allowedIpAddressRanges": list(allowed)}})


def updates(lab: Lab) -> int:
    return sum(call["method"] == "POST" for call in say(lab, "GET", "calls"))


def move_cluster(lab: Lab, cidr: str) -> None:
    """Astro names another range than requests really come from: who trusts it locks everybody out."""
    say(lab, "PATCH", f"clusters/{lab.record.cluster_host.partition('.')[0]}", {"vpcSubnetRange": cidr})


@pytest.fixture(scope="module")
def linked(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        assert play(started, tmp_path_factory.mktemp("site"), "site").rc == 0
        assert ranges(started) == [], "it has to be asked for"
        yield started


@pytest.fixture(scope="module")
def agents(linked: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agents]:
    started = Agents(linked, tmp_path_factory.mktemp("agents"))
    started.start(*VPCS)
    yield started
    started.stop()


@pytest.fixture
def lab(linked: Lab, agents: Agents) -> Iterator[Lab]:
    """An open Deployment, agents at work."""
    yield linked
    linked.heal()
    for what in ("faults", "calls"):
        say(linked, "DELETE", what)
    move_cluster(linked, CLUSTER_RANGE)
    restrict(linked)
    until(agents.all_served, "the agents are served again")


def harden(lab: Lab, tmp_path: Path, *arguments: str, **env: str) -> Play:
    return play(lab, tmp_path, "harden", *WATCH, *arguments, **env)


def test_it_restricts_lets_agents_in_and_keeps_others_out(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    planned = harden(lab, tmp_path, "--check", "--diff")
    assert (planned.rc, planned.changed, ranges(lab), updates(lab)) == (0, True, [], 0)
    assert f'+            "{CLUSTER_RANGE}"' in planned.text

    done = play(lab, tmp_path, "site", *WATCH, "-e", "harden_enabled=true")
    assert (done.rc, ranges(lab)) == (0, [CLUSTER_RANGE]), done.text
    assert agents.all_served()
    assert public_answer(lab) == "403", "the public path is closed"

    again = harden(lab, tmp_path)
    assert (again.rc, again.changed, updates(lab)) == (0, False, 1)

    refused = play(lab, tmp_path, "unharden")
    assert (refused.rc, ranges(lab)) == (2, [CLUSTER_RANGE])
    assert "ACCESS_WOULD_OPEN" in refused.text
    opened = play(lab, tmp_path, "unharden", "-e", "harden_allow_open=true")
    assert (opened.rc, ranges(lab)) == (0, [])
    assert public_answer(lab) == "401", "whoever has a token is let in again"


def public_answer(lab: Lab) -> str:
    """The status that somebody gets who dials the public address."""
    script = (
        "import http.client, ssl, socket, sys\n"
        "from astrolab.look import connect\n"
        "host, through = sys.argv[1], sys.argv[2] or None\n"
        "tls = ssl.create_default_context().wrap_socket(connect('203.0.113.10', through, 3.0), server_hostname=host)\n"
        "tls.sendall(f'GET /0rders01 HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n'.encode())\n"
        "print(tls.recv(4096).decode().split()[1])\n"
    )
    through = lab.record.host("payments-agent").dial_through or ""
    argv = ["env", f"PYTHONPATH={ASTROLAB}", sys.executable, "-c", script, lab.record.cluster_host, through]
    return lab.exec("payments-agent", argv).stdout.strip()


def test_a_red_vpc_stops_it_and_so_does_one_that_limit_leaves_out(lab: Lab, tmp_path: Path) -> None:
    limited = harden(lab, tmp_path, "--limit", "payments,ledger,agent_hosts", "-e", "harden_agents_confirmed=true")
    assert (limited.rc, ranges(lab), updates(lab)) == (2, [], 0)
    assert "analytics: LOCKDOWN_UNSAFE: This agent VPC is not part of the run" in limited.text
    lab.fault("dns", "ledger", "servfail")
    done = harden(lab, tmp_path, "-e", "harden_agents_confirmed=true")
    assert (done.rc, ranges(lab), updates(lab)) == (2, [], 0)
    assert "ledger: LOCKDOWN_UNSAFE: Its agents do not use the link: DNS_SERVFAIL" in done.text
    assert "payments: LOCKDOWN" not in done.text


def test_an_agent_that_is_not_at_work_stops_it_unless_confirmed(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    agents.stop("ledger")
    done = harden(lab, tmp_path)
    assert (done.rc, ranges(lab)) == (2, [])
    assert "orders: LOCKDOWN_UNSAFE: The agent tokens ledger were used lately, but not now" in done.text
    assert harden(lab, tmp_path, "-e", "harden_agents_confirmed=true").rc == 0
    assert ranges(lab) == [CLUSTER_RANGE]
    agents.start("ledger")


def test_a_range_that_locks_everybody_out_is_taken_back(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    restrict(lab, "198.51.100.7", CLUSTER_RANGE)
    move_cluster(lab, "172.30.0.0/22")
    done = harden(lab, tmp_path, "-e", "harden_exclusive=true")
    assert (done.rc, updates(lab)) == (2, 2)
    assert set(ranges(lab)) == {"198.51.100.7", CLUSTER_RANGE}
    for vpc in VPCS:
        assert f"{vpc}: ACCESS_LOST: {vpc}-agent got 401" in done.text
    assert "orders: the list is the previous one again: 198.51.100.7" in done.text
    until(agents.all_served, "the agents are served again")


def test_a_list_that_somebody_else_changed_meanwhile_is_not_put_back(lab: Lab, tmp_path: Path) -> None:
    move_cluster(lab, "172.30.0.0/22")
    theirs = ["172.30.0.0/22", "192.0.2.0/24"]
    change = {"remoteExecution": {"allowedIpAddressRanges": theirs}}
    say(lab, "POST", "faults", {"kind": "second_writer", "method": "POST", "ending": DEPLOYMENT, "change": change})
    done = harden(lab, tmp_path)
    assert (done.rc, ranges(lab)) == (2, theirs)
    assert "THE PREVIOUS LIST COULD NOT BE RESTORED" in done.text
    assert "somebody else changed it meanwhile" in done.text


def test_an_agent_that_goes_quiet_after_the_change_has_it_taken_back(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    running = start(lab, tmp_path)
    until(lambda: updates(lab) == 1, "the update is sent", seconds=60)
    agents.stop("ledger")
    said = running.communicate(timeout=120)[0]
    assert (running.returncode, ranges(lab)) == (2, [])
    assert "orders: AGENTS_QUIET: The agent tokens ledger were in use before the list was changed" in said
    assert "the list is the previous one again" in said
    agents.start("ledger")


def test_public_ranges_stay_unless_exclusive(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    restrict(lab, "198.18.0.0/15", CLUSTER_RANGE)
    added = harden(lab, tmp_path)
    assert (added.rc, added.changed) == (0, False)
    assert harden(lab, tmp_path, "-e", "harden_exclusive=true").rc == 0
    assert ranges(lab) == [CLUSTER_RANGE]
    assert agents.all_served()


def test_a_token_that_does_not_see_variables_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    done = harden(lab, tmp_path, ASTRO_API_TOKEN="lab-blind")
    assert (done.rc, ranges(lab), updates(lab)) == (2, [], 0)
    assert "DEPLOYMENT_FIELDS_MISSING" in done.text
    assert "No list was changed by this run" in done.text


def test_lifting_may_not_cut_off_agents_that_still_use_the_link(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    restrict(lab, "198.51.100.7", CLUSTER_RANGE)
    done = play(lab, tmp_path, "unharden", "-e", "harden_allow_open=true")
    assert (done.rc, updates(lab)) == (2, 0)
    assert "ACCESS_MISSES_CLUSTER" in done.text
    assert agents.all_served()


def start(lab: Lab, tmp_path: Path) -> subprocess.Popen[str]:
    env = environment(lab, PLAY_RESULTS=str(tmp_path / "results.jsonl"))
    return subprocess.Popen(
        ["ansible-playbook", "-i", str(lab.inventory), "astro.privatelink.harden", *WATCH],
        env={name: value for name, value in env.items() if name != "PYTHONUNBUFFERED"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )


def below(pid: int) -> list[int]:
    """A process and all that it started, whatever their groups."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in below(int(child)))]


def break_off(
    lab: Lab, tmp_path: Path, how: signal.Signals, whom: Callable[[int], list[int]] = lambda pid: [pid]
) -> str:
    """A run that is told to stop right after the update was sent, and what it had said by then."""
    running = start(lab, tmp_path)
    until(lambda: updates(lab) == 1, "the update is sent", seconds=60)
    for pid in whom(running.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, how)
    return running.communicate(timeout=60)[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_takes_its_change_back(
    lab: Lab, agents: Agents, tmp_path: Path, how: signal.Signals
) -> None:
    """Also where that would go well: nobody is left to see it."""
    break_off(lab, tmp_path, how)
    until(lambda: updates(lab) == 2 and ranges(lab) == [], "the list is the previous one again", seconds=60)
    assert agents.all_served()


def test_a_lock_out_that_nobody_was_left_to_take_back_can_be_by_what_was_said(
    lab: Lab, agents: Agents, tmp_path: Path
) -> None:
    move_cluster(lab, "172.30.0.0/22")
    said = break_off(lab, tmp_path, signal.SIGKILL, lambda pid: below(pid)[::-1])
    until(lambda: agents.last("ledger") == "HTTP/1.1 403 Forbidden", "the agents are locked out")
    again = harden(lab, tmp_path)
    assert again.rc == 2
    assert "LOCKDOWN_UNSAFE: None of its agent tokens was used" in again.text
    assert "The list has 172.30.0.0/22 already: if that keeps agents out, run the playbook unharden" in again.text
    found = re.search(r"with: (ansible localhost .*?'\{.*?\}')", said)
    assert found, said
    done = subprocess.run(found[1], shell=True, env=environment(lab), capture_output=True, text=True, check=False)
    assert (done.returncode, ranges(lab)) == (0, []), done.stdout + done.stderr
    until(agents.all_served, "the agents are served again")


# --- whatever the play says, no agent loses its way


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to run the role."""

    keywords: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def run(self, lab: Lab, tmp_path: Path) -> Play:
        return own_play(lab, tmp_path, "harden", self.keywords, *WATCH, *self.arguments, **self.more)


@pytest.mark.in_turn
@pytest.mark.parametrize(
    "way",
    [
        Way(keywords=LENIENT | ELSEWHERE | {"serial": 1}, arguments=("-c", "local")),
        Way(
            keywords={"any_errors_fatal": True},
            arguments=("--start-at-task", "Restrict traffic to the private endpoint"),
        ),
        Way(more={"form": "include_role", "env": {"ANSIBLE_STRATEGY": "free"}}),
    ],
)
def test_no_keyword_is_consent_where_a_link_does_not_work(lab: Lab, tmp_path: Path, way: Way) -> None:
    lab.fault("tls", "ledger", "intercepted")
    done = way.run(lab, tmp_path)
    assert (ranges(lab), updates(lab)) == ([], 0), done.text
    assert not any(one["status"] == "ok" for one in done.results if "Restrict" in one["task"]), done.text


@pytest.mark.in_turn
@pytest.mark.parametrize(
    "way",
    [
        Way(keywords=LENIENT | ELSEWHERE, arguments=("-c", "local", "--skip-tags", "nothing")),
        Way(
            keywords={"any_errors_fatal": True, "vars": {"harden_exclusive": "no"}},
            arguments=("--tags", "harden,all"),
            more={"of_task": {"ignore_errors": True}},
        ),
        Way(
            arguments=("-e", "harden_agents_confirmed=false"),
            more={"of_task": {"vars": {"harden_watch_timeout": "2"}}},
        ),
    ],
)
def test_under_any_keyword_what_would_lock_out_is_taken_back(
    lab: Lab, agents: Agents, tmp_path: Path, way: Way
) -> None:
    """Astro names a range that requests do not come from: the change is made, seen to be wrong, and undone."""
    move_cluster(lab, "172.30.0.0/22")
    done = way.run(lab, tmp_path)
    (result,) = [one["result"] for one in done.results if "Restrict" in one["task"]]
    assert (ranges(lab), updates(lab), result["changed"]) == ([], 2, True), done.text
    assert "ACCESS_LOST" in result["msg"]
    assert "the list is the previous one again" in result["msg"]
    until(agents.all_served, "the agents are served again")


@pytest.mark.in_turn
@pytest.mark.parametrize(
    "way",
    [
        Way(keywords={"check_mode": True}),
        Way(
            keywords={"environment": {"ASTRO_API_TOKEN": "lab-owner"}, "vars": {"harden_deployment_ids": [DEPLOYMENT]}},
            arguments=("--check",),
            more={"env": {"ASTRO_API_TOKEN": ""}},
        ),
    ],
)
def test_check_mode_shows_what_goes_and_comes(lab: Lab, tmp_path: Path, way: Way) -> None:
    done = way.run(lab, tmp_path)
    assert (done.rc, done.changed, ranges(lab), updates(lab)) == (0, True, [], 0), done.text
    assert f"admits everybody now:\n  + {CLUSTER_RANGE}\n" in done.text


def test_check_mode_refuses_where_a_run_would(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    agents.stop("ledger")
    refused = harden(lab, tmp_path, "--check")
    agents.start("ledger")
    assert (refused.rc, refused.changed, ranges(lab), updates(lab)) == (2, False, [], 0), refused.text
    assert "The agent tokens ledger were used lately, but not now" in refused.text


def test_variables_as_text_from_a_play_and_misspelt_ones(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    """A text that says false is no consent; a variable that nobody reads is named."""
    agents.stop("ledger")
    texts = {"harden_agents_confirmed": "false", "harden_exclusive": "no", "harden_deployment_ids": DEPLOYMENT}
    done = own_play(lab, tmp_path, "harden", {"vars": {**texts, "harden_agent_confirmed": True}}, *WATCH)
    agents.start("ledger")
    assert (done.rc, ranges(lab), updates(lab)) == (2, [], 0), done.text
    assert "The agent tokens ledger were used lately, but not now" in done.text
    assert "harden_agent_confirmed is no variable of role harden. Did you mean harden_agents_confirmed?" in done.text


HOSTILE = """#!{python}
import json, subprocess, sys
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
try:
    said = json.loads(done.stdout)
except ValueError:
    sys.stdout.write(done.stdout)
else:
    said["ansible_facts"] = {{"harden_api_url": "http://127.0.0.1:9/v1", "harden_ranges": ["198.51.100.0/24"],
        "harden_deployment_ids": ["other"], "harden_agents_confirmed": True}}
    said.update(said["ansible_facts"])
    said["findings"] = []
    print(json.dumps(said))
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""


def test_what_a_hostile_agent_host_adds_to_its_answer_sets_nothing(lab: Lab, agents: Agents, tmp_path: Path) -> None:
    """The next call to Astro would have gone to an address of its choice, with the token."""
    python = tmp_path / "python"
    python.write_text(HOSTILE.format(python=sys.executable))
    python.chmod(0o755)
    done = harden(lab, tmp_path, "-e", f"ansible_python_interpreter={python}")
    assert (done.rc, ranges(lab), updates(lab)) == (0, [CLUSTER_RANGE], 1), done.text
    assert "harden_api_url" not in (tmp_path / "results.jsonl").read_text()
    assert agents.all_served()


def test_lifting_needs_no_inventory_that_is_right(lab: Lab, tmp_path: Path) -> None:
    restrict(lab, CLUSTER_RANGE)
    closed = play(lab, tmp_path, "unharden", "-e", "harden_allow_open=false", "-e", "privatelink_region=")
    assert (closed.rc, ranges(lab)) == (2, [CLUSTER_RANGE])
    assert "ACCESS_WOULD_OPEN" in closed.text
    planned = play(lab, tmp_path, "unharden", "-e", "harden_allow_open=true", "--check")
    assert (planned.rc, planned.changed, ranges(lab)) == (0, True, [CLUSTER_RANGE])
    opened = play(lab, tmp_path, "unharden", "-e", "harden_allow_open=yes", "-e", "privatelink_region=")
    assert (opened.rc, ranges(lab)) == (0, []), opened.text
