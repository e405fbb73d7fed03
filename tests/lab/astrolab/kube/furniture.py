# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that a cluster has beside its pods, from its plan. Pure, but for names and the clock."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any

from . import kinds, pods
from .kinds import Kind
from .store import Object, now
from .wanted import NODE_LOCAL, ClusterDns, ClusterPlan, NodePlan

PUBLIC_RESOLVER = "8.8.8.8"
SYSTEM = "kube-system"


def objects(plan: ClusterPlan) -> Iterator[tuple[Kind, Object]]:
    for name in dict.fromkeys(("default", SYSTEM, "kube-public", plan.wanted.namespace)):
        labels = {"kubernetes.io/metadata.name": name}
        yield kinds.NAMESPACES, {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}}
    for node in plan.nodes:
        yield kinds.NODES, _node(plan, node)
    for name in ("default", pods.SERVICE_ACCOUNT):
        yield kinds.SERVICE_ACCOUNTS, {"metadata": {"name": name, "namespace": plan.wanted.namespace}}
    yield kinds.SERVICES, _service("kubernetes", "default", service_address(plan), [("https", 443, "TCP")])
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")]
    yield kinds.SERVICES, _service("kube-dns", SYSTEM, str(plan.wanted.dns.address), ports, {"k8s-app": "kube-dns"})
    yield kinds.ENDPOINTS, _endpoints("kube-dns", SYSTEM, str(plan.wanted.dns.address), ports)
    yield (
        kinds.CONFIG_MAPS,
        {"metadata": {"name": "coredns", "namespace": SYSTEM}, "data": {"Corefile": corefile(plan.wanted.dns)}},
    )
    if plan.wanted.dns.node_local:
        data = {"Corefile": node_local_corefile(plan.wanted.dns)}
        yield kinds.CONFIG_MAPS, {"metadata": {"name": "node-local-dns", "namespace": SYSTEM}, "data": data}
        yield kinds.DAEMON_SETS, _daemon_set("node-local-dns", len(plan.nodes))
    if plan.wanted.service == "eks":
        yield kinds.DAEMON_SETS, _daemon_set("aws-node", len(plan.nodes))


def service_address(plan: ClusterPlan) -> str:
    """Of the API server, as pods know it: the first of the service range."""
    return str(plan.wanted.dns.address - 9)


def service_env(plan: ClusterPlan) -> dict[str, str]:
    return {"KUBERNETES_SERVICE_HOST": service_address(plan), "KUBERNETES_SERVICE_PORT": "443"}


def corefile(dns: ClusterDns) -> str:
    forward = "/etc/resolv.conf" if dns.forward == "vpc" else PUBLIC_RESOLVER
    return (
        ".:53 {\n    errors\n    health {\n        lameduck 5s\n    }\n    ready\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n        pods insecure\n"
        "        fallthrough in-addr.arpa ip6.arpa\n    }\n"
        f"    prometheus :9153\n    forward . {forward}\n    cache {dns.cache}\n    loop\n    reload\n    loadbalance\n}}\n"
    )


def node_local_corefile(dns: ClusterDns) -> str:
    return (
        f"cluster.local:53 {{\n    errors\n    cache {dns.cache}\n    bind {NODE_LOCAL}\n    forward . {dns.address} {{\n"
        "        force_tcp\n    }\n}\n"
        f".:53 {{\n    errors\n    cache {dns.cache}\n    bind {NODE_LOCAL}\n    forward . {dns.address}\n}}\n"
    )


def name_server(dns: ClusterDns) -> IPv4Address:
    """The one that pods ask."""
    return NODE_LOCAL if dns.node_local else dns.address


def resolv_conf(plan: ClusterPlan, namespace: str) -> str:
    """As the kubelet writes it for ClusterFirst."""
    domain = "ec2.internal" if plan.region == "us-east-1" else f"{plan.region}.compute.internal"
    server = name_server(plan.wanted.dns)
    return (
        f"search {namespace}.svc.cluster.local svc.cluster.local cluster.local {domain}\n"
        f"nameserver {server}\noptions ndots:5 timeout:1 attempts:2\n"
    )


