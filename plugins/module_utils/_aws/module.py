# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that asks AWS is made with: amazon.aws's own, on versions that are new enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

try:
    import boto3
    import botocore
except ImportError:  # AnsibleAWSModule says what to install
    pass

try:
    from ansible_collections.amazon.aws.plugins.module_utils.common import AMAZON_AWS_COLLECTION_VERSION as AMAZON_AWS
except ImportError:  # it did not always say its version
    AMAZON_AWS = ""

from .._core.supported import refusal


def aws_module(argument_spec: Mapping[str, Any]) -> Any:
    """A module with check mode and the options of amazon.aws. Fails at once where something is too old."""
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    sdk = {"boto3": boto3.__version__, "botocore": botocore.__version__}
    if problem := refusal({"amazon.aws": AMAZON_AWS, **sdk}):
        module.fail_json(msg=problem)
    return module
