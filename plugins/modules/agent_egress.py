#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_egress
short_description: Egress rules of agents' security groups
version_added: 0.9.0
description:
  - Adds egress rules to agents' security groups and, if asked, removes rules to the whole internet. In check mode it is an
    audit.
  - Rules to narrower destinations are never removed. Missing rules are added first, for all groups of a VPC.
  - A security group that is not in O(agents) is not changed. Do not list one that machines other than agents use, such as
    that of EKS nodes, unless you know everything that these need.
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
  agents:
    description: The security groups.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the agents' VPC in plans and results, usually its inventory name.
        type: str
        required: true
      vpc_id:
        description: Id of the agents' VPC.
        type: str
        required: true
      group_id:
        description: The security group.
        type: str
        required: true
      allowed:
        description: Destinations that agents may reach.
        type: list
        elements: dict
        required: true
        suboptions:
          cidr:
            description: A range of addresses.
            type: str
          group:
            description: A security group.
            type: str
          prefix_list:
            description: A prefix list.
            type: str
          account_id:
            description: The account of the security group, if it is another one.
            type: str
          protocol:
            description: The protocol's name in AWS; V(-1) is all protocols.
            type: str
            default: tcp
          port:
            description: The port, or the first of a range. By default, all ports.
            type: int
          to_port:
            description: The last port of a range.
            type: int
          description:
            description: The rule's description.
            type: str
            default: ""
      purge:
        description: Remove rules to V(0.0.0.0/0) and V(::/0) that are not in O(agents[].allowed).
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Show how the agents' egress would change
  astro.privatelink.agent_egress:
    region: us-east-1
    agents:
      - name: payments
        vpc_id: vpc-0aaaaaaaaaaaaaaaa
        group_id: sg-0aaaaaaaaaaaaaaaa
        allowed:
          - {group: sg-0bbbbbbbbbbbbbbbb, port: 443, description: Astro over PrivateLink}
          - {cidr: 203.0.113.0/24, port: 443, description: the container registry}
        purge: true
  check_mode: true
  diff: true
"""

RETURN = r"""
vpcs:
  description: The groups of each VPC, by the names of O(agents).
  returned: always
  type: dict
  contains:
    failed:
      description: Whether RV(findings) has an error for this VPC.
      type: bool
      returned: always
      sample: false
    groups:
      description:
        - By the ids of the groups, their C(rules) as they are, those that are C(open) to the whole internet beyond what is allowed,
          and those that are C(missing). Each rule is of the form that O(agents[].allowed) takes.
      type: dict
      returned: always
      sample:
        sg-0aaaaaaaaaaaaaaaa:
          rules: [{cidr: 0.0.0.0/0, protocol: "-1", description: ""}]
          open: [{cidr: 0.0.0.0/0, protocol: "-1", description: ""}]
          missing: [{group: sg-0bbbbbbbbbbbbbbbb, protocol: tcp, port: 443, to_port: 443, description: Astro over PrivateLink}]
calls:
  description: The complete plan before anything is sent; the same in check mode and in a real run.
  returned: always
  type: list
  elements: dict
  sample:
    - operation: ec2:AuthorizeSecurityGroupEgress
      vpcs: [payments]
      arguments: {GroupId: sg-0aaaaaaaaaaaaaaaa}
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from ..module_utils._aws.jobs import Egress
from ..module_utils._aws.module import aws_module, clients_of
from ..module_utils._core.run import run
from ..module_utils._link import params


def main() -> None:
    module = aws_module(
        argument_spec={
            "agents": {"type": "list", "elements": "dict", "required": True, "options": params.AGENTS},
            "assume_role_arn": {"type": "str"},
        },
    )
    run(module, Egress(clients_of(module), list(map(params.agents, module.params["agents"]))))


if __name__ == "__main__":
    main()
