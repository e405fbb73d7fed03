# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS clusters: where their API is, tokens for it, and what AWS may say instead."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import eks
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import ReadFailed
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Place
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster, Refused
from botocore.stub import Stubber

AGENTS = Cluster(eks_cluster="agents", region="eu-west-1")
SHOWN = {
    "name": "agents",
    "status": "ACTIVE",
    "endpoint": "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
    "certificateAuthority": {"data": base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()},
    "resourcesVpcConfig": {"vpcId": "vpc-1", "endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]},
}
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret", "aws_session_token": "session"}


class Clients:
    """Real clients; EKS answers as told."""

    def __init__(self):
        self.asked = []
        self.eks = boto3.client("eks", region_name="eu-west-1", **KEYS)
        self.stub = Stubber(self.eks)
        self.stub.activate()
        self.sts = boto3.client("sts", region_name="eu-west-1", **KEYS)

    def get(self, service, region):
        self.asked.append((service, region))
        return {"eks": self.eks, "sts": self.sts}[service]

    def shows(self, **more):
        shown = {**SHOWN, **more}
        self.stub.add_response(
            "describe_cluster", {"cluster": {k: v for k, v in shown.items() if v}}, {"name": "agents"}
        )
        return self


def signed(token):
    assert token.startswith("k8s-aws-v1.")
    assert "=" not in token
    text = token.removeprefix("k8s-aws-v1.")
    return urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())


def test_a_cluster_is_found_with_a_token_that_names_it():
    clients = Clients().shows()
    server, hint = eks.server(clients, AGENTS, "vpc-1")
    assert (server.url, server.ca, hint) == (SHOWN["endpoint"], b"-----BEGIN CERTIFICATE-----", "")
    assert clients.asked == [("eks", "eu-west-1"), ("sts", "eu-west-1")]
    url = signed(server.token)
    query = parse_qs(url.query)
    assert url.hostname == "sts.eu-west-1.amazonaws.com"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Security-Token"] == ["session"]


def test_a_token_is_for_one_cluster_only():
    """The signature of one second differs with the cluster, and nothing of it is left in the client."""
    clients = Clients()
    made = {}
    while not any(len(signatures) == 2 for signatures in made.values()):
        for name in ("one", "two"):
            query = parse_qs(urlsplit(eks._signed(clients.sts, Cluster(eks_cluster=name))).query)
            made.setdefault(query["X-Amz-Date"][0], {})[name] = query["X-Amz-Signature"][0]
    (both,) = [signatures for signatures in made.values() if len(signatures) == 2]
    assert both["one"] != both["two"]
    plain = clients.sts.generate_presigned_url("get_caller_identity")
    assert parse_qs(urlsplit(plain).query)["X-Amz-SignedHeaders"] == ["host"]


def test_the_token_is_not_shown():
    server, _hint = eks.server(Clients().shows(), AGENTS, "vpc-1")
    assert server.token not in repr(server)


@pytest.mark.parametrize(
    ("network", "hint"),
    [
        ({"endpointPublicAccess": False}, "its endpoint is private"),
        ({"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}, "admits 203.0.113.0/24 only"),
        ({"endpointPublicAccess": True}, ""),
    ],
)
def test_why_its_api_may_not_answer(network, hint):
    _server, said = eks.server(Clients().shows(resourcesVpcConfig={"vpcId": "vpc-1", **network}), AGENTS, "vpc-1")
    assert hint in said
    assert bool(hint) == bool(said)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"resourcesVpcConfig": {"vpcId": "vpc-2"}}, "KUBE_CLUSTER_ELSEWHERE"),
        ({"resourcesVpcConfig": {}}, "KUBE_CLUSTER_ELSEWHERE"),
        ({"endpoint": None, "status": "CREATING"}, "KUBE_CLUSTER_NOT_ACTIVE"),
        ({"certificateAuthority": None}, "KUBE_CLUSTER_NOT_ACTIVE"),
    ],
)
def test_a_cluster_that_cannot_be_asked(more, code):
    with pytest.raises(Refused) as raised:
        eks.server(Clients().shows(**more), AGENTS, "vpc-1")
    assert raised.value.code == code


def test_a_cluster_that_is_not_there_and_those_that_are():
    clients = Clients()
    clients.stub.add_client_error("describe_cluster", "ResourceNotFoundException")
    clients.stub.add_response("list_clusters", {"clusters": ["prod", "agent"]})
    with pytest.raises(
        Refused, match=r"no EKS cluster agents in eu-west-1 for these credentials. There are: agent, prod"
    ):
        eks.server(clients, AGENTS, "vpc-1")


def test_what_aws_refuses_is_no_missing_cluster():
    clients = Clients()
    clients.stub.add_client_error("describe_cluster", "AccessDeniedException", "no")
    with pytest.raises(ReadFailed, match="EKS cluster agents in eu-west-1"):
        eks.server(clients, AGENTS, "vpc-1")


def test_the_subnets_of_vpcs():
    ec2 = boto3.client("ec2", region_name="eu-west-1", **KEYS)
    with Stubber(ec2) as stub:
        subnets = [
            {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "eu-west-1a"},
            {"VpcId": "vpc-2", "CidrBlock": "10.1.0.0/24", "AvailabilityZone": "eu-west-1b"},
            {"VpcId": "vpc-1", "AvailabilityZone": "eu-west-1a"},  # IPv6 only
        ]
        stub.add_response("describe_subnets", {"Subnets": subnets})
        found = eks.places(ec2, ["vpc-2", "vpc-1", "vpc-1"])
    assert found == {
        "vpc-1": [Place(cidr="10.0.0.0/24", zone="eu-west-1a")],
        "vpc-2": [Place(cidr="10.1.0.0/24", zone="eu-west-1b")],
    }
