# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the pods of clusters, many clusters side by side. One that does not show any fails for itself."""

from __future__ import annotations

from collections.abc import Sequence

from . import job
from .choose import Choice, Place, choose
from .client import Client, Missing
from .model import Cluster, Pod, Refused, pods


def listed(client: Client, cluster: Cluster) -> list[Pod]:
    """All pods that the selector of a cluster matches. Raises Refused, also where a namespace has none."""
    query = {"labelSelector": f"{cluster.selector},!{job.MARK}"}  # without the Jobs of another run
    if not cluster.namespaces:
        found = pods(client.list("/api/v1/pods", query))
        if not found:
            raise _none(cluster, "all namespaces")
        return found
    every: list[Pod] = []
    for namespace in cluster.namespaces:
        found = pods(client.list(f"/api/v1/namespaces/{namespace}/pods", query))
        if not found:
            _check(client, cluster, namespace)
            raise _none(cluster, f"namespace {namespace}")
        every += found
    return every


def chosen(client: Client, cluster: Cluster, places: Sequence[Place]) -> Choice:
    """The pods to ask. Raises Refused."""
    choice = choose(cluster, listed(client, cluster), places)
    if not (choice.chosen or choice.unasked):
        raise _none(cluster, ", ".join(cluster.namespaces) or "all namespaces", "that has not ended")
    return choice


def _check(client: Client, cluster: Cluster, namespace: str) -> None:
    """A list of a namespace that does not exist is empty. Who may not read namespaces is not told."""
    try:
        client.get(f"/api/v1/namespaces/{namespace}")
    except Missing as problem:
        raise Refused("KUBE_NAMESPACE_UNKNOWN", cluster=cluster.label, namespace=namespace) from problem
    except Refused:
        return


def _none(cluster: Cluster, where: str, which: str = "") -> Refused:
    return Refused("KUBE_NO_PODS", cluster=cluster.label, selector=cluster.selector, where=f"{where} {which}".strip())
