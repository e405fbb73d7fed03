# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's clusters, as the official Python client and bare HTTP see them."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from astrolab.lab import Lab
from conftest import LabUp

kubernetes = pytest.importorskip("kubernetes")
from kubernetes import client, config, watch  # noqa: E402
from kubernetes.client.rest import ApiException  # noqa: E402
from kubernetes.stream import stream  # noqa: E402

TOPOLOGY = Path(__file__).parents[1] / "lab" / "topologies" / "clusters.yml"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(topology=TOPOLOGY, profile="kind") as started:
        yield started


def core(lab: Lab, cluster: str = "payments", user: str = "admin") -> Any:
    return client.CoreV1Api(config.new_client_from_config(str(lab.kubeconfig(cluster, user))))


def execute(api: Any, pod: str, *command: str, container: str = "worker", stdin: bool = False) -> Any:
    return stream(
        api.connect_get_namespaced_pod_exec,
        pod,
        "airflow",
        command=list(command),
        container=container,
        stdin=stdin,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )


def test_the_list_comes_in_pages(lab: Lab) -> None:
    api = core(lab)
    names, more = [], None
    for rest in (2, None):
        page = api.list_namespaced_pod("airflow", limit=2, _continue=more)
        assert (len(page.items), page.metadata.remaining_item_count) == (2, rest)
        names += [each.metadata.name for each in page.items]
        more = page.metadata._continue
    assert len(set(names)) == 4
    assert more is None
    assert {each.status.phase for each in page.items} == {"Running"}
    assert all(
        any(one.type == "Ready" and one.status == "True" for one in each.status.conditions) for each in page.items
    )


def test_exec_ends_when_standard_input_does(lab: Lab) -> None:
    api = core(lab, user="prober")
    pod = api.list_namespaced_pod("airflow", label_selector="component=worker").items[0].metadata.name
    running = execute(api, pod, "sh", "-c", "cat; exit 3", stdin=True)
    running.write_stdin("hello")
    running.close_channel(0)
    running.run_forever(timeout=10)
    assert running.read_stdout(timeout=1) == "hello"
    assert running.returncode == 3


def test_exec_needs_create_as_well_since_1_35(lab: Lab) -> None:
    """The user may get pods/exec, and not create it."""
    api = core(lab, "ledger", "prober")
    pod = api.list_namespaced_pod("airflow", label_selector="component=worker").items[0].metadata.name
    with pytest.raises(Exception) as refused:  # noqa: PT011  # version 36.0.3 fails over the empty body of its own error
        execute(api, pod, "true")
    told = str(refused.value.__context__ or refused.value)
    assert "403" in told
    assert 'User \\"prober\\" cannot create resource \\"pods/exec\\"' in told


def ask(lab: Lab, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
    """Without any client."""
    known = yaml.safe_load(lab.kubeconfig("payments").read_text())["clusters"][0]["cluster"]
    authority = base64.b64decode(known["certificate-authority-data"]).decode()
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(known["server"] + path, headers=headers)
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_errors_are_status_objects(lab: Lab) -> None:
    with pytest.raises(ApiException) as refused:
        core(lab, user="prober").list_namespaced_pod("kube-system")
    told = json.loads(refused.value.body)
    assert (refused.value.status, told["kind"], told["reason"], told["code"]) == (403, "Status", "Forbidden", 403)
    assert told["details"] == {"kind": "pods"}
    status, told = ask(lab, "/api/v1/pods", "nothing")
    assert (status, told["message"], told["reason"]) == (401, "Unauthorized", "Unauthorized")
    status, told = ask(lab, "/api/v1/pods", None)
    assert status == 403
    assert 'User "system:anonymous" cannot list resource "pods"' in told["message"]
    status, told = ask(lab, "/api", None)
    assert (status, told["message"]) == (403, 'forbidden: User "system:anonymous" cannot get path "/api"')
    assert ask(lab, "/version", None)[1]["gitVersion"] == "v1.33.0-eks-1234567"


def test_rights_can_be_asked_for(lab: Lab) -> None:
    api = client.AuthorizationV1Api(core(lab, user="prober").api_client)

    def may(verb: str, resource: str, part: str = "", namespace: str = "airflow") -> bool:
        about = client.V1ResourceAttributes(
            verb=verb, resource=resource, subresource=part, namespace=namespace, group=""
        )
        spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=about)
        review = api.create_self_subject_access_review(client.V1SelfSubjectAccessReview(spec=spec))
        return bool(review.status.allowed)

    assert may("list", "pods")
    assert may("create", "pods", "exec")
    assert not may("list", "pods", namespace="default")
    assert not may("get", "pods", "log")


