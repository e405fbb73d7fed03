# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report where there is no room for them."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._report import files


def test_a_full_disk_leaves_the_old_report_and_no_half_of_a_new_one(tmp_path, monkeypatch):
    def full(_path, _mode):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "report.html").write_text("the old one")
    monkeypatch.setattr(files, "contents", lambda _report, _at: {"report.html": "new"})
    monkeypatch.setattr(os, "chmod", full)
    with pytest.raises(OSError, match="No space left"):
        files.write({}, tmp_path, "2026-11-23T12:00:00Z")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.html", "the old one")]
