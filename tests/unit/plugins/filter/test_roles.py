# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters say what is wrong as Ansible says it: an inventory that makes no sense, or a place where they cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.astro.privatelink.plugins.filter import roles
from ansible_collections.astro.privatelink.plugins.module_utils._core import running

FILTERS = roles.FilterModule().filters()


def test_every_filter_is_documented_and_the_other_way_round():
    assert set(FILTERS) == {path.stem for path in Path(roles.__file__).parent.glob("*.yml")}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    ("fake", "told"),
    [
        ((running.platform, "python_version", lambda: "3.10.13"), "Python 3.10.13"),
        ((running, "ansible_core", "2.16.19"), "ansible-core 2.16.19: 2.17.0 or newer"),
        ((roles, "_amazon_aws", lambda: "9.5.0"), "amazon.aws 9.5.0: 10.1.0 or newer"),
        ((roles, "_amazon_aws", str), "amazon.aws (missing"),
    ],
)
def test_where_something_is_too_old_each_says_so(monkeypatch, name, fake, told):
    monkeypatch.setattr(*fake)
    with pytest.raises(AnsibleFilterError, match="cannot run here") as error:
        FILTERS[name]({}, 1)
    assert told in str(error.value)


@pytest.mark.parametrize("name", FILTERS)
def test_each_is_a_function_of_the_core(name):
    with pytest.raises(TypeError, match=roles.FILTERS[name].rpartition(".")[2]):
        FILTERS[name](no_such_option=True)


def test_an_inventory_that_makes_no_sense():
    with pytest.raises(AnsibleFilterError, match="payments"):
        FILTERS["fleets"]({"payments": {}}, ["payments"])


def test_a_cost_that_cannot_be_estimated():
    with pytest.raises(AnsibleFilterError, match="cannot be used"):
        FILTERS["cost"]({"vpcs": "many"})
