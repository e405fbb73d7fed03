# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods are asked, and in which container."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Place, choose, container, successor
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster, Container, Pod, Refused

PLACES = [Place(cidr=f"10.10.{number}.0/24", zone=f"us-east-1{zone}") for number, zone in enumerate("abc")]
SECONDARY = Place(cidr="100.64.0.0/16", zone="us-east-1a")
CLUSTER = Cluster(context="prod")


def pod(name, zone=0, node="", **more):
    workload = name.rpartition("-")[0]
    given = {
        "namespace": "airflow",
        "workload": workload,
        "uid": name,
        "phase": "Running",
        "ready": True,
        "node": node or f"node-{zone}",
        "address": f"10.10.{zone}.20",
        "node_address": f"10.10.{zone}.5",
        "containers": (Container(name=workload, running=True),),
    }
    return Pod(name=name, **{**given, **more})


def names(choice):
    return [one.pod.name for one in choice.chosen]


def test_the_zones_come_first_then_the_nodes():
    found = [pod("worker-1"), pod("worker-2"), pod("worker-3", node="other"), pod("worker-4", 1), pod("worker-5", 2)]
    assert names(choose(Cluster(context="c", most=3), found, PLACES)) == ["worker-1", "worker-4", "worker-5"]
    assert names(choose(Cluster(context="c", most=4), found, PLACES)) == [
        "worker-1",
        "worker-4",
        "worker-5",
        "worker-3",
    ]


def test_each_workload_has_its_own_and_what_is_left_out_is_said():
    found = [pod(f"worker-{n}", n) for n in range(3)] + [pod("triggerer-1")]
    choice = choose(CLUSTER, found, PLACES)
    assert [one.slot for one in choice.chosen] == ["airflow/triggerer/1", "airflow/worker/1", "airflow/worker/2"]
    assert [one.zone for one in choice.chosen] == ["us-east-1a", "us-east-1a", "us-east-1b"]
    assert choice.notes == ("airflow/worker: 2 of 3 running pods are asked",)
    assert choice.unasked == {}


def test_zero_takes_all():
    found = [pod(f"worker-{n}") for n in range(9)]
    choice = choose(Cluster(context="c", most=0), found, PLACES)
    assert (len(choice.chosen), choice.notes) == (9, ())


def test_the_same_pods_in_another_order_are_the_same_choice():
    found = [pod(f"worker-{n}", n % 3) for n in range(9)]
    assert names(choose(CLUSTER, found, PLACES)) == names(choose(CLUSTER, reversed(found), PLACES))


def test_pods_that_come_and_go_are_not_asked():
    found = [
        pod("worker-1", terminating=True),
        pod("worker-2", phase="Pending"),
        pod("worker-3", 1, ready=False),
        pod("worker-4", 2),
        pod("worker-5", phase="Failed"),
    ]
    choice = choose(Cluster(context="c", most=0), found, PLACES)
    assert names(choice) == ["worker-4"]
    assert choice.notes == (
        "airflow/worker: 1 of 2 running pods are asked",
        "airflow/worker: not asked are 1 Pending, 1 Terminating",
    )


def test_pods_that_are_not_ready_are_asked_where_there_are_no_others():
    choice = choose(CLUSTER, [pod("worker-1", ready=False)], PLACES)
    assert names(choice) == ["worker-1"]
    assert choice.notes == ("airflow/worker: 1 of the pods that are asked are not ready",)


def test_a_workload_of_which_nothing_runs_is_not_proven():
    found = [pod("worker-1"), pod("triggerer-1", phase="Pending"), pod("triggerer-2", containers=())]
    choice = choose(CLUSTER, found, PLACES)
    assert names(choice) == ["worker-1"]
    assert {name: why.code for name, why in choice.unasked.items()} == {"airflow/triggerer": "KUBE_NONE_RUNS"}
    assert "2 pods of airflow/triggerer runs (Pending, not running)" in choice.unasked["airflow/triggerer"].of("v").seen


def test_what_has_ended_is_no_workload():
    choice = choose(CLUSTER, [pod("job-1", phase="Succeeded"), pod("worker-1", phase="Failed")], PLACES)
    assert (choice.chosen, choice.unasked, choice.notes) == ((), {}, ())


@pytest.mark.parametrize(
    ("address", "node_address", "here"),
    [
        ("10.10.1.20", "10.10.1.5", True),
        ("192.168.3.4", "10.10.1.5", True),  # an overlay network: only nodes have addresses of the VPC
        ("100.64.3.4", "10.10.1.5", True),  # custom networking
        ("10.10.1.20", "", True),
        ("10.20.1.20", "10.20.1.5", False),
        ("", "", False),
        ("nonsense", "fe80::1", False),
    ],
)
def test_pods_of_another_vpc_are_no_agents_of_this_one(address, node_address, here):
    one = pod("worker-1", address=address, node_address=node_address)
    if here:
        assert names(choose(CLUSTER, [one], [*PLACES, SECONDARY])) == ["worker-1"]
    else:
        with pytest.raises(Refused) as raised:
            choose(CLUSTER, [one], PLACES)
        assert raised.value.code == "KUBE_POD_ELSEWHERE"


