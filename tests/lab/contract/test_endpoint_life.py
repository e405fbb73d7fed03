# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of an endpoint, as AWS answers them and when."""

from __future__ import annotations

import pytest

from .conftest import ASTRO, Aws


@pytest.fixture
def waiting(aws: Aws) -> str:
    """An endpoint to a service that wants to accept first."""
    vpc = aws.vpc()
    return str(aws.endpoint(vpc, aws.service(acceptance_required=True), aws.subnet(vpc))["VpcEndpointId"])


def service_id(aws: Aws, endpoint: str) -> str:
    return str(aws.look(endpoint)["ServiceName"].rpartition(".")[2])


def test_a_service_without_acceptance_makes_the_endpoint_pending_then_available(aws: Aws) -> None:
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))
    assert endpoint["State"] == "pending"
    aws.advance()
    assert aws.look(endpoint["VpcEndpointId"])["State"] == "available"


def test_states_are_spelled_with_a_lower_first_letter(aws: Aws, waiting: str) -> None:
    assert aws.look(waiting)["State"] == "pendingAcceptance"


def test_acceptance_leads_over_pending_to_available(aws: Aws, waiting: str) -> None:
    provider = aws.client("ec2", ASTRO)
    answer = provider.accept_vpc_endpoint_connections(ServiceId=service_id(aws, waiting), VpcEndpointIds=[waiting])
    assert answer["Unsuccessful"] == []
    assert aws.look(waiting)["State"] == "pending"
    aws.advance()
    assert aws.look(waiting)["State"] == "available"


def test_acceptance_comes_by_itself_after_the_time_of_the_setting(aws: Aws) -> None:
    aws.settings.acceptance_seconds = 5
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(acceptance_required=True), aws.subnet(vpc))["VpcEndpointId"]
    aws.advance(4)
    assert aws.look(endpoint)["State"] == "pendingAcceptance"
    aws.advance(2)
    assert aws.look(endpoint)["State"] == "pending"
    aws.advance()
    assert aws.look(endpoint)["State"] == "available"


def test_rejection_makes_it_rejected(aws: Aws, waiting: str) -> None:
    provider = aws.client("ec2", ASTRO)
    provider.reject_vpc_endpoint_connections(ServiceId=service_id(aws, waiting), VpcEndpointIds=[waiting])
    assert aws.look(waiting)["State"] == "rejected"


def test_a_rejected_endpoint_cannot_be_accepted(aws: Aws, waiting: str) -> None:
    provider, service = aws.client("ec2", ASTRO), service_id(aws, waiting)
    provider.reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[waiting])
    answer = provider.accept_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[waiting])
    assert [each["ResourceId"] for each in answer["Unsuccessful"]] == [waiting]


def test_accepting_an_unknown_endpoint_is_unsuccessful_not_an_error(aws: Aws, waiting: str) -> None:
    answer = aws.client("ec2", ASTRO).accept_vpc_endpoint_connections(
        ServiceId=service_id(aws, waiting), VpcEndpointIds=["vpce-00000000000000000"]
    )
    assert answer["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_nobody_but_the_provider_accepts(aws: Aws, waiting: str) -> None:
    with aws.refuses("InvalidVpcEndpointServiceId.NotFound"):
        aws.ec2.accept_vpc_endpoint_connections(ServiceId=service_id(aws, waiting), VpcEndpointIds=[waiting])


def test_a_dry_run_of_acceptance_accepts_nothing(aws: Aws, waiting: str) -> None:
    with aws.refuses("DryRunOperation", 412):
        aws.client("ec2", ASTRO).accept_vpc_endpoint_connections(
            ServiceId=service_id(aws, waiting), VpcEndpointIds=[waiting], DryRun=True
        )
    assert aws.look(waiting)["State"] == "pendingAcceptance"


def test_an_unaccepted_endpoint_expires(aws: Aws) -> None:
    aws.settings.expiry_seconds = 60
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(acceptance_required=True), aws.subnet(vpc))["VpcEndpointId"]
    aws.advance(61)
    assert aws.look(endpoint)["State"] == "expired"


@pytest.mark.parametrize("state", ["failed", "partial", "expired", "rejected"])
def test_a_forced_state_carries_its_last_error(aws: Aws, waiting: str, state: str) -> None:
    error = {"code": "InsufficientFreeAddressesInSubnet", "message": "no address left"}
    aws.control("POST", f"endpoints/{waiting}", {"state": state, "last_error": error})
    endpoint = aws.look(waiting)
    assert endpoint["State"] == state
    assert endpoint["LastError"] == {"Code": error["code"], "Message": error["message"]}


def test_a_failed_endpoint_says_why(aws: Aws, waiting: str) -> None:
    aws.control("POST", f"endpoints/{waiting}", {"state": "failed", "last_error": {"code": "X", "message": "why"}})
    assert aws.look(waiting)["FailureReason"] == "why"


def test_a_forced_state_can_be_let_go(aws: Aws, waiting: str) -> None:
    aws.control("POST", f"endpoints/{waiting}", {"state": "failed"})
    aws.control("POST", f"endpoints/{waiting}", {"state": None})
    assert aws.look(waiting)["State"] == "pendingAcceptance"


def test_a_deleted_endpoint_is_deleting_then_gone(aws: Aws, waiting: str) -> None:
    assert aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[waiting])["Unsuccessful"] == []
    assert aws.look(waiting)["State"] == "deleting"
    aws.advance()
    assert aws.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    with aws.refuses("InvalidVpcEndpointId.NotFound", text=f"The Vpc Endpoint Id '{waiting}' does not exist"):
        aws.look(waiting)


def test_deleting_twice_is_no_error(aws: Aws, waiting: str) -> None:
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[waiting])
    assert aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[waiting])["Unsuccessful"] == []


def test_deleting_an_unknown_endpoint_is_listed_as_unsuccessful(aws: Aws, waiting: str) -> None:
    unknown = "vpce-00000000000000000"
    answer = aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[unknown, waiting])
    assert [each["ResourceId"] for each in answer["Unsuccessful"]] == [unknown]
    assert answer["Unsuccessful"][0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert aws.look(waiting)["State"] == "deleting"


def test_a_new_endpoint_may_be_hidden_from_reads_for_a_while(aws: Aws) -> None:
    aws.settings.hidden_seconds = 3
    vpc = aws.vpc()
    endpoint = aws.endpoint(vpc, aws.service(), aws.subnet(vpc))["VpcEndpointId"]
    with aws.refuses("InvalidVpcEndpointId.NotFound"):
        aws.look(endpoint)
    assert aws.ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    aws.advance(3)
    assert aws.look(endpoint)["VpcEndpointId"] == endpoint


def test_the_provider_sees_the_connection_with_owner_and_state(aws: Aws, waiting: str) -> None:
    found = aws.client("ec2", ASTRO).describe_vpc_endpoint_connections(
        Filters=[{"Name": "vpc-endpoint-state", "Values": ["pendingAcceptance"]}]
    )["VpcEndpointConnections"]
    assert [(each["VpcEndpointId"], each["VpcEndpointOwner"]) for each in found] == [(waiting, "111122223333")]


@pytest.mark.usefixtures("waiting")
def test_consumers_see_no_connections(aws: Aws) -> None:
    assert aws.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"] == []
