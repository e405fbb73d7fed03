# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages about versions that are too old."""

from __future__ import annotations

import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core import running
from ansible_collections.astro.privatelink.plugins.module_utils._core.supported import LOWEST, numbers, refusal


@pytest.mark.parametrize(
    ("version", "parts"),
    [
        ("3.11.7", (3, 11, 7)),
        ("3.11.2+", (3, 11, 2)),
        ("3.12.1 (/opt/python3.9/bin/python)", (3, 12, 1)),
        ("2.22.0.dev0", (2, 22, 0)),
        ("11.0.0-dev0", (11, 0, 0)),
        ("2.18.0rc1", (2, 18, 0)),
        ("", ()),
    ],
)
def test_versions_as_they_are_written(version, parts):
    assert numbers(version) == parts


def test_the_lowest_and_newer_are_let_through():
    assert refusal(LOWEST) == ""
    assert refusal({"Python": "3.13.0", "ansible-core": "2.21.5", "amazon.aws": "11.4.0", "boto3": "1.100.0"}) == ""


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        (
            "Python",
            "3.10.13 (/usr/bin/python3)",
            "3.10.13 (/usr/bin/python3): 3.11 or newer is needed. Install Ansible",
        ),
        (
            "ansible-core",
            "2.16.19",
            "2.16.19: 2.17.7 or newer is needed. Upgrade it: python -m pip install 'ansible-core>=",
        ),
        ("ansible-core", "2.17.6", "2.17.6: 2.17.7 or newer is needed."),
        ("ansible-core", "2.18.0", "2.18.0: 2.17.7 or newer is needed."),
        (
            "amazon.aws",
            "9.5.0",
            "9.5.0: 10.1.0 or newer is needed. Upgrade it: ansible-galaxy collection install 'amazon",
        ),
        ("amazon.aws", "", "(missing, or of an unknown version): 10.1.0 or newer is needed."),
        ("boto3", "1.34.162", "-m pip install 'boto3>=1.35.0'"),
        ("botocore", "1.34.162", "-m pip install 'botocore>=1.35.0'"),
    ],
)
def test_what_is_there_what_is_needed_and_what_to_do(name, version, told):
    said = refusal({**LOWEST, name: version}).splitlines()
    assert said[0] == "astro.privatelink cannot run here and did nothing."
    assert len(said) == 2
    assert said[1].startswith(name)
    assert told in said[1]


def test_all_that_is_too_old_is_said_at_once():
    said = refusal({"Python": "3.9.18", "ansible-core": "2.15.13", "amazon.aws": "10.1.0"})
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["Python", "ansible-core"]


def test_a_module_ends_as_modules_end(monkeypatch, capsys):
    running.stop_if_too_old()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(running, "ansible_core", "2.16.0")
    with pytest.raises(SystemExit) as end:
        running.stop_if_too_old()
    assert end.value.code == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"failed": True, "msg": refusal({"ansible-core": "2.16.0"})}


def test_the_probe_is_content_with_an_older_python(monkeypatch, capsys):
    monkeypatch.setattr(running.platform, "python_version", lambda: "3.8.18")
    running.stop_if_too_old("3.8")
    with pytest.raises(SystemExit):
        running.stop_if_too_old()
    assert "3.11 or newer" in capsys.readouterr().out
