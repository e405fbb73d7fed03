#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zone_association
short_description: The VPC account's half of sharing a private hosted zone
version_added: 0.9.0
description:
  - Associates VPCs of this account with a private hosted zone of another account, which must have authorised them.
  - Made for teams with credentials for only one of the two accounts. With both, M(astro.privatelink.private_zone) does all
    three steps in one run.
  - Across accounts it cannot wait until the change has reached all of Route 53's servers, which takes up to a minute.
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
  associations:
    description: VPCs and the zones to associate them with, or to disassociate them from.
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
      region:
        description: Region of the VPC.
        type: str
        required: true
      hosted_zone_id:
        description: The zone's id, from the other account.
        type: str
        required: true
      state:
        description: Whether the VPC is associated with the zone.
        type: str
        choices: [present, absent]
        default: present
  wait_timeout:
    description: Seconds to wait for each change that can be waited for.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Join the zone that the network team's account has authorised this VPC for
  astro.privatelink.zone_association:
    associations:
      - name: analytics
        vpc_id: vpc-0cccccccccccccccc
        region: us-east-1
        hosted_zone_id: Z0123456789ABCDEFGHIJ
"""

RETURN = r"""
vpcs:
  description: The result for each VPC, by the names of O(associations).
  returned: always
  type: dict
  contains:
    failed:
      description: Whether RV(findings) has an error for this VPC.
      type: bool
      returned: always
      sample: false
    hosted_zone_id:
      description: The zone.
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
    - operation: route53:AssociateVPCWithHostedZone
      vpcs: [analytics]
      arguments: {HostedZoneId: Z0123456789ABCDEFGHIJ}
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: ZONE_NOT_AUTHORISED
      vpc: analytics
      severity: error
      seen: The VPC has not been authorised.
      remedy: The zone's account must authorise this VPC first.
      text: "ZONE_NOT_AUTHORISED: ..."
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from typing import Any

from ..module_utils._aws import read as aws_read
from ..module_utils._aws import send
from ..module_utils._aws.module import aws_module, clients_of
from ..module_utils._core.plan import Outcome, Plan
from ..module_utils._core.run import Job, run
from ..module_utils._link import association

ASSOCIATION = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "hosted_zone_id": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class Associations(Job[association.Have]):
    """The job of this module: associations of VPCs with zones of other accounts."""

    def __init__(self, module: Any) -> None:
        self.wanted = [
            association.Association(
                name=params["name"],
                vpc_id=params["vpc_id"],
                region=params["region"],
                zone_id=params["hosted_zone_id"],
                present=params["state"] == "present",
            )
            for params in module.params["associations"]
        ]
        self.timeout = module.params["wait_timeout"]
        self.clients = clients_of(module)

    def read(self) -> association.Have:
        vpcs = {one.vpc_id: one.region for one in self.wanted}
        return aws_read.read_zones_by_vpc(self.clients.get("route53"), vpcs)

    def plan(self, have: association.Have) -> Plan:
        return association.plan(self.wanted, have)

    def api(self) -> send.Sender:
        return send.Sender(self.clients, self.timeout)

    def settle(self, have: association.Have, outcome: Outcome) -> association.Have:
        return self.read() if outcome.sent or outcome.failed else have

    def results(self, have: association.Have) -> dict[str, dict[str, Any]]:
        return {one.name: association.result(one, have) for one in self.wanted}


def main() -> None:
    module = aws_module(
        argument_spec={
            "associations": {"type": "list", "elements": "dict", "required": True, "options": ASSOCIATION},
            "wait_timeout": {"type": "int", "default": 180},
            "assume_role_arn": {"type": "str"},
        },
    )
    run(module, Associations(module))


if __name__ == "__main__":
    main()
