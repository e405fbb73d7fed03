# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation of AWS that the code names is in the policies, and every action of the policies is in the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

from botocore import xform_name
from botocore.loaders import Loader

ROOT = Path(__file__).parents[5]
SERVICES = ("ec2", "eks", "route53", "route53profiles", "route53resolver", "service-quotas", "sts")
#: Not named by operations: IAM asks for it when an endpoint is made to a service of another region.
IMPLIED = {"vpce:AllowMultiRegion"}
#: What the run's own credentials need, and a word that is an operation of AWS by chance.
NOT_HERE = {"sts:AssumeRole"}


def operations() -> dict[str, str]:
    """Actions of IAM by how code names their operations: CreateVpc in plans, create_vpc of a client."""
    found = {}
    for service in SERVICES:
        for name in Loader().load_service_model(service, "service-2")["operations"]:
            action = f"{service.replace('service-quotas', 'servicequotas')}:{name}"
            found |= {name: action, xform_name(name): action}
    return found


def test_the_policies_and_the_code_name_the_same() -> None:
    known = operations()
    files = [
        *ROOT.glob("plugins/action/*.py"),
        *ROOT.glob("plugins/module_utils/**/*.py"),
        *ROOT.glob("plugins/inventory/*.py"),
    ]
    text = "\n".join(file.read_text() for file in files if file.name not in {"policies.py", "catalogue.py"})
    named = {known[word] for word in set(re.findall(r"\b[A-Za-z][A-Za-z0-9_]*\b", text)) if word in known}
    statements = [each for file in ROOT.glob("docs/iam/*.json") for each in json.loads(file.read_text())["Statement"]]
    allowed = {action for statement in statements for action in statement["Action"]}
    shared = {
        "route53:CreateVPCAssociationAuthorization",
        "route53:DeleteVPCAssociationAuthorization",
    }  # several accounts
    assert named - NOT_HERE == (allowed | shared) - IMPLIED
