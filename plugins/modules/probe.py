#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Looks at a link to Astro from an agent host
version_added: 0.1.0
description:
  - Runs on a host or pod inside of an agent VPC. Resolves the cluster's name as an agent would, compares the answer with the
    addresses of the link's endpoint, then tries every address by itself, all at the same time, by TCP, TLS (the cluster's
    name, the host's CA certificates) and C(GET /), which Astro answers with status 404 and C(404 page not found).
  - That answer alone proves nothing, since the public path gives the same. What counts is that the addresses are the link's.
  - Names what is wrong, with the remedy, and fails if there is such a finding.
  - Needs nothing but Python 3.8 or newer on the agent host (and dnspython with O(nameservers)).
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - astro.privatelink.attributes
attributes:
  check_mode:
    support: full
    description: Changes nothing, and looks in check mode as well.
  diff_mode:
    support: none
  idempotent:
    support: full
  action_group:
    support: none
    membership: []
options:
  vpc:
    description: Name of the agent VPC, for findings.
    type: str
    required: true
  host:
    description: The cluster's host name, C(CLUSTER-ID.external.astronomer.run).
    type: str
    required: true
  expected:
    description: IPv4 addresses of the endpoint that serves this VPC.
    type: list
    elements: str
    required: true
  elsewhere:
    description: Addresses of other links, by their names, to tell whose endpoint a wrong answer belongs to.
    type: dict
    default: {}
  port:
    description: TCP port.
    type: int
    default: 443
  timeout:
    description: Seconds for the name, and for each step of each address.
    type: float
    default: 5.0
  ca_file:
    description: PEM file with CA certificates. By default those that Python on the host trusts.
    type: path
  nameservers:
    description: Ask the first of these (C(ADDRESS) or C(ADDRESS:PORT)) instead of the system's resolver. Needs dnspython.
    type: list
    elements: str
    default: []
  dial_through:
    description: HTTP CONNECT proxy (C(ADDRESS:PORT)) for all connections.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look from an agent host
  astro.privatelink.probe:
    vpc: payments
    host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    expected: [10.10.1.37, 10.10.2.41]
"""

RETURN = r"""
names:
  description: The answer for the name.
  returned: always
  type: dict
  sample:
    addresses: [10.10.1.37, 10.10.2.41]
    problem: ""
    detail: ""
    server: the system's resolver
addresses:
  description: How far the connection to each address came. RV(addresses.problem) is the code of what stopped it.
  returned: always
  type: list
  elements: dict
  sample:
    - address: 10.10.1.37
      tcp: true
      tls: true
      status: 404
      body: 404 page not found
      problem: ""
      seconds: 0.021
findings:
  description: What is wrong, with the remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: DNS_PUBLIC_ANSWER
      vpc: payments
      severity: error
      seen: The name resolves to 203.0.113.10, which is not the link's endpoint.
      remedy: The zone is not associated with this VPC.
      text: "DNS_PUBLIC_ANSWER: ..."
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import _probe
from ..module_utils._findings import errors


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "vpc": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "expected": {"type": "list", "elements": "str", "required": True},
            "elsewhere": {"type": "dict", "default": {}},
            "port": {"type": "int", "default": 443},
            "timeout": {"type": "float", "default": 5.0},
            "ca_file": {"type": "path"},
            "nameservers": {"type": "list", "elements": "str", "default": []},
            "dial_through": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    params["elsewhere"] = {name: tuple(addresses) for name, addresses in params["elsewhere"].items()}
    params["expected"] = tuple(sorted(params["expected"]))
    params["nameservers"] = tuple(params["nameservers"])
    target = _probe.Target(**params)
    names, reached = _probe.look(target)
    found = _probe.findings(target, names, reached)
    answer = {"changed": False, "findings": [one.public() for one in found], **_probe.public(names, reached)}
    if errors(found):
        module.fail_json(msg="\n".join(str(one) for one in found), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
