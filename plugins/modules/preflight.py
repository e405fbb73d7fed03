#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Finds what would make links to Astro fail before anything is changed
version_added: 0.9.0
description:
  - Reads all accounts and regions of a fleet in one run, side by side, and reports everything that would make
    M(astro.privatelink.vpc_endpoint) or M(astro.privatelink.private_zone) fail, or that would cut agents off. Every finding
    comes with its remedy.
  - It changes nothing and does not fail for findings. Role P(astro.privatelink.preflight#role) prints them and fails the VPCs.
  - An unchanged fleet costs a number of EC2 and STS calls that does not grow with its VPCs (pages aside), and two Route 53 reads
    for each private zone. VPCs that are not yet in their zone cost three more calls each.
  - EC2's dry runs, one for each kind of call, check that the credentials are sufficient. Route 53 has no dry runs.
notes:
  - What the credentials cannot read is a warning; everything else is still checked.
  - It does not check route tables of transit gateways, nor outbound rules of agents' security groups.
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - astro.privatelink.access.boto3
  - astro.privatelink.attributes
  - astro.privatelink.attributes.fleet
attributes:
  check_mode:
    description: It changes nothing and reads in check mode as well.
  diff_mode:
    support: none
    description: There is nothing to compare.
options:
  fleets:
    description: What to check, with an entry for each account and region.
    type: list
    elements: dict
    required: true
    suboptions:
      region:
        description: AWS region of these VPCs.
        type: str
        required: true
      profile:
        description: AWS profile for this account. By default, the module's credentials.
        type: str
      assume_role_arn:
        description: Role to assume in this account.
        type: str
      vpcs:
        description: The agent VPCs.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: Inventory name of the VPC.
            type: str
            required: true
          vpc_id:
            description: Id of the VPC.
            type: str
            required: true
          host:
            description: The host name that its agents use.
            type: str
            required: true
          via:
            description: Name of the VPC whose link it shares.
            type: str
            default: ""
          sources:
            description: Security group ids and IPv4 CIDRs of its agents.
            type: list
            elements: str
            default: []
          in_use:
            description: Other Astro host names that are used in this VPC.
            type: list
            elements: str
            default: []
          support_confirmed:
            description: Astronomer Support has agreed to a link that is shared across regions or accounts.
            type: bool
            default: false
      links:
        description: The links of these VPCs, each as in M(astro.privatelink.vpc_endpoint).
        type: list
        elements: dict
        default: []
  zones:
    description: The private zones of each account.
    type: list
    elements: dict
    default: []
    suboptions:
      profile:
        description: AWS profile for this account. By default, the module's credentials.
        type: str
      assume_role_arn:
        description: Role to assume in this account.
        type: str
      links:
        description: The links whose zones these are, each as in M(astro.privatelink.private_zone).
        type: list
        elements: dict
        required: true
seealso:
  - module: astro.privatelink.vpc_endpoint
  - module: astro.privatelink.private_zone
"""

EXAMPLES = r"""
- name: Check a VPC before it gets a link of its own
  astro.privatelink.preflight:
    region: us-east-1
    fleets:
      - region: us-east-1
        vpcs:
          - name: payments
            vpc_id: vpc-0aaaaaaaaaaaaaaaa
            host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
            sources: [sg-0aaaaaaaaaaaaaaaa]
        links:
          - name: payments
            vpc_id: vpc-0aaaaaaaaaaaaaaaa
            service_name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0
            sources: [sg-0aaaaaaaaaaaaaaaa]
    zones:
      - links:
          - name: payments
            vpc_id: vpc-0aaaaaaaaaaaaaaaa
            records:
              - host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
            vpcs:
              - name: payments
                vpc_id: vpc-0aaaaaaaaaaaaaaaa
                region: us-east-1
  register: seen

- name: Stop if something would fail
  ansible.builtin.assert:
    that: seen.findings | selectattr('severity', 'eq', 'error') | length == 0
    fail_msg: "{{ seen.findings | map(attribute='text') | join('\n') }}"
"""

RETURN = r"""
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: VPC_DNS_OFF
      vpc: payments
      severity: error
      seen: VPC vpc-0aaaaaaaaaaaaaaaa has enableDnsHostnames turned off.
      remedy: A private zone has no effect there. Turn it on.
      text: "VPC_DNS_OFF: ..."
vpcs:
  description: The state in AWS of each VPC that could be read, by inventory name.
  returned: always
  type: dict
  contains:
    vpc_id:
      description: Id of the VPC.
      type: str
      returned: always
      sample: vpc-0aaaaaaaaaaaaaaaa
    account_id:
      description: The account that owns it.
      type: str
      returned: always
      sample: "111111111111"
    region:
      description: Its region.
      type: str
      returned: always
      sample: us-east-1
    via:
      description: The VPC whose link it shares, if any.
      type: str
      returned: always
      sample: ""
    host:
      description: The name that its agents use.
      type: str
      returned: always
      sample: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    cidrs:
      description: Its IPv4 ranges.
      type: list
      elements: str
      returned: always
      sample: [10.10.0.0/16]
    az_ids:
      description: Ids of its agents' Availability Zones if they are known, otherwise those of its subnets.
      type: list
      elements: str
      returned: always
      sample: [use1-az1, use1-az2]
    apart:
      description: Whether it is in another C(region) or C(account) than the VPC whose link it shares.
      type: list
      elements: str
      returned: always
      sample: []
    vpc_endpoint_id:
      description: Its endpoint, if there is one.
      type: str
      returned: always
      sample: vpce-0123456789abcdef0
    state:
      description: The endpoint's state in AWS, in lower case.
      type: str
      returned: always
      sample: available
    covered:
      description: Whether a private zone or a resolver rule answers for RV(vpcs.host) in this VPC, instead of public DNS.
      type: bool
      returned: always
      sample: true
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from ..module_utils._aws.module import aws_module, clients_of
from ..module_utils._core import errors
from ..module_utils._link.params import access_name
from ..module_utils._preflight import checks, params, read


def main() -> None:
    module = aws_module(
        argument_spec={
            "fleets": {"type": "list", "elements": "dict", "required": True, "options": params.FLEET},
            "zones": {"type": "list", "elements": "dict", "default": [], "options": params.ZONES},
        },
    )
    fleets, zones = module.params["fleets"], module.params["zones"]
    clients = clients_of(module, {access_name(way): way for way in (*fleets, *zones)})
    try:
        seen = read.survey(params.places(clients, fleets), params.accounts(clients, zones), read.sdk_version())
    except errors.PrivateLinkError as problem:
        module.fail_json(msg=str(problem))
    else:
        findings = [one.public() for one in checks.judge(seen)]
        module.exit_json(changed=False, findings=findings, vpcs=checks.public(seen))


if __name__ == "__main__":
    main()
