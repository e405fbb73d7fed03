# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Astro has of Deployments, their clusters and agent tokens, for modules and steps alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core.findings import Finding
from . import api, deployment


def info(
    client: api.Client,
    deployment_ids: Sequence[str],
    *,
    agent_tokens: bool = False,
    watch_tokens: Sequence[str] | None = None,
    watch_timeout: float = 0,
) -> tuple[dict[str, Any], list[Finding]]:
    """RETURN of `astro_info`, and what is odd. ``watch_timeout`` are seconds. Raises `api.AstroError`."""
    named = [each.strip() for each in deployment_ids if each.strip()]
    documents = api.deployments(client, named)
    places = {name: api.cluster(client, name) for name in deployment.clusters_of(documents)}
    watched = [each["id"] for each in documents if agent_tokens]
    tokens = api.watch(client, watched, None if watch_tokens is None else list(watch_tokens), watch_timeout)
    found = deployment.findings(named, documents)
    return deployment.public(named, documents, places, tokens, found), found