def deployment(plan: ClusterPlan, component: str, replicas: int, template: Object) -> Object:
    labels = dict(template["metadata"]["labels"])
    return {
        "metadata": {"name": f"{plan.wanted.prefix}-{component}", "namespace": plan.wanted.namespace, "labels": labels},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def replica_set(deployment: Object, number: str) -> Object:
    hashed = {"pod-template-hash": number}
    template = copy.deepcopy(deployment["spec"]["template"])
    template["metadata"]["labels"] |= hashed
    metadata, spec = deployment["metadata"], deployment["spec"]
    owned = pods.pod(template, f"{metadata['name']}-{number}", metadata["namespace"], deployment, hashed)["metadata"]
    selector = {"matchLabels": {**spec["selector"]["matchLabels"], **hashed}}
    return {"metadata": owned, "spec": {"replicas": spec["replicas"], "selector": selector, "template": template}}


def branch_interface(interface: str, address: str) -> dict[str, str]:
    """The annotation of a pod with an interface of its own."""
    return {"vpc.amazonaws.com/pod-eni": json.dumps([{"eniId": interface, "privateIp": address}])}


def event(about: Object, kind: str, reason: str, message: str) -> Object:
    metadata, at = about["metadata"], now()
    return {
        "metadata": {
            "name": f"{metadata['name']}.{pods.letters(16)}",
            "namespace": metadata.get("namespace", "default"),
        },
        "involvedObject": {
            "kind": about["kind"],
            "apiVersion": about["apiVersion"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata["uid"],
        },
        "type": kind,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": "kubelet"},
    }


def job(wanted: Object) -> Object:
    """A Job as the server completes it."""
    thing = copy.deepcopy(wanted)
    spec = thing["spec"]
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completions", 1)
    spec.setdefault("parallelism", 1)
    return {**thing, "status": {"startTime": now(), "active": 0}}


def selecting(job: Object) -> Object:
    """A Job selects its pods by its own id."""
    labels = {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
    return {**job, "spec": {**job["spec"], "selector": {"matchLabels": labels}}}


def job_labels(job: Object) -> dict[str, str]:
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    prefix = "batch.kubernetes.io/"
    return {"controller-uid": uid, f"{prefix}controller-uid": uid, "job-name": name, f"{prefix}job-name": name}


def job_status(job: Object, condition: str, counts: Mapping[str, int]) -> Object:
    status: dict[str, Any] = {
        "startTime": job["status"]["startTime"],
        **{key: value for key, value in counts.items() if value},
    }
    if condition:
        at = now()
        status["conditions"] = [{"type": condition, "status": "True", "lastTransitionTime": at}]
        if condition == "Complete":
            status["completionTime"] = at
    return status


def _node(plan: ClusterPlan, node: NodePlan) -> Object:
    labels = {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": node.zone,
        "topology.kubernetes.io/region": plan.region,
        "node.kubernetes.io/instance-type": "m6i.large",
    }
    if plan.wanted.service == "eks":
        labels["eks.amazonaws.com/nodegroup"] = f"{plan.name}-nodes"
    at = now()
    return {
        "metadata": {"name": node.name, "labels": labels},
        "spec": {"providerID": f"aws:///{node.zone}/{node.instance}"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": str(node.address)},
                {"type": "InternalDNS", "address": node.name},
                {"type": "Hostname", "address": node.name},
            ],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": at}],
            "nodeInfo": _node_info(plan, node),
        },
    }


def _node_info(plan: ClusterPlan, node: NodePlan) -> dict[str, str]:
    version = f"v{plan.wanted.version}.0{'-eks-1234567' if plan.wanted.service == 'eks' else ''}"
    return {
        "machineID": node.instance,
        "systemUUID": node.instance,
        "bootID": node.instance,
        "kernelVersion": "6.12.0",
        "osImage": "Amazon Linux 2023",
        "containerRuntimeVersion": "containerd://2.0.0",
        "kubeletVersion": version,
        "kubeProxyVersion": version,
        "operatingSystem": "linux",
        "architecture": "amd64",
    }


def _service(
    name: str,
    namespace: str,
    address: str,
    ports: list[tuple[str, int, str]],
    selector: Mapping[str, str] | None = None,
) -> Object:
    shown = [{"name": each, "port": port, "targetPort": port, "protocol": protocol} for each, port, protocol in ports]
    spec = {"clusterIP": address, "clusterIPs": [address], "type": "ClusterIP", "ports": shown}
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec | ({"selector": dict(selector)} if selector else {}),
    }


def _endpoints(name: str, namespace: str, address: str, ports: list[tuple[str, int, str]]) -> Object:
    shown = [{"name": each, "port": port, "protocol": protocol} for each, port, protocol in ports]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "subsets": [{"addresses": [{"ip": address}], "ports": shown}],
    }


def coredns() -> Object:
    containers = [{"name": "coredns", "image": "example.com/coredns:1"}]
    template = {
        "metadata": {"labels": {"k8s-app": "kube-dns"}},
        "spec": {"containers": containers, "dnsPolicy": "Default"},
    }
    return pods.pod(template, f"coredns-{pods.letters(10)}-{pods.letters(5)}", SYSTEM, None, {})


def _daemon_set(name: str, nodes: int) -> Object:
    labels = {"k8s-app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": name, "image": f"example.com/{name}:1"}]},
    }
    status = {"desiredNumberScheduled": nodes, "currentNumberScheduled": nodes, "numberReady": nodes}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name, "namespace": SYSTEM, "labels": labels}, "spec": spec, "status": status}
