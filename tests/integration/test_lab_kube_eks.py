# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS in the AWS double: what it tells of a cluster, and tokens that AWS's credentials sign."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from astrolab.lab import Lab
from botocore.auth import SigV4QueryAuth
from botocore.exceptions import ClientError
from conftest import LabUp

TOPOLOGY = Path(__file__).parents[1] / "lab" / "topologies" / "clusters.yml"
OTHER = "222222222222"


@pytest.fixture(scope="module")
def lab(lab_up: LabUp) -> Iterator[Lab]:
    with lab_up(topology=TOPOLOGY, profile="kind") as started:
        yield started


def described(lab: Lab, name: str = "payments") -> dict[str, Any]:
    found: dict[str, Any] = lab.client("eks").describe_cluster(name=name)["cluster"]
    return found


def token(sts: Any, cluster: str, seconds: int = 60) -> str:
    def name(request: Any, **_more: Any) -> None:
        request.headers["x-k8s-aws-id"] = cluster

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", name)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=seconds, HttpMethod="GET")
    sts.meta.events.unregister("before-sign.sts.GetCallerIdentity", name)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def pods(cluster: dict[str, Any], bearer: str) -> tuple[int, dict[str, Any]]:
    authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    url = f"{cluster['endpoint']}/api/v1/namespaces/airflow/pods"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_cluster_says_where_it_is(lab: Lab) -> None:
    assert lab.client("eks").list_clusters()["clusters"] == ["payments", "vault"]
    cluster, network = described(lab), described(lab)["resourcesVpcConfig"]
    assert (cluster["name"], cluster["status"], cluster["version"]) == ("payments", "ACTIVE", "1.33")
    assert cluster["arn"] == "arn:aws:eks:us-east-1:111111111111:cluster/payments"
    assert cluster["tags"] == {"team": "payments"}
    assert network["vpcId"] == lab.record.vpcs["payments"].id
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    assert cluster["endpoint"] == lab.record.clusters["payments"].server
    private = described(lab, "vault")["resourcesVpcConfig"]
    assert (private["endpointPublicAccess"], private["endpointPrivateAccess"]) == (False, True)


def test_its_group_is_that_of_nodes_and_admits_itself(lab: Lab) -> None:
    network = described(lab)["resourcesVpcConfig"]
    assert network["securityGroupIds"] == []
    group = network["clusterSecurityGroupId"]
    ec2 = lab.client("ec2")
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [pair["GroupId"] for each in shown["IpPermissions"] for pair in each["UserIdGroupPairs"]] == [group]
    assert shown["VpcId"] == network["vpcId"]
    nodes = ec2.describe_instances(Filters=[{"Name": "tag:eks:cluster-name", "Values": ["payments"]}])["Reservations"]
    assert [[each["GroupId"] for each in one["Instances"][0]["SecurityGroups"]] for one in nodes] == [[group]] * 2
    (name,) = lab.client("eks").list_nodegroups(clusterName="payments")["nodegroups"]
    told = lab.client("eks").describe_nodegroup(clusterName="payments", nodegroupName=name)["nodegroup"]
    assert (told["status"], told["version"], set(told["subnets"])) == ("ACTIVE", "1.33", set(network["subnetIds"]))


def test_a_cluster_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(ClientError) as missing:
        described(lab, "nope")
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert missing.value.response["Error"]["Message"] == "No cluster found for name: nope."


def test_a_cluster_needs_two_zones(lab: Lab) -> None:
    subnets = described(lab)["resourcesVpcConfig"]["subnetIds"]
    role = "arn:aws:iam::111111111111:role/eks"
    with pytest.raises(ClientError, match="at least two different AZs"):
        lab.client("eks").create_cluster(name="one", roleArn=role, resourcesVpcConfig={"subnetIds": subnets[:1]})


def test_a_signed_identity_is_a_token(lab: Lab) -> None:
    cluster = described(lab)
    status, found = pods(cluster, token(lab.client("sts"), "payments"))
    assert (status, len(found["items"])) == (200, 4)


def test_an_access_entry_says_who_an_account_is(lab: Lab) -> None:
    cluster, bearer = described(lab), token(lab.client("sts", account=OTHER), "payments")
    assert pods(cluster, bearer)[0] == 200  # the user prober, who may list pods of this namespace
    request = urllib.request.Request(
        f"{cluster['endpoint']}/api/v1/nodes", headers={"Authorization": f"Bearer {bearer}"}
    )
    authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority))
    assert pods(cluster, token(lab.client("sts", account="333333333333"), "payments"))[0] == 401


def test_a_role_of_the_account_is_the_account(lab: Lab) -> None:
    role = lab.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/prober", RoleSessionName="prober")
    keys = role["Credentials"]
    sts = boto3.session.Session().client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert pods(described(lab), token(sts, "payments"))[0] == 200


def test_a_token_for_another_cluster_is_refused(lab: Lab) -> None:
    assert pods(described(lab), token(lab.client("sts"), "ledger"))[0] == 401


def test_a_token_that_somebody_else_signed_is_refused(lab: Lab) -> None:
    sts = boto3.session.Session().client(
        "sts", region_name="us-east-1", aws_access_key_id="111111111111", aws_secret_access_key="guessed"
    )
    assert pods(described(lab), token(sts, "payments"))[0] == 401


def test_a_token_is_good_for_a_quarter_of_an_hour(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    signing = SigV4QueryAuth.add_auth

    def earlier(self: Any, request: Any) -> None:
        import datetime

        from botocore import auth

        past = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - datetime.timedelta(minutes=16)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(auth, "get_current_datetime", lambda *_unused: past)
            signing(self, request)

    sts = lab.client("sts")
    assert pods(described(lab), token(sts, "payments", seconds=3600))[0] == 200
    monkeypatch.setattr(SigV4QueryAuth, "add_auth", earlier)
    assert pods(described(lab), token(sts, "payments", seconds=3600))[0] == 401


def test_what_is_no_token_is_refused(lab: Lab) -> None:
    for bearer in ("k8s-aws-v1.", "k8s-aws-v1.%%%", "k8s-aws-v1.aHR0cHM6Ly9leGFtcGxlLmNvbS8"):
        assert pods(described(lab), bearer)[0] == 401
