# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes between pods and Astro: the cluster's name server and its cache, NetworkPolicies, security groups."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from astrolab.lab import Lab
from by_hand import make_link, until
from conftest import LabUp

ASTRO = "203.0.113.10"
VPCS = {
    name: {
        "cidrs": [f"10.{number}.0.0/16"],
        "subnets": {
            "a": {"cidr": f"10.{number}.1.0/24", "az_id": "use1-az1"},
            "b": {"cidr": f"10.{number}.2.0/24", "az_id": "use1-az2"},
        },
        "hosts": {f"{name}-agent": "a"},
    }
    for number, name in enumerate(("usual", "elsewhere", "local", "groups"), start=10)
}
ONE = {"components": {"worker": 1}, "nodes": 1}
TOPOLOGY: dict[str, Any] = {
    "cluster": {"id": "clmh1kd8v000108l3a9v7c5x2"},
    "service": {"az_ids": ["use1-az1", "use1-az2"]},
    "vpcs": VPCS,
    "clusters": {
        "usual": {"vpc": "usual", **ONE},
        "elsewhere": {"vpc": "elsewhere", "service": "plain", **ONE, "dns": {"forward": "public"}},
        "local": {"vpc": "local", **ONE, "dns": {"node_local": True, "cache": 2, "address": "10.100.0.10"}},
        "groups": {"vpc": "groups", **ONE, "pod_groups": True},
    },
}
# The answer's TTL and addresses, of a name server or of the one in resolv.conf.
ASK = """
import dns.resolver, sys
told = dns.resolver.Resolver()
answer = told.resolve(sys.argv[1], "A", search=False)
print(told.nameservers[0], answer.rrset.ttl, *sorted(each.to_text() for each in answer))
"""


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("lab") / "network.yml"
    file.write_text(yaml.safe_dump(TOPOLOGY))
    with lab_up(topology=file, profile="kind") as started:
        if started.mode == "loopback":
            pytest.skip("pods have no network of their own in loopback mode")
        yield started


def pod(lab: Lab, cluster: str) -> str:
    return next(str(each["metadata"]["name"]) for each in lab.pods(cluster) if "app" in each["metadata"]["labels"])


def ask(lab: Lab, host: str, name: str | None = None) -> tuple[str, int, list[str]]:
    done = lab.exec(host, [sys.executable, "-c", ASK, name or lab.record.cluster_host])
    assert done.returncode == 0, done.stderr
    server, ttl, *addresses = done.stdout.split()
    return server, int(ttl), addresses


def policy(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "airflow"}
    content = {"podSelector": {"matchLabels": {"app": "astro-agent"}}, "policyTypes": ["Egress"], **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": content}


def outcome(lab: Lab, host: str) -> list[tuple[str, str | None]]:
    return [(each["address"], each["failed"]) for each in lab.look(host, deadline=1.0)["attempts"]]


def remove(lab: Lab, cluster: str, *names: str) -> None:
    from kubernetes import client, config

    api = client.NetworkingV1Api(config.new_client_from_config(str(lab.kubeconfig(cluster))))
    for name in names:
        api.delete_namespaced_network_policy(name, "airflow")


def test_pods_ask_coredns_which_asks_the_vpcs_resolver(lab: Lab) -> None:
    make_link(lab, "usual", ("use1-az1", "use1-az2"))
    until(lambda: ask(lab, "usual-agent")[2] != [ASTRO], "agent hosts see the private zone")
    name = pod(lab, "usual")
    before = ask(lab, name)
    assert before[0] == "172.20.0.10"
    assert before[1] <= 30  # AWS says 60
    assert before[2] == ask(lab, "usual-agent")[2]
    assert ask(lab, name, "kubernetes.default.svc.cluster.local")[2] == ["172.20.0.1"]
    text = lab.exec(name, ["cat", "/etc/resolv.conf"]).stdout
    assert text.splitlines()[0] == "search airflow.svc.cluster.local svc.cluster.local cluster.local ec2.internal"
    assert "options ndots:5" in text


def test_coredns_keeps_what_it_was_told(lab: Lab) -> None:
    name = pod(lab, "local")
    assert ask(lab, name)[2] == [ASTRO]
    link = make_link(lab, "local", ("use1-az1",))
    assert ask(lab, "local-agent")[2] == list(link.addresses)
    server, ttl, _addresses = ask(lab, name)
    assert (server, ttl <= 2) == ("169.254.20.10", True)
    until(lambda: ask(lab, name)[2] == list(link.addresses), "the cache is over")


def test_coredns_may_ask_somebody_else(lab: Lab) -> None:
    """Then private zones of the VPC do not count."""
    link = make_link(lab, "elsewhere", ("use1-az1",))
    assert ask(lab, "elsewhere-agent")[2] == list(link.addresses)
    assert ask(lab, pod(lab, "elsewhere"))[2] == [ASTRO]
    (told,) = (each for each in _config_maps(lab, "elsewhere") if each["metadata"]["name"] == "coredns")
    assert "forward . 8.8.8.8" in told["data"]["Corefile"]


def _config_maps(lab: Lab, cluster: str) -> list[dict[str, Any]]:
    from kubernetes import client, config

    api = client.CoreV1Api(config.new_client_from_config(str(lab.kubeconfig(cluster))))
    found = api.list_namespaced_config_map("kube-system", _preload_content=False)
    items: list[dict[str, Any]] = yaml.safe_load(found.data)["items"]
    return items


def test_policies_decide_what_leaves_a_pod(lab: Lab) -> None:
    name = pod(lab, "groups")
    assert outcome(lab, name) == [(ASTRO, None)]
    lab.kube("groups", "create", manifest=policy("deny"))
    assert lab.look(name, deadline=1.0)["error"]
    assert outcome(lab, "groups-agent") == [(ASTRO, None)]
    peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    dns = {"to": [peer], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
    lab.kube("groups", "create", manifest=policy("dns", egress=[dns]))
    assert outcome(lab, name) == [(ASTRO, "tcp")]
    block = {"cidr": "203.0.113.0/24", "except": [f"{ASTRO}/32"]}
    lab.kube("groups", "create", manifest=policy("near", egress=[{"to": [{"ipBlock": block}]}]))
    assert outcome(lab, name) == [(ASTRO, "tcp")]
    https = {"to": [{"ipBlock": {"cidr": f"{ASTRO}/32"}}], "ports": [{"port": 443}]}
    lab.kube("groups", "create", manifest=policy("astro", egress=[https]))
    assert outcome(lab, name) == [(ASTRO, None)]
    remove(lab, "groups", "astro")
    assert outcome(lab, name) == [(ASTRO, "tcp")]
    (new,) = lab.rollout("groups")
    assert outcome(lab, new) == [(ASTRO, "tcp")]
    remove(lab, "groups", "dns")
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    other = {**named, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "coredns"}}}  # not what the service has
    lab.kube("groups", "create", manifest=policy("dns", egress=[{"to": [other]}]))
    assert lab.look(new, deadline=1.0)["error"]
    remove(lab, "groups", "dns")
    lab.kube("groups", "create", manifest=policy("dns", egress=[{"to": [named]}]))
    assert outcome(lab, new) == [(ASTRO, "tcp")]
    remove(lab, "groups", "deny", "dns", "near")
    assert outcome(lab, new) == [(ASTRO, None)]


