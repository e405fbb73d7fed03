# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Roles in docs/kubernetes.md, and the rights that requests to a cluster took, in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from astrolab.kube import kinds
from astrolab.kube.paths import target, verb
from astrolab.kube.refusals import Refused
from running import ROOT

#: API group, resource, verb.
Right = tuple[str, str, str]


def documented() -> dict[str, set[Right]]:
    """The rights of each Role by its name; those that stand alone, for Jobs, under ""."""
    found: dict[str, set[Right]] = {}
    page = (ROOT / "docs/kubernetes.md").read_text()
    for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for document in yaml.safe_load_all(block):
            if isinstance(document, dict) and document.get("kind") == "Role":
                found[document["metadata"]["name"]] = _rights(document["rules"])
            elif isinstance(document, list) and all("verbs" in each for each in document):
                found[""] = _rights(document)
    return found


def _rights(rules: Iterable[Mapping[str, Any]]) -> set[Right]:
    return {
        (group, resource, each)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for each in rule["verbs"]
    }


def taken(requests: Iterable[Mapping[str, Any]], user: str) -> tuple[set[Right], set[Right]]:
    """What a user's requests took, and what was refused to them."""
    allowed: set[Right] = set()
    refused: set[Right] = set()
    for each in requests:
        try:
            about = target(kinds.KINDS, each["path"]) if each["user"] == user else None
        except (Refused, IndexError):
            continue  # what every user may read, or a kind that this cluster does not have
        if about is not None:
            done = verb(each["method"], about.name, about.part, each["query"])
            (refused if each["status"] == 403 else allowed).add((about.kind.group, about.resource, done))
    return allowed, refused