def test_a_cluster_in_two_vpcs_shows_the_pods_of_this_one():
    away = pod("worker-2", address="10.20.1.20", node_address="10.20.1.5")
    choice = choose(CLUSTER, [pod("worker-1"), away], PLACES)
    assert names(choice) == ["worker-1"]
    assert choice.notes == ("1 pods are in another VPC, and not asked",)


def test_what_another_vpc_starts_or_fails_to_run_is_not_missing_here():
    outside = {"address": "", "node_address": "10.20.1.5"}
    found = [
        pod("worker-1"),
        pod("other-1", containers=(Container(name="other"),), **outside),  # waits to be started again
        pod("more-1", **outside),
        pod("more-2", phase="Pending", address="", node_address=""),
    ]
    choice = choose(CLUSTER, found, PLACES)
    assert (names(choice), choice.unasked) == (["worker-1"], {})
    assert choice.notes == ("2 pods are in another VPC, and not asked",)


def test_what_does_not_run_is_told_where_it_belongs():
    found = [pod("worker-1", phase="Pending", address="", node_address=""), pod("triggerer-1")]
    assert {name: one.code for name, one in choose(CLUSTER, found, PLACES).unasked.items()} == {
        "airflow/worker": "KUBE_NONE_RUNS"
    }


def test_without_subnets_nothing_is_in_the_vpc():
    with pytest.raises(Refused, match="KUBE_POD_ELSEWHERE"):
        choose(CLUSTER, [pod("worker-1")], [])


# --- containers


def having(*running, idle=(), workload="astro-worker", default=""):
    containers = [Container(name=name, running=name not in idle) for name in running]
    return pod("x-1", workload=workload, containers=tuple(containers), default_container=default)


@pytest.mark.parametrize(
    ("one", "wanted", "name"),
    [
        (having("worker"), "", "worker"),
        (having("istio-proxy", "agent"), "", "agent"),
        (having("git-sync", "agent", "fluent-bit"), "", "agent"),
        (having("a", "b", default="b"), "", "b"),
        (having("a", "b", default="b"), "a", "a"),
        (having("istio-proxy", "worker", "helper"), "", "worker"),  # its workload ends with its name
        (having("a", "astro-worker"), "", "astro-worker"),
        (having("agent", default="gone"), "", "agent"),
        (having("istio-proxy", default="istio-proxy"), "", "istio-proxy"),
    ],
)
def test_the_agents_own_container(one, wanted, name):
    assert container(one, wanted) == name


@pytest.mark.parametrize(
    ("one", "wanted", "why"),
    [
        (having("a", "b"), "", "it has several containers"),
        (having("istio-proxy", "linkerd-proxy"), "", "it has sidecars only"),
        (having("a"), "b", "it has no container b"),
        (having("a", "istio-proxy", idle=["a"]), "", "its container a does not run"),
    ],
)
def test_a_container_that_is_not_clear(one, wanted, why):
    with pytest.raises(Refused) as raised:
        container(one, wanted)
    assert raised.value.code == "KUBE_CONTAINER_UNCLEAR"
    assert why in str(raised.value)


def test_one_unclear_workload_does_not_stop_the_others():
    odd = pod("triggerer-1", containers=(Container(name="a", running=True), Container(name="b", running=True)))
    choice = choose(CLUSTER, [odd, pod("worker-1")], PLACES)
    assert names(choice) == ["worker-1"]
    assert choice.unasked["airflow/triggerer"].code == "KUBE_CONTAINER_UNCLEAR"


# --- successors


def test_another_pod_of_the_workload_stands_in():
    chosen = choose(Cluster(context="c", most=1), [pod("worker-1")], PLACES).chosen[0]
    after = [
        pod("triggerer-9"),
        pod("worker-2", 1),
        pod("worker-3", ready=False),
        pod("worker-4"),
        pod("worker-5", phase="Pending"),
        pod("worker-6", address="10.99.0.1", node_address="10.99.0.2"),
        pod("worker-0", terminating=True),
    ]
    taken = ["worker-1"]
    order = []
    while one := successor(chosen, after, taken, CLUSTER, PLACES):
        assert one.slot == chosen.slot
        order.append((one.pod.name, one.zone))
        taken.append(one.pod.uid)
    assert order == [("worker-4", "us-east-1a"), ("worker-2", "us-east-1b"), ("worker-3", "us-east-1a")]


def test_a_pod_does_not_stand_in_for_itself():
    chosen = choose(CLUSTER, [pod("worker-1")], PLACES).chosen[0]
    assert successor(chosen, [pod("worker-1")], [], CLUSTER, PLACES) is None
