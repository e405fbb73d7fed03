# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory as a file: texts from outside stay texts, wherever they are."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.astro.privatelink.plugins.module_utils._inventory import written
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.fill_in import fill_in
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.lines import (
    Choice,
    Draft,
    Entry,
    Item,
    Line,
)

HOSTILE = [
    "{{ lookup('pipe', 'id') }}",
    "{% set x = 1 %}",
    "{# x",
    "a\n    evil: true",
    "a\x85b\u2028c\u2029d",
    "x # no comment",
    'x" : {y: z}',
    "\x1b[31mred",
    "- x",
    "&anchor *alias !tag",
]


def load(text: str) -> dict[str, Any]:
    """The file as Ansible's inventory plugin loads it: what is a template in it would run."""
    return dict(DataLoader().load(trust_as_template(text)))


def read(text: str) -> dict[str, Any]:
    """What Ansible makes of it, with templates evaluated as it would."""
    found = load(text)
    return dict(Templar(DataLoader(), variables={"ansible_playbook_python": "python3"}).template(found))


def draft(*lines: Line, **more: Any) -> Draft:
    return Draft(entries=(Entry(name="one", lines=lines, **more),))


def host(found: Draft) -> dict[str, Any]:
    return dict(read(written.text(found, "inventory.yml"))["agent_vpcs"]["hosts"]["one"])


@pytest.mark.parametrize("text", HOSTILE)
def test_values_keys_reasons_and_notes_stay_what_they_are(text):
    line = Line(key="vpc_id", value=text, why=text)
    entry = Entry(name=text, lines=(line,), about=(text,), choices=(Choice(heading=text, lines=(line,)),))
    found = Draft(entries=(entry,), notes=(text,), deployments=(Item(value=text, why=text),))
    made = written.text(found, text)
    assert all(each.isprintable() for each in made.splitlines())
    inventory = load(made)
    assert set(inventory) == {"agent_vpcs", "agent_hosts"}
    (variables,) = inventory["agent_vpcs"]["hosts"].values()
    assert set(variables) == {"privatelink_vpc_id"}
    assert variables["privatelink_vpc_id"] == written.printable(text)
    shown = Templar(DataLoader(), variables={}).template(variables["privatelink_vpc_id"])
    assert shown == written.printable(text)


@pytest.mark.parametrize("text", ["yes", "No", "null", "1e3", "012345678901", "1.5", "0x1f", "2026-01-01", "~", ""])
def test_texts_do_not_become_other_types(text):
    assert host(draft(Line(key="x", value=text)))["privatelink_x"] == text


@pytest.mark.parametrize("text", ["vpc-0aaaaaaaaaaaaaaaa", "us-east-1", "external.astronomer.run"])
def test_plain_texts_have_no_quotes(text):
    assert written.scalar(text) == text


def test_lists_and_mappings_have_the_reason_of_each_item():
    pods = Item(value=(("eks_cluster", "prod"), ("namespaces", ("a", "b"))), why="pods of agents: 3")
    groups = (Item(value="sg-1", why="nodes"), Item(value="sg-2"))
    found = draft(Line(key="kubernetes", items=(pods,)), Line(key="agent_security_groups", items=groups))
    assert host(found) == {
        "privatelink_kubernetes": [{"eks_cluster": "prod", "namespaces": ["a", "b"]}],
        "privatelink_agent_security_groups": ["sg-1", "sg-2"],
    }
    text = written.text(found, "x")
    assert "- sg-1 # nodes" in text
    assert "# pods of agents: 3\n        - eks_cluster: prod" in text


def test_a_long_reason_is_above_its_line():
    text = written.text(draft(Line(key="x", value="z", why="word " * 40)), "x")
    lines = text.splitlines()
    at = lines.index("      privatelink_x: z")
    assert lines[at - 1].startswith("      # word")
    assert max(map(len, lines)) < 140


def test_links_to_choose_from_are_comments_that_can_be_uncommented():
    wanted = Line(key="service_name", value=fill_in("one of them"))
    choice = Choice(heading="Link 1", lines=(Line(key="via", value="two"), Line(key="l", items=(Item(value="a"),))))
    text = written.text(draft(wanted, choices=(choice,)), "x")
    assert host(draft(wanted, choices=(choice,))) == {"privatelink_service_name": "FILL IN: one of them"}
    chosen = text.replace("      # privatelink", "      privatelink").replace("      #   -", "        -")
    assert read(chosen)["agent_vpcs"]["hosts"]["one"] == {
        "privatelink_via": "two",
        "privatelink_l": ["a"],
        "privatelink_service_name": "FILL IN: one of them",
    }


def test_the_file_is_an_inventory_for_the_controller():
    found = read(written.text(Draft(entries=(), deployments=(Item(value="d1", why="orders"),)), "fleet.yml"))
    assert found["agent_vpcs"] == {
        "vars": {
            "ansible_connection": "local",
            "ansible_python_interpreter": "python3",
            "harden_deployment_ids": ["d1"],
        },
        "hosts": {},
    }
    assert found["agent_hosts"] == {"hosts": {}}