def test_a_role_of_ones_own_counts_from_then_on(lab: Lab) -> None:
    api = core(lab, user="prober")
    with pytest.raises(ApiException, match="Forbidden"):
        api.list_node()
    rbac = client.RbacAuthorizationV1Api(core(lab).api_client)
    rule = client.V1PolicyRule(api_groups=[""], resources=["nodes"], verbs=["list"])
    rbac.create_cluster_role(client.V1ClusterRole(metadata=client.V1ObjectMeta(name="nodes"), rules=[rule]))
    reference = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="nodes")
    rbac.create_cluster_role_binding(
        {
            "metadata": {"name": "nodes"},
            "roleRef": reference.to_dict() | {"apiGroup": "rbac.authorization.k8s.io"},
            "subjects": [{"kind": "User", "name": "prober", "apiGroup": "rbac.authorization.k8s.io"}],
        }
    )
    assert len(api.list_node().items) == 2
    rbac.delete_cluster_role_binding("nodes")
    with pytest.raises(ApiException, match="Forbidden"):
        api.list_node()


def test_a_watch_tells_of_a_rollout(lab: Lab) -> None:
    api = core(lab, "payments", "watcher")
    there = api.list_namespaced_pod("airflow")
    before = {each.metadata.name for each in there.items}
    rolling = threading.Thread(target=lambda: lab.rollout("payments"))
    seen: list[tuple[str, str]] = []
    rolling.start()
    version = there.metadata.resource_version
    for event in watch.Watch().stream(api.list_namespaced_pod, "airflow", resource_version=version, timeout_seconds=20):
        seen.append((event["type"], event["object"].metadata.name))
        if len({name for what, name in seen if what == "DELETED"}) == 4:
            break
    rolling.join()
    added = {name for what, name in seen if what == "ADDED"}
    assert {name for what, name in seen if what == "DELETED"} == before
    assert added == {each.metadata.name for each in api.list_namespaced_pod("airflow").items}
    assert not added & before


def test_a_watch_from_too_long_ago_is_expired(lab: Lab) -> None:
    with pytest.raises(ApiException) as old:
        for _event in watch.Watch().stream(core(lab).list_namespaced_pod, "airflow", resource_version="1"):
            pass
    assert old.value.status == 410


def test_coredns_says_what_it_does(lab: Lab) -> None:
    corefile = core(lab).read_namespaced_config_map("coredns", "kube-system").data["Corefile"]
    assert "forward . /etc/resolv.conf" in corefile
    assert "cache 30" in corefile
    service = core(lab).read_namespaced_service("kube-dns", "kube-system")
    assert service.spec.cluster_ip == "172.20.0.10"


def test_what_was_asked_is_remembered(lab: Lab) -> None:
    lab.kube("payments", "requests", reset=True)
    core(lab, user="prober").list_namespaced_pod("airflow", label_selector="app=astro-agent")
    (request,) = lab.kube("payments", "requests")
    assert (request["user"], request["method"], request["status"]) == ("prober", "GET", 200)
    assert request["query"] == {"labelSelector": "app=astro-agent"}


def test_in_loopback_mode_pods_are_listed_entered_and_rolled(lab_up: LabUp) -> None:
    """What a pod does there it does on this machine, with its own environment."""
    with lab_up(topology=TOPOLOGY, profile="kind", mode="loopback") as lab:
        api = core(lab)
        (pod, *_more) = api.list_namespaced_pod("airflow", label_selector="component=worker").items
        running = execute(api, pod.metadata.name, "sh", "-c", "echo $HOSTNAME; exit 4")
        running.run_forever(timeout=10)
        assert running.read_stdout(timeout=1) == f"{pod.metadata.name}\n"
        assert running.returncode == 4
        assert lab.look(pod.metadata.name)["addresses"] == ["203.0.113.10"]
        assert pod.metadata.name not in lab.rollout("payments")
