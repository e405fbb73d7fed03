# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is said to cost."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import acceptance
import pytest
import yaml
from acceptance.choices import Choices
from acceptance.prices import estimate

PRICES = yaml.safe_load((Path(acceptance.__file__).parent / "prices.yml").read_text())


@pytest.mark.parametrize(("gateway", "hourly"), [(False, 0.0578), (True, 0.1679)])
def test_the_estimate_is_what_the_list_says(gateway: bool, hourly: float) -> None:
    found = estimate(Choices(run="r", gateway=gateway))
    assert found.hourly == pytest.approx(hourly)
    assert f"${found.hourly:.3f} an hour" in found.lines()[1]
    assert found.worst == pytest.approx(found.run + 0.5)


def test_prices_have_a_date_and_a_source() -> None:
    assert date.fromisoformat(PRICES["as_of"]) < date.today()
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES["sources"])
