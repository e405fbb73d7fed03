#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Looks at a link to Astro from an agent host
version_added: 0.9.0
description:
  - Runs on a host or pod inside of an agent VPC. Resolves the cluster's name as an agent would, compares the answer with the
    addresses of the link's endpoint, then tries every address by itself, all at the same time, by TCP, TLS (the cluster's
    name, the host's CA certificates) and C(GET /), which Astro answers with status 404 and C(404 page not found). A second
    request of 16,000 bytes finds out whether large packets get through.
  - That answer alone proves nothing, since the public path gives the same. What counts is that the addresses are the link's.
  - The name is asked of the system's resolver, as an agent does, and of each name server in C(/etc/resolv.conf) by itself. Where
    these disagree with the link, AWS's own resolver in the VPC is asked as well, to tell whose fault it is. Proxy variables, the
    hosts file and search lists are looked at too.
  - Just after the private zone came into effect, CoreDNS and other caches still give the public answer that they keep. The module
    waits for such an answer to go, see O(patience), and says so.
  - Names what is wrong, with the remedy, and fails if there is such a finding.
  - Needs nothing but Python 3.8 or newer on the agent host. Where dnspython is installed it asks the name servers; otherwise the
    module asks them with a small query of its own over UDP, and over TCP if the answer is too long.
  - The same look without Ansible, say in a pod, is what the playbook C(astro.privatelink.probe_script) writes.
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
  interfaces:
    description: Which network interface and zone each address of O(expected) belongs to, to name it in findings.
    type: dict
    default: {}
  elsewhere:
    description: Addresses of other links, by their names, to tell whose endpoint a wrong answer belongs to.
    type: dict
    default: {}
  port:
    description: TCP port.
    type: int
    default: 443
  path:
    description: What to get. Astro's answer to V(/) is known and judged; that to any other path is only returned.
    type: str
    default: /
  timeout:
    description: Seconds for the name, and for each step of each address.
    type: float
    default: 5.0
  patience:
    description:
      - Seconds to wait for an old answer to go that a cache on the way keeps, while AWS's own resolver in the VPC already has the
        right one. The answer's TTL says for how long it is kept; if that is more than this, it is not waited for at all. V(0)
        never waits.
    type: float
    default: 60.0
    version_added: 0.10.0
  ca_file:
    description: PEM file with CA certificates. By default those that Python on the host trusts.
    type: path
  nameservers:
    description: Ask these (C(ADDRESS) or C(ADDRESS:PORT)) instead of the system's resolver and its name servers.
    type: list
    elements: str
    default: []
  dial_through:
    description: HTTP CONNECT proxy (C(ADDRESS:PORT)) for all connections.
    type: str
    default: ""
  resolve:
    description:
      - Whether to look the name up. V(false) looks at the addresses only, to find out before the private zone exists whether the
        private path would work.
    type: bool
    default: true
  health_url:
    description:
      - A page to get from this host that says how the agent itself is, such as the C(/healthz) of an agent that runs there. Any
        status from 200 to 299 counts as healthy.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look from an agent host
  astro.privatelink.probe:
    vpc: payments
    host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    expected: [10.10.1.37, 10.10.2.41]

- name: Look at the private path before any name leads to it
  astro.privatelink.probe:
    vpc: payments
    host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    expected: [10.10.1.37, 10.10.2.41]
    resolve: false
"""

RETURN = r"""
place:
  description:
    - The place of the host, namely its name, the addresses it connected from, the variable and the address of a proxy in the way, and
      what tells one machine and network from another.
  returned: always
  type: dict
  sample:
    hostname: agent-1
    sources: [10.10.1.20]
    proxy: ""
names:
  description:
    - The system's answer for the name, then RV(names.servers), each name server's own answer. RV(names.problem) is the code of
      what went wrong. RV(names.pinned) has the hosts file's addresses, RV(names.captured) names that the search list finds first.
      Empty if O(resolve=false).
  returned: always
  type: dict
  contains:
    server:
      description: Who was asked.
      type: str
      returned: success
      sample: the system's resolver
    addresses:
      description: The answer.
      type: list
      elements: str
      returned: success
      sample: [10.10.1.37, 10.10.2.41]
    aliases:
      description: Names on the way to the addresses (CNAME); not known of the system's answer.
      type: list
      elements: str
      returned: success
      sample: []
    ttl:
      description: Seconds for which the answer may be kept, also that there is none; not known of the system's answer.
      type: int
      returned: success
      sample: 60
    problem:
      description: Code of what went wrong.
      type: str
      returned: success
      sample: ""
    detail:
      description: What the system said to it.
      type: str
      returned: success
      sample: ""
    seconds:
      description: How long it took.
      type: float
      returned: success
      sample: 0.004
    servers:
      description: The answers of the name servers, in the same form.
      type: list
      elements: dict
      returned: success
      sample: []
    vpc_resolver:
      description: The answer of AWS's resolver in the VPC, in the same form; only asked if the system's answer is not the link's.
      type: dict
      returned: success
      sample: {}
    pinned:
      description: Addresses that the hosts file has for the name.
      type: list
      elements: str
      returned: success
      sample: []
    captured:
      description: Addresses by longer names which the search list makes of the name, and which exist.
      type: dict
      returned: success
      sample: {}
    before:
      description: The old answer that was waited for to go, in the same form; empty if there was none.
      type: dict
      returned: success
      sample: {}
    waited:
      description: Seconds that this took.
      type: float
      returned: success
      sample: 0.0
addresses:
  description: How far the connection to each address came. C(problem) is the code of what stopped it.
  returned: always
  type: list
  elements: dict
  sample:
    - address: 10.10.1.37
      interface: eni-0123456789abcdef0 in us-east-1a
      source: 10.10.1.20
      tcp: true
      tls: true
      issuer: Let's Encrypt
      not_after: Mar  1 12:00:00 2027 GMT
      status: 404
      body: 404 page not found
      problem: ""
      seconds: 0.021
health:
  description: What O(health_url) answered; empty without it.
  returned: always
  type: dict
  sample:
    url: http://127.0.0.1:39091/healthz
    status: 200
    detail: ""
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

from ..module_utils._core.running import stop_if_too_old
from ..module_utils._core.supported import AGENT_PYTHON

stop_if_too_old(AGENT_PYTHON)

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.findings import errors
from ..module_utils._probe import look, model


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "vpc": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "expected": {"type": "list", "elements": "str", "required": True},
            "interfaces": {"type": "dict", "default": {}},
            "elsewhere": {"type": "dict", "default": {}},
            "port": {"type": "int", "default": 443},
            "path": {"type": "str", "default": "/"},
            "timeout": {"type": "float", "default": 5.0},
            "patience": {"type": "float", "default": 60.0},
            "ca_file": {"type": "path"},
            "nameservers": {"type": "list", "elements": "str", "default": []},
            "dial_through": {"type": "str", "default": ""},
            "resolve": {"type": "bool", "default": True},
            "health_url": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    params["elsewhere"] = {name: tuple(addresses) for name, addresses in params["elsewhere"].items()}
    params["expected"] = tuple(sorted(params["expected"]))
    params["nameservers"] = tuple(params["nameservers"])
    target = model.Target(**params)
    seen = look.look(target)
    found = model.findings(target, seen)
    answer = {"changed": False, "findings": [one.public() for one in found], **model.public(target, seen)}
    if errors(found):
        module.fail_json(msg="\n".join(str(one) for one in found), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
