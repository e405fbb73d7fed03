# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings name variables; to whom a survey was shown, they name its questions as well."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import CATALOGUE
from ansible_collections.astro.privatelink.plugins.module_utils._report.questions import QUESTIONS, with_questions
from ansible_collections.astro.privatelink.plugins.plugin_utils._step import Step

TEXT = "Set teardown_unlock: true to open it, or teardown_accept_gap: true. With teardown_unlock: true it is open."


def test_the_first_mention_of_a_variable_is_followed_by_its_question():
    assert with_questions(TEXT, {"survey_unlock"}) == (
        'Set teardown_unlock: true (in the survey: "Admit everybody to these Deployments first") to open it, or '
        "teardown_accept_gap: true. With teardown_unlock: true it is open."
    )


def test_what_is_not_asked_is_not_named():
    assert with_questions(TEXT, {"survey_exclusive"}) == TEXT
    assert with_questions("teardown_unlocked", {"survey_unlock"}) == "teardown_unlocked"


def test_each_finding_that_names_a_variable_of_teardown_names_a_question():
    texts = [each.remedy for each in CATALOGUE.values() if "set teardown_" in each.remedy.lower()]
    assert len(texts) > 4
    everything = {variable for variable, _question in QUESTIONS.values()}
    assert [text for text in texts if "(in the survey: " not in with_questions(text, everything)] == []


def result(variables):
    step = SimpleNamespace(variables=variables)
    return Step._with_questions(step, {"failed": True, "msg": TEXT, "failed_vpcs": {"a": TEXT}})


def test_a_step_names_them_in_a_job_that_has_a_survey():
    assert result({"x": 1}) == {"failed": True, "msg": TEXT, "failed_vpcs": {"a": TEXT}}
    found = result({"survey_accept_gap": "no"})
    assert found["failed_vpcs"]["a"] == found["msg"]
    assert 'teardown_accept_gap: true (in the survey: "Accept that names are gone for a while").' in found["msg"]
