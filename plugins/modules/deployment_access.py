#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_access
short_description: Allowed IP address ranges of an Astro Deployment
version_added: 0.9.0
description:
  - Sets from where Remote Execution Agents may reach a Deployment's API. Agents that come over AWS PrivateLink have, as Astro
    sees them, addresses of the Astro cluster's own VPC; that range is the default of O(ranges).
  - An empty list admits everybody. The first range turns that into a list of those who get in, so agents that still come over
    the public internet are cut off at once. Verify the links first.
  - Astro's update replaces all of what it is sent. This module sends back everything that would be lost, also what it does not know,
    refuses if the token does not see it, reads the Deployment again right before sending, and stops if anything changed meanwhile.
  - What became of an update is read from the Deployment. One whose answer was lost is sent again only if it had no effect.
notes:
  - The IP access list of the whole Organization is a different list, which controls who can log in; this module never changes it.
  - If the Deployment is managed by Terraform as well, the next C(terraform apply) restores Terraform's list.
  - Between the last read and the update some milliseconds remain. What another writer changes in these is overwritten and cannot be
    told. What differs when the Deployment is read after the update is named.
  - Needs a token that can read and update the Deployment, and also read the cluster unless O(ranges) is set.
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - astro.privatelink.attributes
  - astro.privatelink.astro
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    description: Returns the ranges before and after, and nothing else of the Deployment.
  idempotent:
    support: full
options:
  deployment_id:
    description: Id of the Deployment. It must use Remote Execution.
    type: str
    required: true
  ranges:
    description:
      - CIDR ranges or single addresses. They are compared as networks, so spelling and order do not matter.
      - By default, the range of the cluster's VPC, with that of its disaster recovery region if it has one.
    type: list
    elements: str
  state:
    description:
      - With V(present), O(ranges) are added. Other ranges stay and still get in.
      - With V(absent), O(ranges) are removed.
      - With V(exact), the list becomes O(ranges) and nothing else.
    type: str
    choices: [present, absent, exact]
    default: present
  allow_open:
    description: Accept a list that admits everybody, such as an empty one.
    type: bool
    default: false
  allow_lockout:
    description: Accept a list without the cluster's own range, which refuses all agents over PrivateLink.
    type: bool
    default: false
  expected:
    description:
      - The list that is expected now, as networks. If it differs, nothing is sent and the module fails, unless the list is
        already as asked for.
      - Use it to restore a previous list without undoing what somebody else has changed since.
    type: list
    elements: str
  no_environment_variables:
    description:
      - The Deployment has no environment variables. Only needed if the token does not see them; the module fails otherwise.
      - If that is not true, an update with such a token deletes them all.
    type: bool
    default: false
seealso:
  - module: astro.privatelink.astro_info
"""

EXAMPLES = r"""
- name: Admit the agents that come over PrivateLink
  astro.privatelink.deployment_access:
    organization_id: clmh59gt0000308lbgswe5fvh
    deployment_id: clmh57jtm000008lb58fe2wmv
  register: access

- name: Admit nobody else
  astro.privatelink.deployment_access:
    organization_id: clmh59gt0000308lbgswe5fvh
    deployment_id: clmh57jtm000008lb58fe2wmv
    state: exact

- name: Restore the previous list
  astro.privatelink.deployment_access:
    organization_id: clmh59gt0000308lbgswe5fvh
    deployment_id: clmh57jtm000008lb58fe2wmv
    ranges: "{{ access.before }}"
    expected: "{{ access.after }}"
    state: exact
    allow_open: true
    allow_lockout: true
"""

RETURN = r"""
deployment:
  description: The Deployment.
  returned: once it was read
  type: dict
  sample: {id: clmh57jtm000008lb58fe2wmv, name: orders, cluster_id: clmh1kd8v000108l3a9v7c5x2}
before:
  description: The ranges as they were. To restore them, set O(ranges) to them with O(state=exact).
  returned: once it was read
  type: list
  elements: str
  sample: [198.51.100.7/32]
after:
  description: The ranges as they are now, or in check mode as they would be; V(null) if they could not be read back.
  returned: once it was read
  type: list
  elements: str
  sample: [198.51.100.7/32, 172.20.0.0/22]
restricted:
  description: Whether RV(after) keeps anybody out; V(null) if that is not known.
  returned: once it was read
  type: bool
  sample: true
calls:
  description: The complete plan before anything is sent; the same in check mode and in a real run.
  returned: once it was read
  type: list
  elements: dict
  sample:
    - operation: astro:UpdateDeployment
      vpcs: [orders]
      arguments:
        deploymentId: clmh57jtm000008lb58fe2wmv
        allowedIpAddressRanges: [198.51.100.7/32, 172.20.0.0/22]
findings:
  description: The problems, each with its remedy. C(vpc) is the name of the Deployment here.
  returned: always
  type: list
  elements: dict
  sample:
    - code: OTHER_RANGES_LEFT
      vpc: orders
      severity: warning
      seen: The list also admits 198.51.100.7/32, which are not the cluster's ranges.
      remedy: Agents at these addresses still get in over the public internet.
      text: "OTHER_RANGES_LEFT: ..."
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._astro import access
from ..module_utils._astro import api as _astro
from ..module_utils._astro.jobs import Access
from ..module_utils._core.run import carry_out, end

OPTIONS = {
    "deployment_id": {"type": "str", "required": True},
    "ranges": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
    "expected": {"type": "list", "elements": "str"},
    "allow_open": {"type": "bool", "default": False},
    "allow_lockout": {"type": "bool", "default": False},
    "no_environment_variables": {"type": "bool", "default": False},
}


def want_from_params(params: dict[str, Any]) -> access.Want:
    ranges = params["ranges"]
    blank = bool(ranges) and not any(each.strip() for each in ranges)
    return access.Want(
        deployment_id=params["deployment_id"].strip(),
        ranges=None if ranges is None or blank else tuple(each for each in ranges if each.strip()),
        state=params["state"],
        expected=None if params["expected"] is None else tuple(params["expected"]),
        allow_open=params["allow_open"],
        allow_lockout=params["allow_lockout"],
        no_variables=params["no_environment_variables"],
    )


def main() -> None:
    module = AnsibleModule(argument_spec={**_astro.OPTIONS, **OPTIONS}, supports_check_mode=True)
    want = want_from_params(module.params)
    known: dict[str, Any] = {"findings": []}
    try:
        client = _astro.client(module.params)
        if confused := access.confusion(client.organization_id, want.deployment_id, want.ranges or (), client.url):
            module.fail_json(msg=str(confused[0]), findings=[one.public() for one in confused])
        job = Access(want, client)
        known |= {"before": list(job.first.ranges)}
        done = carry_out(job, module.check_mode)
    except _astro.AstroError as problem:
        module.fail_json(msg=str(problem), **known)
    else:
        end(module, done, "The Deployment is not as asked for.", job.answer(done))


if __name__ == "__main__":
    main()
