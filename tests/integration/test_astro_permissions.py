# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions in docs/hardening.md are what the collection takes on Astro: with them all works, without any one something fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro import access, api, lists
from ansible_collections.astro.privatelink.plugins.module_utils._astro.info import info
from astro_alone import Astro, astro_alone
from astrolab.astro import api as double
from astrolab.astro.organization import DEPLOYMENT, ID, RANGE, ROLES, Role
from running import ROOT

_ROW = re.compile(r"^\| `((?:organization|deployment)\.[\w.]+)` \|", re.MULTILINE)
DOCUMENTED = frozenset(_ROW.findall((ROOT / "docs/hardening.md").read_text()))
#: Only module astro_info asks for all Deployments, if it is told none.
LISTING = "organization.deployments.get"


@pytest.fixture
def astro() -> Iterator[Astro]:
    with astro_alone() as started:
        yield started


def client(astro: Astro) -> api.Client:
    return api.Client(organization_id=ID, token="lab-owner", url=astro.url, timeout=5)


def restrict(astro: Astro, monkeypatch: pytest.MonkeyPatch, may: frozenset[str]) -> None:
    """What role harden does on Astro: reads the Deployments, their clusters and tokens, and changes a list."""
    monkeypatch.setattr(double, "ROLES", {**ROLES, "owner": Role(may=may)})
    found = info(client(astro), [DEPLOYMENT], agent_tokens=True)[0]
    assert found["clusters"], "clusters"
    assert found["deployments"][0]["agent_tokens"] is not None, "agent tokens"
    lists.Lists([access.Want(deployment_id=DEPLOYMENT)], client(astro)).send()
    assert astro.ranges == [str(RANGE)], "the list"


def test_with_all_of_them_it_works(astro: Astro, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DOCUMENTED
    restrict(astro, monkeypatch, DOCUMENTED)


@pytest.mark.parametrize("permission", sorted(DOCUMENTED - {LISTING}))
def test_without_one_it_does_not(astro: Astro, monkeypatch: pytest.MonkeyPatch, permission: str) -> None:
    with pytest.raises((api.AstroError, AssertionError)):
        restrict(astro, monkeypatch, DOCUMENTED - {permission})


def test_listing_all_deployments_takes_one_more(astro: Astro, monkeypatch: pytest.MonkeyPatch) -> None:
    restrict(astro, monkeypatch, DOCUMENTED - {LISTING})
    with pytest.raises(api.AstroError, match=LISTING):
        info(client(astro), [])
    monkeypatch.setattr(double, "ROLES", {**ROLES, "owner": Role(may=DOCUMENTED)})
    assert info(client(astro), [])[0]["deployments"]