def test_pods_may_have_groups_of_their_own(lab: Lab) -> None:
    """Each has an interface with the agents' group, which the pod's annotation names."""
    (found,) = (each for each in lab.pods("groups") if "app" in each["metadata"]["labels"])
    (eni,) = yaml.safe_load(found["metadata"]["annotations"]["vpc.amazonaws.com/pod-eni"])
    ec2 = lab.client("ec2")
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni["eniId"]])["NetworkInterfaces"]
    assert interface["PrivateIpAddress"] == eni["privateIp"] == found["status"]["podIP"]
    assert [each["GroupName"] for each in interface["Groups"]] == ["groups-agents"]
    (usual,) = (each for each in lab.pods("usual") if "app" in each["metadata"]["labels"])
    assert "annotations" not in usual["metadata"]


def test_an_endpoint_has_to_admit_the_group_of_the_nodes(lab: Lab) -> None:
    """A group as source stands for the pods' addresses, too."""
    name, link = pod(lab, "usual"), lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    (endpoint,) = (each for each in link if each["VpcId"] == lab.record.vpcs["usual"].id)
    group, ec2 = endpoint["Groups"][0]["GroupId"], lab.client("ec2")
    assert {failed for _address, failed in outcome(lab, name)} == {None}
    (rules,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    nodes = lab.client("eks").describe_cluster(name="usual")["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": nodes}]}
    assert nodes in {pair["GroupId"] for each in rules["IpPermissions"] for pair in each["UserIdGroupPairs"]}
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    until(lambda: {failed for _address, failed in outcome(lab, name)} == {"tcp"}, "pods are shut out")
    assert {failed for _address, failed in outcome(lab, "usual-agent")} == {None}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    until(lambda: {failed for _address, failed in outcome(lab, name)} == {None}, "pods are let in")


def test_narrowed_groups_need_a_way_to_coredns(lab: Lab) -> None:
    """Unlike the VPC's resolver, CoreDNS is a pod like others for security groups."""
    name, ec2 = pod(lab, "usual"), lab.client("ec2")
    nodes = lab.client("eks").describe_cluster(name="usual")["cluster"]["resourcesVpcConfig"]["clusterSecurityGroupId"]
    anywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.10.0.0/16"}]}
    names = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "UserIdGroupPairs": [{"GroupId": nodes}]}
    ec2.authorize_security_group_egress(GroupId=nodes, IpPermissions=[https])
    ec2.revoke_security_group_egress(GroupId=nodes, IpPermissions=[anywhere])
    until(lambda: bool(lab.look(name, deadline=1.0)["error"]), "names are lost")
    ec2.authorize_security_group_egress(GroupId=nodes, IpPermissions=[names])
    until(lambda: {failed for _address, failed in outcome(lab, name)} == {None}, "names are answered")
