# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents that are pods, on a lab with clusters: found anew in each run, asked by exec, and never a pass where that fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._aws.session import Boto3
from ansible_collections.astro.privatelink.plugins.module_utils._inventory.hosts import Inventory
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Refused
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target
from ansible_collections.astro.privatelink.plugins.plugin_utils._agents import Look
from ansible_collections.astro.privatelink.plugins.plugin_utils._pods import Pods
from astrolab import talk
from astrolab.astro.organization import DEPLOYMENT
from astrolab.lab import Lab
from conftest import LabUp
from kube_rights import documented, taken
from running import Play, environment, play

Entry = dict[str, Any]
CLUSTER_ID = "clmh1kd8v000108l3a9v7c5x2"
PYTHON = "/opt/agent/bin/python3"
CAN = {"pods": ["list"], "pods/exec": ["get", "create"]}
TOPOLOGY: dict[str, Any] = {
    "account": "111111111111",
    "region": "us-east-1",
    "cluster": {"id": CLUSTER_ID},
    "service": {"az_ids": ["use1-az1", "use1-az2"]},
    "vpcs": {
        "payments": {
            "cidrs": ["10.10.0.0/16"],
            "subnets": {
                "a": {"cidr": "10.10.1.0/24", "az_id": "use1-az1"},
                "b": {"cidr": "10.10.2.0/24", "az_id": "use1-az2"},
            },
        },
        "ledger": {
            "cidrs": ["10.20.0.0/16", "100.64.0.0/16"],
            "subnets": {
                "a": {"cidr": "10.20.1.0/24", "az_id": "use1-az1"},
                "pods": {"cidr": "100.64.1.0/24", "az_id": "use1-az1"},
            },
        },
    },
    "clusters": {
        "payments": {
            "vpc": "payments",
            "components": {"worker": 3, "triggerer": 1},
            "users": {
                "prober": {"namespace": "airflow", "can": CAN},
                "blind": {"namespace": "airflow", "can": {"pods": ["get"]}},
                "mute": {"namespace": "airflow", "can": {"pods": ["list"]}},
                "late": {"namespace": "airflow", "can": CAN},
            },
        },
        "ledger": {  # custom networking, a mesh, a hardened image; the version that asks for create as well
            "vpc": "ledger",
            "service": "plain",
            "version": "1.35",
            "subnets": ["a"],
            "pod_subnets": ["pods"],
            "components": {"worker": 1},
            "python": PYTHON,
            "read_only": True,
            "sidecars": ["istio-proxy"],
            "users": {
                "prober": {"namespace": "airflow", "can": CAN},
                "older": {"namespace": "airflow", "can": {"pods": ["list"], "pods/exec": ["get"]}},
            },
        },
    },
}


