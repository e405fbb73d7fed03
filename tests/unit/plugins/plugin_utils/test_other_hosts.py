# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent VPC with errors that is not in the run: a step on the whole inventory must not take it for nothing."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InventoryError
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.plugin_utils import _variables as core

WELL = {
    "privatelink_vpc_id": "vpc-11111111",
    "privatelink_region": "us-east-1",
    "privatelink_cluster_id": "abc",
    "privatelink_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
    "privatelink_agent_cidrs": ["10.0.0.0/8"],
}


class Broken(dict):
    def __getitem__(self, key):
        if key == "privatelink_region":
            raise AnsibleError("undefined")
        return super().__getitem__(key)


class HostVars(dict):
    raw_get = dict.__getitem__


def read(monkeypatch, other):
    monkeypatch.setattr(core, "_play_has_some", lambda *_: False)
    hostvars = HostVars(one=WELL, other=other)
    return Inventory.read(core.of_hosts({"hostvars": hostvars}, None, None, ["one"], []), ["one"])


@pytest.mark.parametrize(
    "other",
    [
        Broken({**WELL, "privatelink_vpc_id": "vpc-22222222"}),
        {**WELL, "privatelink_vpc_id": "vpc-22222222", "privatelink_regoin": "us-east-1"},
        {**WELL, "privatelink_vpc_id": ["vpc-22222222"]},
        {**WELL, "privatelink_vpc_id": "vpc-22222222", "privatelink_replace_endpoint": "perhaps"},
        {"privatelink_vpc_id": "vpc-22222222"},
    ],
)
def test_it_stops_steps_on_the_whole_inventory_and_no_others(monkeypatch, other):
    found = read(monkeypatch, other)
    assert (found.names, set(found.everyone), found.unclear) == (("one",), {"one"}, ("other",))
    with pytest.raises(InventoryError, match="other"):
        found.widened()


@pytest.mark.parametrize("other", [{}, {"privatelink_regoin": "us-east-1"}, {"unrelated": 1}])
def test_a_host_that_is_no_agent_vpc_is_none(monkeypatch, other):
    assert set(read(monkeypatch, other).widened().names) == {"one"}
