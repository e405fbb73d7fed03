# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private zones and the VPCs they are associated with, within and across accounts."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import AGENTS, FAR, OTHERS, REGION, Aws, here

NAME = "external.astronomer.run"


def associate(aws: Aws, zone: str, vpc: str, account: str = AGENTS, region: str = REGION) -> Any:
    return aws.client("route53", account).associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=here(vpc, region))


def disassociate(aws: Aws, zone: str, vpc: str, account: str = AGENTS) -> Any:
    return aws.client("route53", account).disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=here(vpc))


def authorize(aws: Aws, zone: str, vpc: str, account: str = AGENTS) -> Any:
    return aws.client("route53", account).create_vpc_association_authorization(HostedZoneId=zone, VPC=here(vpc))


def associated(aws: Aws, zone: str) -> list[str]:
    return [str(vpc.get("VPCId")) for vpc in aws.route53.get_hosted_zone(Id=zone).get("VPCs", [])]


@pytest.fixture
def zone(aws: Aws) -> str:
    return aws.zone(aws.vpc())


@pytest.fixture
def foreign(aws: Aws) -> str:
    return aws.vpc("10.20.0.0/16", OTHERS)


@pytest.mark.on_aws
def test_a_second_vpc_is_associated_by_a_change(aws: Aws, zone: str) -> None:
    vpc = aws.vpc("10.20.0.0/16")
    assert associate(aws, zone, vpc)["ChangeInfo"]["Status"] == "PENDING"
    assert vpc in associated(aws, zone)


@pytest.mark.on_aws
def test_a_vpc_of_another_region_can_be_associated(aws: Aws, zone: str) -> None:
    vpc = aws.vpc("10.20.0.0/16", region=FAR)
    associate(aws, zone, vpc, region=FAR)
    assert vpc in associated(aws, zone)


@pytest.mark.on_aws
def test_the_same_association_twice_is_a_conflict_and_stored_once(aws: Aws, zone: str) -> None:
    vpc = aws.vpc("10.20.0.0/16")
    associate(aws, zone, vpc)
    with aws.refuses("ConflictingDomainExists", text=f"overlapping name space, {NAME}."):
        associate(aws, zone, vpc)
    assert associated(aws, zone).count(vpc) == 1


@pytest.mark.on_aws
def test_a_vpc_in_a_zone_of_the_same_name_is_a_conflict(aws: Aws, zone: str) -> None:
    vpc = aws.vpc("10.20.0.0/16")
    aws.zone(vpc)
    with aws.refuses("ConflictingDomainExists"):
        associate(aws, zone, vpc)


@pytest.mark.on_aws
def test_an_unknown_vpc_or_region_is_invalid(aws: Aws, zone: str) -> None:
    with aws.refuses("InvalidVPCId"):
        associate(aws, zone, "vpc-00000000000000000")
    with aws.refuses("InvalidVPCId"):
        associate(aws, zone, aws.vpc(), region=FAR)


@pytest.mark.on_aws
def test_an_unknown_zone_is_not_found(aws: Aws) -> None:
    with aws.refuses("NoSuchHostedZone", 404):
        associate(aws, "Z0", aws.vpc())


@pytest.mark.on_aws
def test_a_public_zone_takes_no_vpc(aws: Aws) -> None:
    zone = aws.route53.create_hosted_zone(Name="example.com", CallerReference="public")["HostedZone"]["Id"]
    with aws.refuses("PublicZoneVPCAssociation"):
        associate(aws, zone, aws.vpc())


def test_a_zone_takes_only_so_many_vpcs(aws: Aws, zone: str) -> None:
    aws.settings.vpcs_per_zone = 1
    with aws.refuses("LimitsExceeded"):
        associate(aws, zone, aws.vpc())


def test_a_busy_zone_refuses_an_association(aws: Aws, zone: str) -> None:
    aws.settings.busy_seconds = 60
    with aws.refuses("PriorRequestNotComplete"):
        associate(aws, zone, aws.vpc())


@pytest.mark.on_aws
def test_disassociation_takes_the_vpc_off(aws: Aws, zone: str) -> None:
    vpc = aws.vpc("10.20.0.0/16")
    associate(aws, zone, vpc)
    disassociate(aws, zone, vpc)
    assert vpc not in associated(aws, zone)


@pytest.mark.on_aws
def test_disassociating_what_is_not_associated_is_not_found(aws: Aws, zone: str) -> None:
    with aws.refuses("VPCAssociationNotFound", 404):
        disassociate(aws, zone, aws.vpc())