@pytest.fixture(scope="module")
def lab(lab_up: LabUp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    file = tmp_path_factory.mktemp("topology") / "pods.yml"
    file.write_text(yaml.safe_dump(TOPOLOGY))
    with lab_up(topology=file) as started:
        yield started


def context(lab: Lab, cluster: str, user: str = "prober", **more: Any) -> Entry:
    return {"kubeconfig": str(lab.kubeconfig(cluster, user)), "namespace": "airflow", **more}


def written(lab: Lab, **clusters: list[Entry]) -> dict[str, dict[str, Any]]:
    """The VPCs with where their agents are: what is not said is as it should be."""
    return {
        name: {
            "privatelink_kubernetes": clusters.get(name, [context(lab, name)]),
            "privatelink_agent_cidrs": TOPOLOGY["vpcs"][name]["cidrs"],
        }
        for name in lab.record.vpcs
    }


def run(
    lab: Lab, place: Path, playbook: str, *arguments: str, env: Mapping[str, str] | None = None, **clusters: list[Entry]
) -> Play:
    """A playbook over the lab's inventory, with pods as agent hosts."""
    file = place / "pods.yml"
    file.write_text(yaml.safe_dump({"agent_vpcs": {"hosts": written(lab, **clusters)}}))
    return play(lab, place, playbook, "-i", str(file), *arguments, **(env or {}))


def seen(done: Play, vpc: str) -> dict[str, dict[str, Any]]:
    """What each agent host of a VPC saw when the run verified it."""
    found = next(one["result"]["seen"] for one in done.results if "table" in one["result"])
    return {agent["name"]: agent for agent in found[vpc]}


def codes(agent: Mapping[str, Any]) -> list[str]:
    return [one["code"] for one in agent["findings"]]


def asked(lab: Lab, cluster: str) -> list[dict[str, Any]]:
    """What a cluster was asked since the last time."""
    found: list[dict[str, Any]] = lab.kube(cluster, "requests", reset=True)
    return found


def pods(lab: Lab, cluster: str) -> set[str]:
    return {f"airflow/{pod['metadata']['name']}" for pod in lab.pods(cluster)}


@pytest.fixture(scope="module")
def linked(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Links, made while pods are the only agent hosts."""
    place = tmp_path_factory.mktemp("site")
    done = run(lab, place, "site", "-e", "privatelink_support_confirmed=true")
    assert done.rc == 0, done.text
    assert {name: verdict.split()[0] for name, verdict in done.table().items()} == dict.fromkeys(
        ("payments", "ledger"), "works"
    )
    agents = seen(done, "payments")
    assert list(agents) == [f"payments/airflow/astro-agent-{each}" for each in ("triggerer/1", "worker/1", "worker/2")]
    assert {each["connection"] for each in agents.values()} == {"kubernetes"}
    assert {code for each in agents.values() for code in codes(each)} <= {
        "DNS_WAS_STALE"
    }  # CoreDNS had the public answer
    assert (
        "payments, pods of payments-prober.yml: airflow/astro-agent-worker: 2 of 3 running pods are asked" in done.text
    )
    roles = documented()
    for (
        name
    ) in lab.record.vpcs:  # ledger's version takes `create` for exec as well, which the server asks for by itself
        allowed, refused = taken(lab.kube(name, "requests"), "prober")
        assert allowed | {("", "pods/exec", "create")} == roles["astro-privatelink"]
        assert refused <= roles["astro-privatelink-optional"] | roles["astro-privatelink-dns"]
    return lab


def test_pods_are_found_anew_after_a_rollout(linked: Lab, tmp_path: Path) -> None:
    before = run(linked, tmp_path, "verify")
    assert before.rc == 0, before.text
    linked.rollout("payments")
    after = run(linked, tmp_path, "verify")
    assert after.rc == 0, after.text
    first, then = seen(before, "payments"), seen(after, "payments")
    assert list(first) == list(then)
    looked = {agent["place"]["pod"] for agent in then.values()}
    assert len(looked) == 3
    assert looked <= pods(linked, "payments")
    assert not looked & {agent["place"]["pod"] for agent in first.values()}
    assert len({agent["place"]["zone"] for name, agent in then.items() if "worker" in name}) == 2
    assert all(agent["place"]["hostname"] == agent["place"]["pod"].partition("/")[2] for agent in then.values())


def test_a_hardened_image_in_a_mesh(linked: Lab, tmp_path: Path) -> None:
    """A root that cannot be written to, Python where nobody has it on PATH, a sidecar, addresses of a secondary range."""
    asked(linked, "ledger")
    done = run(linked, tmp_path, "verify", "--limit", "ledger")
    assert done.rc == 0, done.text
    (agent,) = seen(done, "ledger").values()
    assert agent["place"]["container"] == "worker"
    assert agent["place"]["sources"][0].startswith("100.64.1.")
    last = [one["path"].rpartition("/")[2] for one in asked(linked, "ledger")]
    assert last[:2] == ["pods", "exec"]
    assert last.count("exec") == 1


EKS = {"eks_cluster": "payments", "namespace": "airflow"}


def test_an_eks_cluster_opens_with_the_login_of_its_vpc(linked: Lab, tmp_path: Path) -> None:
    """Neither kubectl nor a kubeconfig file is asked; and the token is nowhere to be seen."""
    done = run(linked, tmp_path, "verify", "-vvv", payments=[EKS])
    assert done.rc == 0, done.text
    assert "payments/airflow/astro-agent-triggerer/1" in seen(done, "payments")
    assert "k8s-aws-v1" not in done.text + (tmp_path / "results.jsonl").read_text()


@dataclass(frozen=True)
class Elsewhere:
    """The home of a lab whose inventory is another one."""

    inventory: Path


def test_an_inventory_of_nothing_but_a_region(linked: Lab, tmp_path: Path) -> None:
    """The EKS cluster of a VPC is found with it, and with that the group of its nodes and the pods."""
    group = linked.client("eks").describe_cluster(name="payments")["cluster"]["resourcesVpcConfig"]
    file = tmp_path / "fleet.agent_vpcs.yml"
    options = {"eks": "all", "eks_options": {"namespace": "airflow"}, "eks_security_groups": "used"}
    names = {"filters": {"tag:Name": "payments"}}
    file.write_text(
        yaml.safe_dump({"plugin": "astro.privatelink.agent_vpcs", "regions": ["us-east-1"], **names, **options})
    )
    command = ["ansible-inventory", "-i", str(file), "--list", "--export"]
    listed = subprocess.run(command, env=environment(linked), capture_output=True, text=True, check=True, cwd=tmp_path)
    (known,) = json.loads(listed.stdout)["_meta"]["hostvars"].values()
    assert "'eks_cluster': 'payments'" in str(known["privatelink_kubernetes"]).replace(
        "{'__ansible_unsafe': 'payments'}", "'payments'"
    )
    assert group["clusterSecurityGroupId"] in str(known["privatelink_agent_security_groups"])
    hosts = yaml.safe_load(linked.inventory.read_text())["agent_vpcs"]["vars"]
    given = {key: value for key, value in hosts.items() if key.startswith("privatelink_")}
    done = play(replace(linked, home=Elsewhere(file)), tmp_path, "verify", "-e", json.dumps(given))
    assert done.rc == 0, done.text
    assert "payments/airflow/astro-agent-triggerer/1" in seen(done, "payments")


def test_steps_that_do_not_look_ask_no_cluster(linked: Lab, tmp_path: Path) -> None:
    for cluster in TOPOLOGY["clusters"]:
        asked(linked, cluster)
    assert run(linked, tmp_path, "drift").rc == 0
    assert run(linked, tmp_path, "setup").rc == 0  # no name changes, so nothing is tried
    assert [asked(linked, cluster) for cluster in TOPOLOGY["clusters"]] == [[], []]


class TestAClusterThatCannotBeAsked:
    """Each is a finding of its VPC, found in one process: what a run makes of such findings is tested once, below."""

    @pytest.fixture
    def found(self, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
        """What the agent hosts of payments say, by name: their pods, or what is in the way."""
        for name, value in lab.env.items():
            monkeypatch.setenv(name, value)

        def look(**entry: Any) -> dict[str, Any]:
            return {
                name: one if isinstance(one, Refused) else "seen"
                for name, one in some(lab, tmp_path, entry)[1]().items()
            }

        return look

    @pytest.mark.parametrize(
        ("user", "entry", "finding"),
        [
            ("prober", {"context": "prod"}, ("KUBE_CONTEXT_UNKNOWN", "It has: payments.")),
            ("prober", {"kubeconfig": "/nowhere"}, ("KUBE_CONFIG_UNREADABLE", "/nowhere")),
            ("prober", {"selector": "app=other"}, ("KUBE_NO_PODS", "app=other in namespace airflow")),
            ("prober", {"namespace": "aiflow"}, ("KUBE_FORBIDDEN", "refuses to list pods in aiflow")),
            ("admin", {"namespace": "aiflow"}, ("KUBE_NAMESPACE_UNKNOWN", "has no namespace aiflow")),
            ("prober", {"namespace": None}, ("KUBE_FORBIDDEN", "Apply the ClusterRole")),
            ("blind", {}, ("KUBE_FORBIDDEN", "refuses to list pods in airflow")),
            ("prober", {"container": "agent"}, ("KUBE_CONTAINER_UNCLEAR", "it has no container agent")),
            ("prober", {"python": "/opt/none/python3"}, ("KUBE_NO_PYTHON", "has no Python 3.8 or newer")),
            ("mute", {}, ("KUBE_FORBIDDEN", "refuses to get pods/exec in airflow")),
        ],
    )
    def test_is_a_finding(self, lab, found, user, entry, finding) -> None:
        problems, (code, told) = found(**context(lab, "payments", user) | entry), finding
        assert {one.code for one in problems.values()} == {code}
        assert all(told in str(one) for one in problems.values())

    def test_rights_that_newer_versions_ask_for(self, lab, found) -> None:
        """The pods of ledger are not those of payments, but the API is asked before anybody knows."""
        problems = found(**context(lab, "ledger", "prober"))
        assert [one.code for one in problems.values()] == ["KUBE_POD_ELSEWHERE"]

    def test_a_login_that_is_over(self, lab, found) -> None:
        lab.kube("payments", "expire", user="late")
        (problem,) = found(**context(lab, "payments", "late")).values()
        assert problem.code == "KUBE_LOGIN_REFUSED"

    def test_an_api_that_does_not_answer(self, lab, found, tmp_path) -> None:
        text = lab.kubeconfig("payments").read_text()
        config = yaml.safe_load(text)
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        file = tmp_path / "config"
        file.write_text(yaml.safe_dump(config))
        (problem,) = found(kubeconfig=str(file), namespace="airflow").values()
        assert problem.code == "KUBE_API_UNREACHABLE"
        assert "https://127.0.0.1:1" in str(problem)

    def test_an_api_with_another_certificate(self, lab, found, tmp_path) -> None:
        config = yaml.safe_load(lab.kubeconfig("payments").read_text())
        del config["clusters"][0]["cluster"]["certificate-authority-data"]
        file = tmp_path / "config"
        file.write_text(yaml.safe_dump(config))
        (problem,) = found(kubeconfig=str(file), namespace="airflow").values()
        assert problem.code == "KUBE_API_UNREACHABLE"
        assert "certificate" in str(problem)

    @pytest.mark.parametrize("name", ["payment", "ledger"])
    def test_a_cluster_that_eks_does_not_have(self, found, name) -> None:
        (problem,) = found(eks_cluster=name, namespace="airflow").values()
        assert problem.code == "KUBE_CLUSTER_UNKNOWN"
        assert f"no EKS cluster {name} in us-east-1 for these credentials. There are: payments." in str(problem)

    def test_nothing_of_it_stays_on_the_disk(self, lab, tmp_path, found) -> None:
        found(**context(lab, "payments"))
        assert {path.suffix or "key" for path in (tmp_path / "kept").iterdir()} <= {".pem", "key"}


def some(lab: Lab, place: Path, entry: Entry) -> tuple[Pods, Callable[[], dict[str, Any]]]:
    """Pods of payments as a step has them, found now; and a look from each of them, by its name."""
    known = {
        "privatelink_vpc_id": lab.record.vpcs["payments"].id,
        "privatelink_region": "us-east-1",
        "privatelink_cluster_id": CLUSTER_ID,
        "privatelink_service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0",
        "privatelink_kubernetes": [entry],
    }
    directory = place / "kept"
    directory.mkdir(exist_ok=True)
    found = Pods(Boto3(), 5, str(directory), lambda _lines: None)
    inventory = found.with_pods(Inventory.read({"payments": known}, ["payments"]), ["payments"])
    target = Target(vpc="payments", host=lab.record.cluster_host, expected=(), patience=0.0)
    agents = inventory.agents_of("payments")

    def look() -> dict[str, Any]:
        return dict(zip((one.name for one in agents), found.look([Look(one, target) for one in agents]), strict=True))

    return found, look


def test_pods_that_go_away_between_being_found_and_being_asked(linked: Lab, tmp_path: Path, monkeypatch) -> None:
    for name, value in linked.env.items():
        monkeypatch.setenv(name, value)
    _found, look = some(linked, tmp_path, context(linked, "payments"))
    first = look()
    assert {one["place"]["hostname"] for one in first.values()} <= {
        name.partition("/")[2] for name in pods(linked, "payments")
    }
    fresh = set(linked.rollout("payments", "astro-agent-worker"))
    then = look()
    assert list(then) == list(first)
    assert {one["place"]["hostname"] for name, one in then.items() if "worker" in name} <= fresh
    linked.rollout("payments", "astro-agent-triggerer")
    (still,) = [pod["metadata"]["name"] for pod in linked.pods("payments") if "triggerer" in pod["metadata"]["name"]]
    linked.arrange("payments", still, phase="Pending")
    problem = next(one for name, one in look().items() if "triggerer" in name)
    assert isinstance(problem, Refused)
    assert problem.code == "KUBE_POD_GONE"
    linked.rollout("payments", "astro-agent-triggerer")


def test_one_cluster_that_cannot_be_asked_fails_its_vpc_alone(linked: Lab, tmp_path: Path) -> None:
    done = run(linked, tmp_path, "verify", payments=[context(linked, "payments", "mute")])
    assert done.table()["ledger"] == "works"
    assert set(done.failed) == {"payments"}
    assert (
        "KUBE_FORBIDDEN: The Kubernetes API of payments-mute.yml refuses to get pods/exec in airflow"
        in done.failed["payments"]
    )


def test_all_that_is_written_wrong_is_said_at_once(linked: Lab, tmp_path: Path) -> None:
    wrong = {"payments": [{"contexts": "prod"}], "ledger": [{"context": "prod", "pods_per_component": "many"}]}
    linked.reset_calls()
    done = run(linked, tmp_path, "verify", **wrong)
    assert done.rc != 0
    assert "payments: privatelink_kubernetes, entry 1, has the unknown key contexts. Did you mean context?" in done.text
    assert "ledger: " in done.text
    assert "pods_per_component" in done.text
    assert linked.calls()["total"] == 0


LAYOUT = ("-e", "privatelink_dns_layout=host_zone")
GUARDED = {
    "teardown": ("teardown", "-e", "teardown_deployment_unrestricted=true"),
    "harden": ("harden", "-e", "harden_agents_confirmed=true", "-e", "harden_watch_timeout=2"),
    "tighten": ("harden_aws", "-e", "harden_aws_tighten=true"),
    "move_dns_layout": ("move_dns_layout", *LAYOUT),
}


@pytest.mark.in_turn
@pytest.mark.parametrize("what", GUARDED)
def test_what_cannot_be_asked_is_no_consent(linked: Lab, tmp_path: Path, what: str) -> None:
    """Nothing is sent that could cut off the agents of a cluster that nobody can ask; with one that can, it is."""
    if what == "tighten":
        admit_somebody_else(linked)
    if what == "move_dns_layout":
        assert run(linked, tmp_path, "setup", *LAYOUT, "--limit", "payments").rc == 0
    before, limit = state(linked), () if what == "harden" else ("--limit", "payments")
    done = run(linked, tmp_path, *GUARDED[what], *limit, payments=[context(linked, "payments", "blind")])
    assert done.rc != 0
    assert "KUBE_FORBIDDEN" in done.text
    assert state(linked) == before
    if what in {"tighten", "move_dns_layout"}:
        back = ("-e", "privatelink_dns_layout=suffix_zone") if what == "move_dns_layout" else ()
        done = run(linked, tmp_path, *GUARDED[what], *back, *limit)
        assert done.rc == 0, done.text
        assert state(linked) != before


def admit_somebody_else(lab: Lab) -> None:
    """Another source in the security group of the endpoint of payments."""
    ec2 = lab.client("ec2")
    here = {"vpc-id": lab.record.vpcs["payments"].id, "group-name": "astro-privatelink"}
    filters = [{"Name": name, "Values": [value]} for name, value in here.items()]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    other = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.98.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[other])


def state(lab: Lab) -> Any:
    """What agents of payments depend on: the endpoint, who may enter it, the zone, and Astro's list."""
    ec2, route53 = lab.client("ec2"), lab.client("route53")
    here = [{"Name": "vpc-id", "Values": [lab.record.vpcs["payments"].id]}]
    endpoints = [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]]
    groups = {
        each["GroupId"]: each["IpPermissions"] for each in ec2.describe_security_groups(Filters=here)["SecurityGroups"]
    }
    vpc = {"VPCId": lab.record.vpcs["payments"].id, "VPCRegion": "us-east-1"}
    zones = sorted(each["Name"] for each in route53.list_hosted_zones_by_vpc(**vpc)["HostedZoneSummaries"])
    return endpoints, groups, zones, ranges(lab)


def ranges(lab: Lab) -> list[str]:
    found: list[str] = talk.say(lab.record.url, "GET", f"astro/deployments/{DEPLOYMENT}")["remoteExecution"][
        "allowedIpAddressRanges"
    ]
    return found


class TestWithoutTheClient:
    """The Python package kubernetes is not there."""

    def test_vpcs_with_pods_say_what_to_install(self, linked: Lab, tmp_path: Path) -> None:
        done = lacking(linked, tmp_path, "verify")
        assert set(done.failed) == {"payments", "ledger"}
        assert "KUBE_CLIENT_MISSING" in done.failed["payments"]
        assert "-m pip install kubernetes" in done.failed["payments"]

    def test_nobody_else_needs_it(self, linked: Lab, tmp_path: Path) -> None:
        done = lacking(linked, tmp_path, "drift")
        assert done.rc == 0, done.text


def lacking(lab: Lab, place: Path, playbook: str) -> Play:
    package = place / "lacking" / "kubernetes"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no such package here')\n")
    return run(lab, place, playbook, env={"PYTHONPATH": str(package.parent)})


def test_the_way_back_with_pods(linked: Lab, tmp_path: Path) -> None:
    """The last one: teardown looks from the pods, before and after."""
    done = run(linked, tmp_path, "teardown", "-e", "teardown_deployment_unrestricted=true", "-e", "teardown_drain=0")
    assert done.rc == 0, done.text
    assert "payments: payments/airflow/astro-agent-worker/1 resolves" in done.text
    assert "(public, " in done.text
