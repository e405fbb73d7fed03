#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_zone
short_description: Route 53 private hosted zones of links to Astro
version_added: 0.9.0
description:
  - Makes Astro's host names resolve to a VPC endpoint inside VPCs. For each link it creates and keeps one private hosted
    zone with an alias record, and associates the link's VPCs with it.
  - It adds only. VPCs and records of a zone that are not listed stay as they are. To remove them, set
    O(links[].vpcs[].state=absent) or O(links[].state=absent).
  - No VPC is associated with an existing zone before its records answer, since a private zone without the record hides the
    public name. The first VPC of a new zone sees no such name for the seconds between the two calls, and again when the zone
    is removed; a O(links[].holder) without agents takes its place, or one that is made for that time in
    O(links[].holder_region).
  - A VPC of another account is associated in three steps. The zone's account authorises it, the VPC's account (reached by
    O(links[].vpcs[].profile) or O(links[].vpcs[].assume_role_arn)) associates it, and the authorisation is taken back. Each
    step can be resumed. In a team without access to both accounts, see M(astro.privatelink.zone_association).
  - A zone created by this module has a comment with the VPC whose link it is. Only such zones are changed and deleted,
    and those named by O(links[].hosted_zone_id), which are never deleted.
notes:
  - A zone gives the same answer to all of its VPCs, so VPCs with endpoints of their own need zones of their own.
  - Route 53's rules are in U(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html).
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
    description: Links of one account to give a zone, or to remove it from.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the VPC whose link it is, usually its inventory name. Names must be unique.
        type: str
        required: true
      vpc_id:
        description: The VPC whose link it is; a new zone is created with it.
        type: str
        required: true
      zone:
        description: Name of the zone.
        type: str
        default: external.astronomer.run
      records:
        description: Alias records of the zone.
        type: list
        elements: dict
        default: []
        suboptions:
          host:
            description: Full host name.
            type: str
            required: true
          dns_name:
            description: Regional DNS name of the endpoint.
            type: str
            default: ""
          hosted_zone_id:
            description: Hosted zone id that AWS returns with the DNS name.
            type: str
            default: ""
      vpcs:
        description: VPCs of this run, including the link's own.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the VPC in plans and results.
            type: str
            required: true
          vpc_id:
            description: Id of the VPC.
            type: str
            required: true
          region:
            description: Region of the VPC.
            type: str
            required: true
          profile:
            description: AWS profile for the VPC's account, if it is not the zone's account.
            type: str
          assume_role_arn:
            description: Role to assume for the VPC's account, if it is not the zone's account.
            type: str
          state:
            description: Whether the zone serves the VPC.
            type: str
            choices: [present, absent]
            default: present
      holder:
        description: A VPC without agents, in the zone's account, in which the zone is created and deleted.
        type: dict
        suboptions:
          vpc_id:
            description: Id of the VPC.
            type: str
            required: true
          region:
            description: Region of the VPC.
            type: str
            required: true
      holder_region:
        description:
          - Region in which a VPC without agents is made for the time in which the zone is made or taken down, if O(links[].holder) is
            not given. It is deleted afterwards. Blank, none is made.
          - If it cannot be made, a new zone is made on the link's own VPC with a warning; a zone is then not taken down if
            O(links[].without_gap).
        type: str
        default: ""
        version_added: 0.10.0
      compare_only:
        description: Do not write O(links[].records). VPCs are only associated where the zone has them.
        type: bool
        default: false
        version_added: 0.10.0
      hosted_zone_id:
        description:
          - Use this private zone. Its other records are kept, and it is never deleted.
          - A CNAME, or records with a routing policy, that all lead to the endpoint are left as they are.
          - One that was made for the link of another VPC is refused.
        type: str
        default: ""
      force_record:
        description: Overwrite a record that points elsewhere in a zone that O(links[].hosted_zone_id) names.
        type: bool
        default: false
      without_gap:
        description:
          - With O(links[].state=absent), refuse where a name would not exist for agents. That is the case for seconds without a
            O(links[].holder), and for good with a zone that is adopted and stays on their VPCs.
        type: bool
        default: false
      others:
        description: Names of VPCs outside of this run that may share the link, by VPC id, for findings.
        type: dict
        default: {}
      state:
        description:
          - Whether the zone exists.
          - With V(released) it stays as it is, without the comment by which this collection knows it.
        type: str
        choices: [present, absent, released]
        default: present
  wait_timeout:
    description: Seconds to wait for each change to reach all of Route 53's servers, usually less than 60.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Create the zone of the link of payments, which also serves analytics
  astro.privatelink.private_zone:
    links:
      - name: payments
        vpc_id: vpc-0aaaaaaaaaaaaaaaa
        records:
          - host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
            dns_name: vpce-0123456789abcdef0-1a2b3c4d.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com
            hosted_zone_id: Z7HUB22UULQXV
        vpcs:
          - {name: payments, vpc_id: vpc-0aaaaaaaaaaaaaaaa, region: us-east-1}
          - {name: analytics, vpc_id: vpc-0cccccccccccccccc, region: us-east-1}

- name: Remove analytics from the zone
  astro.privatelink.private_zone:
    links:
      - name: payments
        vpc_id: vpc-0aaaaaaaaaaaaaaaa
        vpcs:
          - {name: analytics, vpc_id: vpc-0cccccccccccccccc, region: us-east-1, state: absent}
"""

RETURN = r"""
vpcs:
  description: The zone that serves each VPC, by the names of O(links[].vpcs).
  returned: always
  type: dict
  contains:
    failed:
      description: Whether RV(findings) has an error for this VPC.
      type: bool
      returned: always
      sample: false
    hosted_zone_id:
      description: The zone; in check mode a placeholder if it would be created; empty if there is none.
      type: str
      returned: always
      sample: Z0123456789ABCDEFGHIJ
    associated:
      description: Whether the VPC is associated with the zone.
      type: bool
      returned: always
      sample: true
calls:
  description: The complete plan before anything is sent; the same in check mode and in a real run.
  returned: always
  type: list
  elements: dict
  sample:
    - operation: route53:CreateHostedZone
      vpcs: [payments]
      arguments: {Name: external.astronomer.run}
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: ZONE_CONFLICT
      vpc: payments
      severity: error
      seen: VPC vpc-0aaaaaaaaaaaaaaaa is already associated with the zone Z0123456789ABCDEFGHIJ, which has the same name.
      remedy: Adopt that zone, or disassociate the VPC from it.
      text: "ZONE_CONFLICT: ..."
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from ..module_utils._aws.jobs import Zones
from ..module_utils._aws.module import aws_module, clients_of
from ..module_utils._core.run import run
from ..module_utils._link import params


def main() -> None:
    module = aws_module(
        argument_spec={
            "links": {"type": "list", "elements": "dict", "required": True, "options": params.ZONE_LINK},
            "wait_timeout": {"type": "int", "default": 180},
            "assume_role_arn": {"type": "str"},
        },
    )
    links = module.params["links"]
    others = {params.access_name(vpc): vpc for link in links for vpc in link["vpcs"]}
    run(module, Zones(clients_of(module, others), list(map(params.zone_link, links)), module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
