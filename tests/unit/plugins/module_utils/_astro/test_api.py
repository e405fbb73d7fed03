# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Astro API's caller: who is asked with which token, what its errors become, when it asks again."""

from __future__ import annotations

import json

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._astro import api as core

NOTHING = {"organization_id": None, "api_token": None, "api_url": None, "api_timeout": 30}
ENVIRONMENT = {
    "ASTRO_API_TOKEN": "from-env",
    "ASTRO_API_URL": "https://env.example/v1/",
    "ASTRO_ORGANIZATION_ID": "org-env",
}


class Scripted(core.Client):
    """A client whose answers are known beforehand."""

    def __init__(self, *answers):
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "queries", [])
        object.__setattr__(self, "waited", [])
        super().__init__(organization_id="org", token="secret", pause=self.waited.append)

    def _send(self, method, path, query=None, content=None):  # noqa: ARG002
        self.queries.append(dict(query or {}))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("params", "environment", "expected"),
    [
        ({}, ENVIRONMENT, ("org-env", "from-env", "https://env.example/v1")),
        ({"api_url": "", "api_token": "  ", "organization_id": ""}, ENVIRONMENT, ("org-env", "from-env", "https://env.example/v1")),
        ({"api_token": "given", "organization_id": "org", "api_url": "http://127.0.0.1:1/v1"}, ENVIRONMENT,
         ("org", "given", "http://127.0.0.1:1/v1")),
        ({"api_token": "given", "organization_id": "org"}, {"ASTRO_API_URL": " "}, ("org", "given", core.URL)),
    ],
)  # fmt: skip
def test_options_come_before_the_environment(params, environment, expected):
    made = core.client({**NOTHING, **params}, environment)
    assert (made.organization_id, made.token, made.url) == expected
    assert made.token not in repr(made)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"organization_id": "org"}, "ASTRO_API_TOKEN"),
        ({"api_token": "given"}, "ASTRO_ORGANIZATION_ID"),
        ({"api_token": "secret\nX-Other: 1", "organization_id": "org"}, "characters that no token has"),
        ({"api_token": "secret\u2026", "organization_id": "org"}, "characters that no token has"),
        ({"api_token": "given", "organization_id": "org", "api_url": "https://[/"}, "is no URL"),
        ({"api_token": "given", "organization_id": "org", "api_url": "http://api.example/v1"}, "in the clear"),
        ({"api_token": "given", "organization_id": "org", "api_url": "http://127.0.0.1.example/v1"}, "in the clear"),
    ],
)
def test_what_is_missing_or_unsafe_is_said(params, said):
    with pytest.raises(core.AstroError, match=said) as problem:
        core.client({**NOTHING, **params}, {})
    assert "secret" not in str(problem.value)


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (400, {"message": "invalid request.", "requestId": "r1", "statusCode": 400,
               "fieldErrors": [{"code": "c", "field": "name", "message": "too long"}]},
         "Astro says 400: invalid request (name: too long) (request r1)."),
        (401, {"message": "no", "requestId": "", "statusCode": 401}, "Astro says 401: no. Check the token"),
        (403, {"message": "no", "requestId": "r1", "statusCode": 403}, "IP access list does not admit this machine"),
        (502, "<html>", "an answer that is not the Astro API's; check api_url."),
        (400, ["odd"], "an answer that is not the Astro API's"),
    ],
)  # fmt: skip
def test_an_error_answer_becomes_a_sentence(status, content, said):
    raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    error = core.refused(status, raw)
    assert said in str(error)
    assert (error.status, error.uncertain) == (status, status == 502)


def test_astro_may_say_when_to_come_again():
    busy = core.refused(429, b"{}", "3")
    api = Scripted(busy, {"id": "x"})
    assert api.get("/x") == {"id": "x"}
    assert api.waited[0] >= 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("86400", core.LONGEST_PAUSE),
        ("9" * 5000, core.LONGEST_PAUSE),
        (" 7 ", 7),
        ("Fri, 31 Dec 2999 23:59:59 GMT", core.LONGEST_PAUSE),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 1999 23:59:59 -0000", 0),
        ("", 0),
        ("-5", 0),
        ("1.5", 0),
        ("inf", 0),
        ("\u00b2", 0),
        ("\u0663", 0),
        ("soon", 0),
        ("Fri, 99 Foo 2026", 0),
    ],
)
def test_an_odd_time_to_come_again_asks_for_nothing(header, seconds):
    assert core.refused(429, b"{}", header).retry_after == seconds


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_a_read_is_repeated_for_a_while(status):
    problem = core.AstroError("not now", status)
    api = Scripted(*[problem] * core.RETRIES, {"id": "x"})
    assert api.get("/x") == {"id": "x"}
    with pytest.raises(core.AstroError, match="not now"):
        Scripted(*[problem] * (core.RETRIES + 1)).get("/x")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_read_is_not_repeated(status):
    api = Scripted(core.AstroError("no", status))
    with pytest.raises(core.AstroError, match="no"):
        api.get("/x")
    assert api.waited == []


def test_a_change_is_sent_once():
    api = Scripted(core.AstroError("lost"))
    with pytest.raises(core.AstroError, match="lost"):
        api.post("/x", {})
    assert len(api.queries) == 1


def test_pages_end_where_the_items_do():
    one, two, three = ({"id": number} for number in "123")
    pages = [{"items": [one, two], "totalCount": 3}, {"items": [three], "totalCount": 3}]
    api = Scripted(*pages)
    assert list(api.pages("/x", "items")) == [one, two, three]
    assert [query["offset"] for query in api.queries] == [0, 2]
    assert list(Scripted({"items": [], "totalCount": 9}).pages("/x", "items")) == [], "a page without items is the last"


@pytest.mark.parametrize(("status", "raises"), [(403, False), (404, False), (500, True)])
def test_a_cluster_that_is_not_seen_is_none(status, raises):
    api = Scripted(*[core.AstroError("no", status)] * (core.RETRIES + 1))
    if raises:
        with pytest.raises(core.AstroError):
            core.cluster(api, "c")
    else:
        assert core.cluster(api, "c") is None
    assert core.cluster(Scripted(), "") is None
