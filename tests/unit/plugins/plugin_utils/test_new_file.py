# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that somebody may have edited is not replaced, unless that was asked for."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InputError
from ansible_collections.astro.privatelink.plugins.plugin_utils import _new_file


def test_a_new_file_is_written_once(tmp_path):
    path = tmp_path / "inventory.yml"
    assert _new_file.write(path, "a\n", overwrite=False, check=False)["changed"] is True
    assert path.read_text() == "a\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert _new_file.write(path, "a\n", overwrite=False, check=False) == {"changed": False}
    assert [each.name for each in tmp_path.iterdir()] == ["inventory.yml"]


@pytest.mark.parametrize("check", [True, False])
def test_another_file_stays(tmp_path, check):
    path = tmp_path / "inventory.yml"
    path.write_text("mine\n")
    with pytest.raises(InputError, match="is there already and differs"):
        _new_file.write(path, "a\n", overwrite=False, check=check)
    assert path.read_text() == "mine\n"


def test_another_file_is_replaced_when_that_was_asked_for(tmp_path):
    path = tmp_path / "inventory.yml"
    path.write_text("mine\n")
    done = _new_file.write(path, "a\n", overwrite=True, check=True)
    assert (done["diff"]["before"], done["diff"]["after"], path.read_text()) == ("mine\n", "a\n", "mine\n")
    assert _new_file.write(path, "a\n", overwrite=True, check=False)["changed"] is True
    assert path.read_text() == "a\n"


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    path = tmp_path / "inventory.yml"
    path.write_text("mine\n")
    with pytest.raises(InputError, match="appeared meanwhile"):
        _new_file._write(path, "a\n", replace=False)
    assert path.read_text() == "mine\n"
    assert [each.name for each in tmp_path.iterdir()] == ["inventory.yml"]


@pytest.mark.parametrize("given", ["", ".", "no/such/directory/x.yml"])
def test_a_place_where_no_file_can_be_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="discover_path is"):
        _new_file.place(given, "discover_path")
