# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters say what is wrong as Ansible says it: an inventory that makes no sense, or a place where they cannot run."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.astro.privatelink.plugins import filter as plugins
from ansible_collections.astro.privatelink.plugins.filter import fleets
from ansible_collections.astro.privatelink.plugins.module_utils import _here

FILES = sorted(path.stem for path in Path(fleets.__file__).parent.glob("*.py"))
NAMES = {path.stem for path in Path(fleets.__file__).parent.glob("*.yml")}


def filters(file: str) -> dict:
    return importlib.import_module(f"{plugins.__name__}.{file}").FilterModule().filters()


def test_every_filter_is_documented_and_the_other_way_round():
    assert {name for file in FILES for name in filters(file)} == NAMES


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("fake", "told"),
    [
        ((_here.platform, "python_version", lambda: "3.10.13"), "Python 3.10.13"),
        ((_here, "ansible_core", "2.16.19"), "ansible-core 2.16.19: 2.17.0 or newer"),
        ((fleets, "_amazon_aws", lambda: "9.5.0"), "amazon.aws 9.5.0: 10.1.0 or newer"),
        ((fleets, "_amazon_aws", str), "amazon.aws (missing"),
    ],
)
def test_where_something_is_too_old_all_filters_say_so(monkeypatch, file, fake, told):
    monkeypatch.setattr(*fake)
    refusing = filters(file)
    assert set(refusing) == NAMES
    for each in refusing.values():
        with pytest.raises(AnsibleFilterError, match="cannot run here") as error:
            each({}, 1)
        assert told in str(error.value)


def test_an_inventory_that_makes_no_sense():
    with pytest.raises(AnsibleFilterError, match="payments"):
        filters("fleets")["fleets"]({"payments": {}}, ["payments"])
