#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: astro_info
short_description: Read Deployments with Remote Execution and their clusters from Astro
version_added: 0.9.0
description:
  - Reads Deployments, their clusters and, if asked, the last use of their agent tokens.
  - Returns neither environment variables nor tokens.
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - astro.privatelink.attributes
  - astro.privatelink.astro
attributes:
  check_mode:
    support: full
    description: It changes nothing and reads in check mode as well.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  deployment_ids:
    description: Ids of Deployments. By default, all that the token sees.
    type: list
    elements: str
    default: []
  agent_tokens:
    description: Read the agent tokens as well. Astro does not tell how an agent is; that its token is used comes nearest.
    type: bool
    default: false
  watch_timeout:
    description:
      - Seconds to watch the agent tokens, until each was used that should be. The answer comes as soon as that is so.
      - How exactly Astro keeps the time of use is not documented. Allow several heartbeats.
    type: int
    default: 0
  watch_tokens:
    description: Ids of the agent tokens to watch. Defaults to those that were used within an hour of the latest use.
    type: list
    elements: str
seealso:
  - module: astro.privatelink.deployment_access
"""

EXAMPLES = r"""
- name: Read a Deployment
  astro.privatelink.astro_info:
    organization_id: clmh59gt0000308lbgswe5fvh
    deployment_ids: [clmh57jtm000008lb58fe2wmv]
    agent_tokens: true
  register: astro

- name: Show the range from which its agents come over PrivateLink
  ansible.builtin.debug:
    var: astro.clusters[astro.deployments[0].cluster_id].ranges
"""

RETURN = r"""
deployments:
  description: The Deployments, in the order of O(deployment_ids) if it is set.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      returned: always
      sample: clmh57jtm000008lb58fe2wmv
    name:
      description: Its name.
      type: str
      returned: always
      sample: orders
    workspace_id:
      description: Its Workspace.
      type: str
      returned: always
      sample: clmh58o7d000108lb74ktc9o6
    cluster_id:
      description: Its cluster; empty if the token does not see it.
      type: str
      returned: always
      sample: clmh1kd8v000108l3a9v7c5x2
    type:
      description: Its type; empty if the token does not see it.
      type: str
      returned: always
      sample: DEDICATED
    executor:
      description: Its executor; empty if the token does not see it.
      type: str
      returned: always
      sample: ASTRO
    status:
      description: Its status.
      type: str
      returned: always
      sample: HEALTHY
    airflow_version:
      description: Its Airflow version; V(NA) if Astro does not know it.
      type: str
      returned: always
      sample: 3.0.2
    remote_execution:
      description: Whether Remote Execution is enabled.
      type: bool
      returned: always
      sample: true
    remote_api_url:
      description: The URL that its agents connect to.
      type: str
      returned: always
      sample: https://clmh1kd8v000108l3a9v7c5x2.external.astronomer.run/d8fe2wmv
    host:
      description: The host in RV(deployments.remote_api_url).
      type: str
      returned: always
      sample: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    path:
      description: The path in RV(deployments.remote_api_url).
      type: str
      returned: always
      sample: /d8fe2wmv
    allowed_ranges:
      description: Ranges from which agents are admitted. An empty list admits everybody.
      type: list
      elements: str
      returned: always
      sample: [172.20.0.0/22]
    agent_tokens:
      description:
        - Its agent tokens; V(null) if the token may not list them. C(last_used_at) is empty for one that was never used.
        - C(activity) is V(used) if it was used while this module watched, V(quiet) if it was not although it should have been,
          and V(idle) otherwise.
      type: list
      elements: dict
      returned: with O(agent_tokens)
      sample:
        - {id: clmh5v4kq000408l5d1w2a3bc, name: payments, last_used_at: "2026-11-22T20:41:44Z", ends_at: "", activity: used}
clusters:
  description: The Deployments' clusters that the token sees, by id.
  returned: always
  type: dict
  sample:
    clmh1kd8v000108l3a9v7c5x2:
      id: clmh1kd8v000108l3a9v7c5x2
      name: production
      region: us-east-1
      cloud_provider: AWS
      type: DEDICATED
      status: CREATED
      ranges: [172.20.0.0/22]
      secondary_ranges: []
      host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
findings:
  description: The problems, each with its remedy. C(vpc) is the name of the Deployment here.
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ..module_utils._core.running import stop_if_too_old

stop_if_too_old()

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._astro import api
from ..module_utils._astro.info import info
from ..module_utils._core.findings import errors

OPTIONS = {
    "deployment_ids": {"type": "list", "elements": "str", "default": []},
    "agent_tokens": {"type": "bool", "default": False},
    "watch_timeout": {"type": "int", "default": 0},
    "watch_tokens": {"type": "list", "elements": "str", "no_log": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**api.OPTIONS, **OPTIONS}, supports_check_mode=True)
    params = module.params
    try:
        answer, findings = info(
            api.client(params),
            params["deployment_ids"],
            agent_tokens=params["agent_tokens"],
            watch_tokens=params["watch_tokens"],
            watch_timeout=params["watch_timeout"],
        )
    except api.AstroError as problem:
        module.fail_json(msg=str(problem))
    else:
        if errors(findings):
            module.fail_json(msg="\n".join(str(one) for one in findings), **answer)
        for one in findings:
            module.warn(str(one))
        module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()
