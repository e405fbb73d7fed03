# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each error that AWS may give to a call that is sent has a finding; CALL_FAILED is left for what nobody foresaw."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._aws.not_yet import NOT_YET
from ansible_collections.astro.privatelink.plugins.module_utils._core.catalogue import BY_ERROR, CATALOGUE
from ansible_collections.astro.privatelink.plugins.module_utils._core.findings import from_error
from ansible_collections.astro.privatelink.plugins.plugin_utils._variables import OF_AGENT_HOSTS
from botocore.session import get_session

PLUGINS = Path(__file__).parents[5] / "plugins"
#: What is never sent: delegation sets are for public zones.
NEVER = {"DelegationSetNotAvailable", "DelegationSetNotReusable", "NoSuchDelegationSet"}
ROUTE53 = [
    "AssociateVPCWithHostedZone",
    "ChangeResourceRecordSets",
    "CreateHostedZone",
    "CreateVPCAssociationAuthorization",
    "DeleteHostedZone",
    "DeleteVPCAssociationAuthorization",
    "DisassociateVPCFromHostedZone",
]
#: botocore's model of EC2 has no errors. From https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
#: and where it says nothing from public reports: hashicorp/terraform-provider-aws 3382 (OperationInProgress),
#: terraform-aws-modules/terraform-aws-vpc 583 (DuplicateSubnetsInSameZone), aws/aws-cdk 28851 (InvalidServiceName).
COMMON = [
    "AuthFailure",
    "Blocked",
    "InternalError",
    "InvalidParameter",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "MissingParameter",
    "OptInRequired",
    "PendingVerification",
    "RequestExpired",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "UnauthorizedOperation",
    "Unavailable",
    "UnknownParameter",
    "UnsupportedOperation",
]
EC2 = {
    "AuthorizeSecurityGroupEgress": [
        "InvalidGroup.NotFound",
        "InvalidPermission.Duplicate",
        "InvalidPermission.Malformed",
        "InvalidPrefixListID.NotFound",
        "RulesPerSecurityGroupLimitExceeded",
    ],
    "AuthorizeSecurityGroupIngress": [
        "InvalidGroup.NotFound",
        "InvalidPermission.Duplicate",
        "InvalidPermission.Malformed",
        "RulesPerSecurityGroupLimitExceeded",
    ],
    "CreateSecurityGroup": [
        "InvalidGroup.Duplicate",
        "InvalidGroup.Reserved",
        "InvalidVpcID.NotFound",
        "SecurityGroupLimitExceeded",
        "VPCIdNotSpecified",
    ],
    "CreateTags": ["InvalidID", "TagLimitExceeded", "InvalidTagKey.Malformed"],
    "CreateVpc": ["VpcLimitExceeded"],
    "CreateVpcEndpoint": [
        "DuplicateSubnetsInSameZone",
        "IdempotentParameterMismatch",
        "InsufficientFreeAddressesInSubnet",
        "InvalidGroup.NotFound",
        "InvalidSecurityGroupID.NotFound",
        "InvalidServiceName",
        "InvalidSubnetID.NotFound",
        "InvalidSubnetId.NotFound",
        "InvalidVpcId.NotFound",
        "SecurityGroupsPerInterfaceLimitExceeded",
        "VpcEndpointLimitExceeded",
    ],
    "DeleteSecurityGroup": ["CannotDelete", "DependencyViolation", "InvalidGroup.InUse", "InvalidGroup.NotFound"],
    "DeleteTags": ["InvalidID"],
    "DeleteVpc": ["DependencyViolation", "InvalidVpcID.NotFound"],
    "DeleteVpcEndpoints": ["InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointId.NotFound", "OperationNotPermitted"],
    "ModifyVpcEndpoint": [
        "DuplicateSubnetsInSameZone",
        "IncorrectState",
        "InsufficientFreeAddressesInSubnet",
        "InvalidSubnetId.NotFound",
        "InvalidVpcEndpointId.NotFound",
        "OperationInProgress",
        "SecurityGroupsPerInterfaceLimitExceeded",
    ],
    "RevokeSecurityGroupEgress": ["InvalidGroup.NotFound", "InvalidPermission.NotFound"],
    "RevokeSecurityGroupIngress": ["InvalidGroup.NotFound", "InvalidPermission.NotFound"],
}


def modelled(operation):
    return [error.name for error in get_session().get_service_model("route53").operation_model(operation).error_shapes]


ALL = [
    *((operation, code) for operation in ROUTE53 for code in modelled(operation) if code not in NEVER),
    *((operation, code) for operation, codes in EC2.items() for code in (*codes, *COMMON)),
]


def test_the_list_has_all_calls_that_are_sent():
    """The operations that the cores name in calls of theirs."""
    source = "\n".join(path.read_text() for path in sorted(PLUGINS.glob("module_utils/_link/*.py")))
    verbs = "Associate|Authorize|ChangeResource|Create|Delete|Disassociate|Modify|Revoke"
    named = set(re.findall(rf'"((?:{verbs})[A-Za-z0-9]+)"', source))
    assert named == {*ROUTE53, *EC2}


@pytest.mark.parametrize(("operation", "code"), ALL)
def test_each_error_has_a_finding(operation, code):
    found = from_error("one", operation, "AWS's words", code)
    assert found.code != "CALL_FAILED"
    assert operation in found.seen


def test_what_is_waited_for_in_vain_has_one_too():
    assert {code for codes in NOT_YET.values() for code in codes} <= set(BY_ERROR)
    assert {"Timeout", "ReadFailed"} <= set(BY_ERROR)


def test_findings_of_errors_need_no_other_facts():
    for code in set(BY_ERROR.values()):
        entry = CATALOGUE[code]
        entry.seen.format(operation="o", message="m")
        entry.remedy.format(operation="o", message="m")


SPECS = {
    file.parts[-3]: yaml.safe_load(file.read_text()) for file in PLUGINS.parent.glob("roles/*/meta/argument_specs.yml")
}
SETTABLE = {
    *OF_AGENT_HOSTS,
    *(
        name
        for spec in SPECS.values()
        for entry in spec["argument_specs"].values()
        for name in entry.get("options", {})
    ),
}
NAMED = re.compile(rf"\b(?:{'|'.join(sorted({'privatelink', *SPECS}, key=len, reverse=True))})_[a-z_]+\b")


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_text_names_only_variables_that_can_be_set(code):
    entry = CATALOGUE[code]
    assert set(NAMED.findall(f"{entry.seen} {entry.remedy}")) <= SETTABLE | set(SPECS)
