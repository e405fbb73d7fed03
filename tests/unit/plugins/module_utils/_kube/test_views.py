# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of one workload that see different things."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import views as core

ENDS = ("10.1.0.10", "10.1.1.10")


def saw(name, *addresses, problem="", dead=()):
    reached = [{"address": each, "problem": "TCP_TIMEOUT" if each in dead else ""} for each in ENDS]
    return "worker", {"name": name, "names": {"addresses": list(addresses), "problem": problem}, "addresses": reached}


NOTHING = ("worker", {"name": "c", "names": {}, "addresses": []})
OTHER = ("triggerer", saw("t", "3.3.3.3")[1])


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ([], False),
        ([saw("a", *ENDS), saw("b", *reversed(ENDS))], False),
        ([saw("a", *ENDS), saw("b", "3.3.3.3")], True),
        ([saw("a", *ENDS), saw("b", problem="DNS_NXDOMAIN")], True),
        ([saw("a", *ENDS), saw("b", *ENDS, dead=ENDS[:1])], True),
        ([saw("a", *ENDS), NOTHING], False),
        ([saw("a", *ENDS), OTHER], False),
    ],
)
def test_views(seen, found):
    assert [one.code for one in core.check("one", "clx", seen)] == (["PODS_DIFFER"] if found else [])


def test_the_text_says_who_sees_what():
    (one,) = core.check("one", "clx", [saw("a", *ENDS), saw("b", "3.3.3.3"), saw("c", "3.3.3.3", dead=ENDS[:1])])
    assert "10.1.0.10, 10.1.1.10 (a); 3.3.3.3 (b); 3.3.3.3, without 10.1.0.10 (c)" in one.seen
