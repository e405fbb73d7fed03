#!/usr/bin/python

# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Checks a link to Astro from an agent host
version_added: 0.9.0
description:
  - Runs on a host or pod inside an agent VPC. Resolves the cluster's name as an agent would, compares the answer with the
    addresses of the link's endpoint, then tries every address by itself, all at the same time, by TCP, TLS (the cluster's
    name, the host's CA certificates) and C(GET /), which Astro answers with status 404 and C(404 page not found). A second
    request of 16,000 bytes shows whether large packets get through.
  - That answer alone proves nothing, because the public path gives the same. The addresses must be the link's.
  - It asks the system's resolver, as an agent does, and each name server in C(/etc/resolv.conf) separately. Where
    these disagree with the link, AWS's own resolver in the VPC is asked as well, to tell whose fault it is. Proxy variables, the
    hosts file and search lists are checked, too.
  - Just after the private zone takes effect, CoreDNS and other caches still give the old public answer. The module waits until
    it expires, see O(patience), and reports that.
  - Reports problems as findings with a remedy, and fails if there is an error.
  - Needs nothing but Python 3.8 or newer on the agent host. Where dnspython is installed it asks the name servers; otherwise the
    module asks them with a small query of its own over UDP, and over TCP if the answer is too long.
  - To run the same check without Ansible, for example in a pod, use the script that the playbook C(astro.privatelink.probe_script) writes.
author:
  - Contributors to astro.privatelink (@astro-privatelink)
extends_documentation_fragment:
  - astro.privatelink.attributes
attributes:
  check_mode:
    support: full
    description: It changes nothing and checks in check mode as well.
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
    description: The network interface and zone of each address of O(expected), for findings.
    type: dict
    default: {}
  elsewhere:
    description: Addresses of other links, by name, to report whose endpoint a wrong answer belongs to.
    type: dict
    default: {}
  port:
    description: TCP port of the link.
    type: int
    default: 443
  path:
    description: The path to request. Astro's answer to V(/) is checked; any other is only returned.
    type: str
    default: /
  timeout:
    description: Seconds for the DNS lookup, and for each step of each address.
    type: float
    default: 5.0
  patience:
    description:
      - Seconds to wait until an old answer in a cache expires, while AWS's own resolver in the VPC already has the
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
      - Whether to look up the name. V(false) checks the addresses only, to test the private path before the private zone exists.
    type: bool
    default: true
  health_url:
    description:
      - The agent's health page as seen from this host, such as C(/healthz). Any status from 200 to 299 counts as healthy.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Check the link from an agent host
  astro.privatelink.probe:
    vpc: payments
    host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    expected: [10.10.1.37, 10.10.2.41]

- name: Check the private path before any name resolves to it
  astro.privatelink.probe:
    vpc: payments
    host: clmh1kd8v000108l3a9v7c5x2.external.astronomer.run
    expected: [10.10.1.37, 10.10.2.41]
    resolve: false
"""

RETURN = r"""
place:
  description:
    - The place of the host, namely its name, the addresses it connected from, the variable and the address of a proxy in the way,
      what tells one machine and network from another, and the search list and C(ndots) of its resolver.
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
      description: The resolver.
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
      description: CNAMEs on the way to the addresses; unknown for the system's answer.
      type: list
      elements: str
      returned: success
      sample: []
    ttl:
      description: Seconds for which the answer, or its absence, may be cached; unknown for the system's answer.
      type: int
      returned: success
      sample: 60
    problem:
      description: Code of what went wrong.
      type: str
      returned: success
      sample: ""
    detail:
      description: The system's message.
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
      description: Addresses of the longer names that the search list makes and that exist.
      type: dict
      returned: success
      sample: {}
    before:
      description: The old answer that the module waited for to expire, in the same form; empty if there was none.
      type: dict
      returned: success
      sample: {}
    waited:
      description: Seconds that it waited.
      type: float
      returned: success
      sample: 0.0
addresses:
  description:
    - How far the connection to each address got. C(problem) is the code of what stopped it.
    - C(stages) has the seconds of each stage that was begun (TCP, TLS, HTTP), and C(seconds) those of all.
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
      stages: {tcp: 0.001, tls: 0.014, http: 0.006}
health:
  description: What O(health_url) answered; empty without it.
  returned: always
  type: dict
  sample:
    url: http://127.0.0.1:39091/healthz
    status: 200
    detail: ""
findings:
  description: The problems, each with its remedy.
  returned: always
  type: list
  elements: dict
  sample:
    - code: DNS_PUBLIC_ANSWER
      vpc: payments
      severity: error
      seen: The name resolves to 203.0.113.10, not to the link's endpoint.
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