@pytest.mark.on_aws
def test_the_last_vpc_stays(aws: Aws, zone: str) -> None:
    with aws.refuses("LastVPCAssociation"):
        disassociate(aws, zone, associated(aws, zone)[0])


def test_a_foreign_account_needs_an_authorization(aws: Aws, zone: str, foreign: str) -> None:
    with aws.refuses(
        "NotAuthorizedException", 401, f"The VPC: {foreign} has not authorized to associate with your hosted zone."
    ):
        associate(aws, zone, foreign, OTHERS)


def test_the_zones_account_cannot_associate_a_foreign_vpc_itself(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    with aws.refuses("NotAuthorizedException", 401):
        associate(aws, zone, foreign)


def test_with_an_authorization_the_vpcs_account_associates(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    associate(aws, zone, foreign, OTHERS)
    assert foreign in associated(aws, zone)


def test_the_vpcs_account_sees_the_zone_and_its_owner(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    associate(aws, zone, foreign, OTHERS)
    found = aws.client("route53", OTHERS).list_hosted_zones_by_vpc(VPCId=foreign, VPCRegion=REGION)
    assert found["HostedZoneSummaries"] == [
        {"HostedZoneId": zone.rpartition("/")[2], "Name": f"{NAME}.", "Owner": {"OwningAccount": AGENTS}}
    ]


def test_the_vpcs_account_may_not_follow_the_change(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    change = associate(aws, zone, foreign, OTHERS)["ChangeInfo"]["Id"]
    with aws.refuses("AccessDenied", 403):
        aws.client("route53", OTHERS).get_change(Id=change)
    assert aws.route53.get_change(Id=change)["ChangeInfo"]["Status"] == "PENDING"


def test_the_association_outlives_its_authorization(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    associate(aws, zone, foreign, OTHERS)
    aws.route53.delete_vpc_association_authorization(HostedZoneId=zone, VPC=here(foreign))
    assert foreign in associated(aws, zone)


@pytest.mark.parametrize("account", [AGENTS, OTHERS])
def test_either_account_may_disassociate(aws: Aws, zone: str, foreign: str, account: str) -> None:
    authorize(aws, zone, foreign)
    associate(aws, zone, foreign, OTHERS)
    disassociate(aws, zone, foreign, account)
    assert foreign not in associated(aws, zone)


def test_a_third_account_may_not_touch_an_association(aws: Aws, zone: str, foreign: str) -> None:
    with aws.refuses("AccessDenied", 403):
        associate(aws, zone, foreign, "123123123123")


def test_authorizing_twice_is_no_error_and_lists_once(aws: Aws, zone: str, foreign: str) -> None:
    authorize(aws, zone, foreign)
    authorize(aws, zone, foreign)
    found = aws.route53.list_vpc_association_authorizations(HostedZoneId=zone)
    assert found["VPCs"] == [here(foreign)]


def test_authorizations_are_listed_in_pages(aws: Aws, zone: str) -> None:
    vpcs = [aws.vpc(account=OTHERS) for _unused in range(3)]
    for vpc in vpcs:
        authorize(aws, zone, vpc)
    first = aws.route53.list_vpc_association_authorizations(HostedZoneId=zone, MaxResults="2")
    second = aws.route53.list_vpc_association_authorizations(HostedZoneId=zone, NextToken=first["NextToken"])
    assert [each["VPCId"] for each in (*first["VPCs"], *second["VPCs"])] == vpcs
    assert "NextToken" not in second


def test_deleting_a_missing_authorization_is_not_found(aws: Aws, zone: str, foreign: str) -> None:
    with aws.refuses("VPCAssociationAuthorizationNotFound", 404):
        aws.route53.delete_vpc_association_authorization(HostedZoneId=zone, VPC=here(foreign))


def test_authorizations_are_the_zone_accounts_business(aws: Aws, zone: str, foreign: str) -> None:
    with aws.refuses("AccessDenied", 403):
        authorize(aws, zone, foreign, OTHERS)


def test_there_is_a_limit_of_authorizations(aws: Aws, zone: str, foreign: str) -> None:
    aws.settings.authorizations_per_zone = 1
    authorize(aws, zone, foreign)
    with aws.refuses("TooManyVPCAssociationAuthorizations"):
        authorize(aws, zone, aws.vpc(account=OTHERS))


def test_two_authorizations_close_together_collide(aws: Aws, zone: str, foreign: str) -> None:
    aws.settings.busy_seconds = 2
    authorize(aws, zone, foreign)
    with aws.refuses("ConcurrentModification"):
        authorize(aws, zone, aws.vpc(account=OTHERS))
    aws.advance(2)
    authorize(aws, zone, aws.vpc(account=OTHERS))
