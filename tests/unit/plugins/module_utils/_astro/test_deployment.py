# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of Deployments, and whether their agents are at work by the use of their tokens."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro import deployment as core

T0, T1, T2, OLD = "2026-01-02T10:00:00Z", "2026-01-02T10:00:00.500Z", "2026-01-02T10:30:00Z", "2025-06-01T00:00:00Z"


def tokens(**uses):
    return {"d": [{"id": name, "name": name, **({"lastUsedAt": at} if at else {})} for name, at in uses.items()]}


@pytest.mark.parametrize(
    ("first", "now", "wanted", "quiet"),
    [
        (tokens(a=T0), tokens(a=T1), None, []),
        (tokens(a=T0), tokens(a=T0), None, ["a"]),
        (tokens(a=T0, b=T0), tokens(a=T1, b=T0), None, ["b"]),
        # forgotten tokens hold nobody up
        (tokens(a=T0, b=OLD), tokens(a=T1, b=OLD), None, []),
        (tokens(a=T0, b=None), tokens(a=T1, b=None), None, []),
        # where none was ever used, the first use is waited for
        (tokens(a=None), tokens(a=None), None, ["a"]),
        (tokens(a=None), tokens(a=T0), None, []),
        (tokens(), tokens(a=T0), None, []),
        # those that are named
        (tokens(a=T0, b=T0), tokens(a=T1, b=T0), ["a"], []),
        (tokens(a=T0, b=OLD), tokens(a=T1, b=OLD), ["b"], ["b"]),
        (tokens(a=T0), tokens(), ["a"], ["a"]),
        (tokens(a=T0), tokens(a=T0), [], []),
        ({"d": None}, {"d": None}, None, []),
        (tokens(), tokens(), None, []),
    ],
)
def test_which_tokens_were_not_used(first, now, wanted, quiet):
    assert core.quiet(first, now, wanted) == quiet


def test_each_token_is_marked():
    found = core.marked(tokens(a=T0, b=T0, c=OLD), tokens(a=T2, b=T0, c=OLD), None)
    assert {token["name"]: token["activity"] for token in found["d"]} == {"a": "used", "b": "quiet", "c": "idle"}
    assert core.marked({"d": None}, {"d": None}, None) == {"d": None}


def test_nothing_but_chosen_fields_is_told():
    secret = {
        "environmentVariables": [{"key": "K", "value": "secret"}],
        "contactEmails": ["secret"],
        "unknownYet": "secret",
    }
    remote = {
        "enabled": True,
        "allowedIpAddressRanges": None,
        "remoteApiUrl": "https://c.external.astronomer.run:443/x/y",
    }
    document = {"id": "d", "name": "n", "clusterId": "c", "remoteExecution": remote, **secret}
    listed = [{"id": "t", "name": "t", "token": "secret", "shortToken": "secret", "activity": "idle"}]
    told = core.public(["d"], [document], {"c": None}, {"d": listed}, [])
    assert "secret" not in str(told)
    assert (told["deployments"][0]["host"], told["deployments"][0]["path"]) == ("c.external.astronomer.run", "/x/y")
    assert told["clusters"] == {}


def test_named_deployments_keep_their_order():
    documents = [{"id": "a"}, {"id": "b"}]
    assert [each["id"] for each in core.public(["b", "a"], documents, {}, {}, [])["deployments"]] == ["b", "a"]
