# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter says what is wrong as Ansible says it: numbers that make no sense, or a place where it cannot run."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.astro.privatelink.plugins.filter.cost import FilterModule
from ansible_collections.astro.privatelink.plugins.module_utils._core import running

COST = FilterModule().filters()["cost"]


@pytest.mark.parametrize(
    ("fake", "told"),
    [
        ((running.platform, "python_version", lambda: "3.10.13"), "Python 3.10.13"),
        ((running, "ansible_core", "2.16.19"), "ansible-core 2.16.19: 2.17"),
    ],
)
def test_where_something_is_too_old_it_says_so(monkeypatch, fake, told):
    monkeypatch.setattr(*fake)
    with pytest.raises(AnsibleFilterError, match="cannot run here") as error:
        COST({}, {})
    assert told in str(error.value)


def test_a_cost_that_cannot_be_estimated():
    with pytest.raises(AnsibleFilterError, match="cannot be used"):
        COST({"vpcs": "many"})
