# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One server for the session, an empty AWS for each test, and short words for the things the tests need."""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from astrolab.aws import Double, Settings
from astrolab.aws.world import WORLD
from botocore.config import Config
from botocore.exceptions import ClientError

from . import judged

pytest_collection_modifyitems = judged.pytest_collection_modifyitems
pytest_runtest_makereport = judged.pytest_runtest_makereport
pytest_sessionfinish = judged.pytest_sessionfinish

AGENTS = os.environ.get("CONTRACT_ACCOUNT", "111122223333")
OTHERS, ASTRO = "444455556666", "999988887777"
REGION, FAR = "us-east-1", "eu-west-1"
SLOW = 10.0  # every planned delay; the clock is put forward, nobody sleeps


class Aws:
    """AWS as a test sees it: clients of any account and region, and the things that most tests start from."""

    def __init__(self, double: Double) -> None:
        self.double = double
        self.judge = judged.Judge(AGENTS)
        self._session = judged.session()
        self.judge.listen(self._session)
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, service: str, account: str = AGENTS, region: str = REGION) -> Any:
        key = service, account, region
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,
                endpoint_url=judged.URL if judged.JUDGE else self.double.url,
                region_name=region,
                **(
                    self.judge.keys if judged.JUDGE else {"aws_access_key_id": account, "aws_secret_access_key": "none"}
                ),
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )
        return self._clients[key]

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def route53(self) -> Any:
        return self.client("route53")

    @property
    def settings(self) -> Settings:
        return self.double.settings

    def advance(self, seconds: float = SLOW) -> None:
        WORLD.ahead += seconds

    def control(self, method: str, path: str, content: object = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.double.url}/_lab/{path}", method=method, data=body)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    @contextmanager
    def refuses(self, code: str, status: int = 400, text: str = "") -> Iterator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), answer
        assert text in answer["Error"]["Message"]

    def vpc(self, cidr: str = "10.10.0.0/16", account: str = AGENTS, region: str = REGION) -> str:
        made = self.client("ec2", account, region).create_vpc(CidrBlock=cidr)
        return str(made["Vpc"]["VpcId"])

    def subnet(self, vpc: str, cidr: str = "10.10.1.0/24", zone: str = "us-east-1a", account: str = AGENTS) -> str:
        ec2 = self.client("ec2", account, zone[:-1])
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def group(self, vpc: str, name: str = "agents") -> str:
        return str(self.ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"])

    def service(self, **wanted: Any) -> str:
        """The name of a new service of Astro's, by default one that needs no acceptance."""
        made = self.control(
            "PUT", "services", {"account": ASTRO, "region": REGION, "acceptance_required": False, **wanted}
        )
        return str(made["name"])

    def endpoint(self, vpc: str, service: str, *subnets: str, region: str = REGION, **more: Any) -> Any:
        wanted = {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False, "SubnetIds": list(subnets), **more}
        made = self.client("ec2", region=region).create_vpc_endpoint(VpcId=vpc, ServiceName=service, **wanted)
        return made["VpcEndpoint"]

    def look(self, endpoint_id: str) -> Any:
        return self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]

    def zone(
        self, vpc: str, name: str = "external.astronomer.run", account: str = AGENTS, reference: str | None = None
    ) -> str:
        made = self.client("route53", account).create_hosted_zone(
            Name=name,
            CallerReference=reference or f"{name}-{vpc}",
            VPC={"VPCId": vpc, "VPCRegion": REGION},
            HostedZoneConfig={"PrivateZone": True, "Comment": "lab"},
        )
        return str(made["HostedZone"]["Id"])

    def change(self, zone: str, *changes: tuple[str, dict[str, Any]]) -> Any:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        return self.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]

    def records(self, zone: str) -> dict[tuple[str, str], Any]:
        found = self.route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {(each["Name"], each["Type"]): each for each in found}


def a_record(name: str, *addresses: str, ttl: int = 60) -> dict[str, Any]:
    return {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": each} for each in addresses]}


def alias(name: str, entry: dict[str, str]) -> dict[str, Any]:
    target = {"DNSName": entry["DnsName"], "HostedZoneId": entry["HostedZoneId"], "EvaluateTargetHealth": False}
    return {"Name": name, "Type": "A", "AliasTarget": target}


def here(vpc: str, region: str = REGION) -> dict[str, str]:
    return {"VPCId": vpc, "VPCRegion": region}


@pytest.fixture(scope="session")
def double() -> Iterator[Double]:
    delays = Settings(
        acceptance_seconds=None, pending_seconds=SLOW, deleting_seconds=SLOW, insync_seconds=SLOW, busy_seconds=0.0
    )
    double = Double(delays)
    double.serve(socket.create_server(("127.0.0.1", 0), backlog=64))
    yield double
    double.close()


@pytest.fixture(scope="session")
def session_aws(double: Double) -> Iterator[Aws]:
    aws = Aws(double)
    yield aws
    aws.judge.close()


@pytest.fixture
def aws(session_aws: Aws, request: pytest.FixtureRequest) -> Iterator[Aws]:
    session_aws.double.reset()
    session_aws.judge.begin(judged.name_of(request.node))
    yield session_aws
    session_aws.judge.end()
