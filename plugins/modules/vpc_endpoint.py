#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_endpoint
short_description: VPC endpoints of a fleet of VPCs to Astro
version_added: 0.9.0
description:
  - Creates, changes and deletes the interface VPC endpoints (AWS PrivateLink) through which agents in many VPCs of one
    account and region reach Astro, with a security group for each that admits the agents on port 443.
  - One run handles all VPCs. It reads in bulk, plans everything before it sends anything, changes the VPCs side by side and
    reads the result back. A VPC that fails does not stop the others; the module fails at the end, with the results of all.
  - A VPC that is not in O(links) is not changed. To remove an endpoint, set O(links[].state=absent).
  - It changes only what has the tag C(managed-by=astro.privatelink), and what O(links[].vpc_endpoint_id) names.
notes:
  - AWS's rules are in U(https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html), the
    procedure is in U(https://www.astronomer.io/docs/astro/remote-agents-aws-privatelink).
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - astro.privatelink.access.boto3
  - astro.privatelink.attributes
  - astro.privatelink.attributes.fleet
  - astro.privatelink.access
options:
  links:
    description: VPCs to give an endpoint of their own, or to remove it from.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the VPC in plans and results, usually its inventory name. Names must be unique.
        type: str
        required: true
      vpc_id:
        description: Id of the VPC.
        type: str
        required: true
      service_name:
        description: Endpoint service name from Astronomer Support, C(com.amazonaws.vpce.REGION.vpce-svc-ID).
        type: str
        required: true
      service_region:
        description: Region of the service, if it is not the VPC's. Needs botocore 1.35.70 or newer.
        type: str
        default: ""
      supported_az_ids:
        description: AZ ids in which the service is available, from Astronomer Support. By default, they are read from AWS.
        type: list
        elements: str
        default: []
      replace:
        description: Delete an endpoint that is rejected, failed or expired, and create a new one.
        type: bool
        default: false
      sources:
        description: Security group ids and IPv4 CIDRs of the VPC's agents; the endpoint admits them on port 443.
        type: list
        elements: str
        default: []
      joined:
        description: Sources of other VPCs that share this endpoint, by VPC name.
        type: dict
        default: {}
      sources_only:
        description:
          - The VPC itself is not part of this run. Its endpoint is not changed; only missing sources of O(links[].joined) are
            added to its security group.
        type: bool
        default: false
      subnet_ids:
        description:
          - The endpoint's subnets, one per Availability Zone. The endpoint gets exactly these.
          - By default, one private subnet is chosen in each zone of the endpoint service, and an existing endpoint keeps its
            subnets.
        type: list
        elements: str
        default: []
      security_group_ids:
        description:
          - The endpoint's security groups; it gets exactly these.
          - By default, a security group C(astro-privatelink) is created. Groups that were added by hand are kept.
        type: list
        elements: str
        default: []
      tags:
        description: Tags to set on the endpoint and its security group. Other tags are kept.
        type: dict
        default: {}
      vpc_endpoint_id:
        description:
          - Use this endpoint as it is. It keeps its name, tags, subnets and security groups, unless O(links[].subnet_ids),
            O(links[].security_group_ids) or O(links[].tags) ask for other ones, or its groups do not admit the sources.
          - It is deleted only if it was taken over.
        type: str
        default: ""
      take_over:
        description:
          - Take over the endpoint that O(links[].vpc_endpoint_id) names. It is then changed and deleted like one of the collection's.
        type: bool
        default: false
        version_added: 0.10.0
      leaving:
        description:
          - Sources of VPCs that no longer share this endpoint, by VPC name. With O(links[].sources_only), their rules for port 443
            alone are removed from its security group.
        type: dict
        default: {}
      purge_sources:
        description:
          - Only O(links[].sources) and O(links[].joined) may reach the endpoint. Rules of the managed security group that admit
            others to port 443 alone are removed, after all that are missing have been added. Rules for more than that port are left.
          - With O(links[].sources_only), nothing else is changed.
          - Every VPC that shares the endpoint must be in O(links[].joined), or its agents are cut off.
        type: bool
        default: false
      cluster_id:
        description:
          - The Astro cluster that the link leads to. The managed security group gets a tag for it, C(astro.privatelink/CLUSTER), so that
            O(links[].purge_sources) for another cluster's link in the VPC knows that others use the group as well.
        type: str
        default: ""
      joined_from:
        description:
          - For VPCs in O(links[].joined) that are in another region or account, by their names, C(region), C(profile) and
            C(assume_role_arn), or C(other_account=true) if that account is reached with the credentials that are there.
          - AWS has to be told the accounts of security groups, which are looked up there.
        type: dict
        default: {}
      group_accounts:
        description: Accounts of security groups that are not the VPC's own, by the groups' ids, where they are known already.
        type: dict
        default: {}
      drain:
        description:
          - Seconds after the start of the run for which an available endpoint is kept before it is deleted. Caches may keep an alias
            for 60 seconds, so agents may use an address that long after its record is removed.
        type: int
        default: 0
      keep_endpoint:
        description:
          - With O(links[].state=absent), the endpoint is kept for another cluster's link that uses it, and only the security group's tag of
            this cluster is removed.
        type: bool
        default: false
      state:
        description:
          - Whether the VPC is to have an endpoint.
          - With V(released) it stays as it is, without the tags by which this collection knows it and its security group.
        type: str
        choices: [present, absent, released]
        default: present
  wait_timeout:
    description:
      - Seconds to wait until Astronomer has accepted all endpoints and they are available, or until they are deleted.
      - A VPC whose endpoint is not available by then fails with the finding C(PENDING_ACCEPTANCE) or C(ENDPOINT_PENDING).
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Give two VPCs an endpoint each; a third VPC shares the first one's
  astro.privatelink.vpc_endpoint:
    region: us-east-1
    links:
      - name: payments
        vpc_id: vpc-0aaaaaaaaaaaaaaaa
        service_name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0
        sources: [sg-0aaaaaaaaaaaaaaaa]
        joined:
          analytics: [203.0.113.0/24]
      - name: ledger
        vpc_id: vpc-0bbbbbbbbbbbbbbbb
        service_name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0
        sources: [sg-0bbbbbbbbbbbbbbbb]
        subnet_ids: [subnet-0aaaaaaaaaaaaaaaa, subnet-0bbbbbbbbbbbbbbbb]
  register: endpoints

- name: Show the addresses of the endpoint of payments
  ansible.builtin.debug:
    msg: "{{ endpoints.vpcs.payments.dns_name }}: {{ endpoints.vpcs.payments.addresses | map(attribute='address') }}"
"""

RETURN = r"""
vpcs:
  description: The endpoint of each VPC, by the names of O(links).
  returned: always
  type: dict
  contains:
    failed:
      description: Whether RV(findings) has an error for this VPC.
      type: bool
      returned: always
      sample: false
    vpc_endpoint_id:
      description: The endpoint; in check mode a placeholder if it would be created; empty if there is none.
      type: str
      returned: always
      sample: vpce-0123456789abcdef0
    state:
      description: The endpoint's state in AWS, in lower case.
      type: str
      returned: always
      sample: available
    dns_name:
      description: Regional DNS name of the endpoint.
      type: str
      returned: always
      sample: vpce-0123456789abcdef0-1a2b3c4d.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com
    hosted_zone_id:
      description: The hosted zone of RV(vpcs.dns_name), which an alias record needs.
      type: str
      returned: always
      sample: Z7HUB22UULQXV
    owner_id:
      description: The account of the VPC.
      type: str
      returned: always
      sample: "111111111111"
    security_group_ids:
      description: The endpoint's managed security group, or those that were set. Empty if there is none yet.
      type: list
      elements: str
      returned: always
      sample: [sg-0123456789abcdef0]
    addresses:
      description: The endpoint's network interfaces.
      type: list
      elements: dict
      returned: always
      sample:
        - address: 10.10.1.37
          availability_zone: us-east-1a
          network_interface_id: eni-0123456789abcdef0
          subnet_id: subnet-0aaaaaaaaaaaaaaaa
calls:
  description: The complete plan before anything is sent; the same in check mode and in a real run.
  returned: always
  type: list
  elements: dict
  sample:
    - operation: ec2:CreateVpcEndpoint
      vpcs: [payments]
      arguments: {VpcId: vpc-0aaaaaaaaaaaaaaaa}
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: PENDING_ACCEPTANCE
      vpc: payments
      severity: error
      seen: Endpoint vpce-0123456789abcdef0 is waiting for Astronomer to accept it.
      remedy: Send this id to Astronomer Support and run again later.
      text: "PENDING_ACCEPTANCE: ..."
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from ..module_utils._aws.jobs import Endpoints
from ..module_utils._aws.module import aws_module, clients_of
from ..module_utils._core.run import run
from ..module_utils._core.supported import ACROSS_REGIONS
from ..module_utils._link import params


def main() -> None:
    module = aws_module(
        argument_spec={
            "links": {"type": "list", "elements": "dict", "required": True, "options": params.ENDPOINT_LINK},
            "wait_timeout": {"type": "int", "default": 600},
            "assume_role_arn": {"type": "str"},
        },
    )
    links = [params.endpoint_link(link) for link in module.params["links"]]
    if any(link.service_region for link in links):
        module.require_botocore_at_least(ACROSS_REGIONS, reason="for an endpoint service of another region")
    clients = clients_of(module, params.peers(module.params["links"]))
    run(module, Endpoints(clients, links, module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
