# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the network and an agent host say is data: no template of theirs runs, no variable of theirs is set.

The intercepting CA's name, a page and the agent host's own answer carry Jinja that would write a file on the controller, and
control characters. This runs on the lowest supported ansible-core as well, see test_lowest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from astrolab.lab import Lab
from conftest import LabUp
from running import Play, play

#: A template that the controller would run, and what a terminal would act on.
PAYLOAD = "{{{{ lookup('pipe', 'touch {mark}') }}}}\x1b]0;owned\x07"
#: In place of Python on the agent host: runs the probe, and spoils every text of its answer.
SPOILT = """#!{python}
import json, subprocess, sys
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
start = done.stdout.find("{{")
if start < 0 or '"addresses"' not in done.stdout:
    sys.stdout.write(done.stdout); sys.stderr.write(done.stderr); sys.exit(done.returncode)
answer = json.loads(done.stdout[start:])
payload = {payload!r}
answer["place"]["hostname"] = payload
answer["msg"] = payload
answer["findings"] = [{{"code": payload, "vpc": payload, "severity": "error", "seen": payload, "remedy": payload, "text": payload}}]
answer["ansible_facts"] = {{"report_directory": "/nonexistent", "privatelink_cluster_id": "other", "verify_timeout": payload}}
for reach in answer["addresses"]:
    reach.update(problem="TLS_UNTRUSTED", facts={{"issuer": payload}}, issuer=payload, body=payload)
sys.stdout.write(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_up() as started:
        done = play(started, tmp_path_factory.mktemp("setup"), "setup")
        assert done.rc == 0, done.text
        yield started


def verify(lab: Lab, tmp_path: Path) -> tuple[Play, Path]:
    """A run of verify in which payments' agent host answers so, and the file that its template would make."""
    mark, python = tmp_path / "owned", tmp_path / "python"
    payload = PAYLOAD.format(mark=mark)
    python.write_text(SPOILT.format(python=sys.executable, payload=payload))
    python.chmod(0o755)
    hosts = {"payments-agent": {"ansible_python_interpreter": str(python)}}
    (tmp_path / "more.yml").write_text(json.dumps({"agent_hosts": {"hosts": hosts}}))
    return play(lab, tmp_path, "verify", "-i", str(tmp_path / "more.yml")), mark


def test_no_text_of_an_agent_host_runs_or_becomes_a_variable(lab: Lab, tmp_path: Path) -> None:
    done, mark = verify(lab, tmp_path)
    assert set(done.failed) == {"payments"}, done.text
    assert "TLS_UNTRUSTED" in done.failed["payments"]
    assert "lookup('pipe'" in done.failed["payments"]  # shown as it is, and not run
    assert not mark.exists()
    assert "\x1b" not in done.text
    report = json.loads((tmp_path / "privatelink-report" / "report.json").read_text())
    (agent,) = next(vpc["agents"] for vpc in report["vpcs"] if vpc["name"] == "payments")
    assert agent["place"]["hostname"].startswith("{{ lookup(")
    assert {vpc["host"].partition(".")[0] for vpc in report["vpcs"]} != {"other"}


def test_what_fails_later_quotes_it_without_running_it(lab: Lab, tmp_path: Path) -> None:
    """In a play of somebody's own that prints the registered result, as people do."""
    done, mark = verify(lab, tmp_path)
    assert done.rc == 2
    (tmp_path / "own.yml").write_text(
        "- hosts: agent_vpcs\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.import_role: {name: astro.privatelink.verify, rolespec_validate: false}\n"
        "      ignore_errors: true\n"
        "    - ansible.builtin.debug: {msg: '{{ __verify.seen }} {{ __verify.table }} {{ __verify.failed_vpcs }}'}\n"
        "    - ansible.builtin.set_fact: {kept: '{{ __verify.seen }}'}\n"
        "    - ansible.builtin.debug: {var: kept}\n"
    )
    play(lab, tmp_path, "", "-i", str(tmp_path / "more.yml"), file=tmp_path / "own.yml")
    assert not mark.exists()
