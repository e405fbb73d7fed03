# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which question of a controller's survey sets a variable that a finding names. Pure."""

from __future__ import annotations

import re
from collections.abc import Container

#: By variable: the survey's variable and its question, as extensions/patterns/privatelink/template_surveys has them.
QUESTIONS = {
    "harden_deployment_ids": ("survey_deployment_ids", "Deployments"),
    "harden_exclusive": ("survey_exclusive", "Remove all other ranges from the list"),
    "harden_agents_confirmed": ("survey_agents_confirmed", "Agents were seen healthy in Astro"),
    "harden_allow_open": ("survey_allow_open", "Everybody may be admitted"),
    "harden_allow_lockout": ("survey_allow_lockout", "Agents over PrivateLink may be refused"),
    "teardown_deployment_ids": ("survey_deployment_ids", "Deployments"),
    "teardown_unlock": ("survey_unlock", "Admit everybody to these Deployments first"),
    "teardown_deployment_unrestricted": (
        "survey_deployment_unrestricted",
        "Agents are admitted over the public internet",
    ),
    "teardown_accept_gap": ("survey_accept_gap", "Accept that names are gone for a while"),
    "teardown_accept_cut_off": ("survey_accept_cut_off", "No agent works there any more"),
    "privatelink_cluster_id": ("survey_cluster_id", "Astro cluster id"),
    "privatelink_service_name": ("survey_service_name", "Endpoint service name"),
    "privatelink_dns_layout": ("survey_dns_layout", "DNS layout"),
    "privatelink_assume_role_arn": ("survey_assume_role_arn", "Role to assume"),
    "setup_wait_timeout": ("survey_wait_timeout", "Seconds to wait for endpoints"),
}
_NAMES = re.compile(rf"\b({'|'.join(QUESTIONS)})\b(?:: true)?")


def with_questions(text: str, asked: Container[str]) -> str:
    """A text in which the first mention of each variable is followed by its question; ``asked`` are the variables of surveys that
    the job has."""
    seen: set[str] = set()

    def followed(found: re.Match[str]) -> str:
        variable, question = QUESTIONS[found[1]]
        if variable not in asked or found[1] in seen:
            return found[0]
        seen.add(found[1])
        return f'{found[0]} (in the survey: "{question}")'

    return _NAMES.sub(followed, text)
