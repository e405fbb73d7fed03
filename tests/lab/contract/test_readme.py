# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the double's README says of settings and of what each rule rests on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import astrolab.aws
import pytest
from astrolab.aws import Settings
from astrolab.aws.fault_kinds import ALSO, Fault
from astrolab.aws.presets import PRESETS

README = (Path(astrolab.aws.__file__).parent / "README.md").read_text()
KNOWN = {"measured on AWS", "documented", "reported by users", "assumed"}


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_each_rule_says_what_it_rests_on() -> None:
    taught = rows(section("What moto was taught"))
    heads = [row for row in taught if row[1:] == ["source", "known"]]
    assert len(heads) == 4
    wrong = [row for row in taught if row not in heads and (len(row) != 3 or row[2] not in KNOWN)]
    assert wrong == []
    assert [row for row in taught if row[2] != "assumed" and row[1] == "-"] == []


def test_nothing_is_called_measured_yet() -> None:
    assert "Nothing here was measured on AWS." in README
    assert not any(row[-1] == "measured on AWS" for row in rows(README))


def test_the_table_of_profiles_is_what_they_set() -> None:
    table = {row[0].strip("`"): row[1:3] for row in rows(section("Settings"))[1:]}
    plain = Settings()
    assert table == {
        name: [json.dumps(getattr(plain, name)), json.dumps(value)] for name, value in PRESETS["as_aws"].items()
    }


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(Settings)])
def test_each_setting_is_named(name: str) -> None:
    assert f"`{name}`" in section("Settings") or name == "profile"


@pytest.mark.parametrize("name", [*Fault, *ALSO])
def test_each_fault_is_named(name: str) -> None:
    assert f"`{name}`" in section("Control, as JSON below `/_lab/`")
