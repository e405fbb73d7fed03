# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that asks AWS is made with: amazon.aws's own, on versions that are new enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_conn, get_aws_connection_info
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

from .._core.errors import ReadFailed
from .._core.supported import refusal
from . import pace
from .clients import Clients
from .session import RETRIES, Boto3, Login


def aws_module(argument_spec: Mapping[str, Any]) -> Any:
    """A module with check mode and the options of amazon.aws. Fails at once where something is too old."""
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    sdk = {"boto3": boto3.__version__, "botocore": botocore.__version__}
    if problem := refusal({"amazon.aws": AMAZON_AWS, **sdk}):
        module.fail_json(msg=problem)
    return module


class ModuleSdk:
    """AWS with a module's own options, as amazon.aws reads them; a profile of another account by boto3 itself."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def client(self, service: str, region: str, session: Any = None) -> Any:
        params = self._module.params
        config = {"retries": RETRIES, **(params["aws_config"] or {})}
        if session is None:
            asking = _Raising(self._module)
            own, endpoint, options = get_aws_connection_info(asking)
            options = {**options, "region": region or own, "endpoint": endpoint, "aws_config": config}
            return boto3_conn(asking, conn_type="client", resource=service, **options)
        given = {key: params[key] for key in ("endpoint_url", "validate_certs", "aws_ca_bundle")}
        options = {**given, "aws_config": config, "region": region or self._module.region}
        return Boto3(options=options).client(service, region, session)

    def session(self, profile: str) -> Any:
        return Boto3().session(profile) if profile else None


class _Raising:
    """A module that raises instead of ending: several accounts are asked side by side, and a module has one answer."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def fail_json(self, msg: str, **_more: Any) -> NoReturn:
        raise ReadFailed(msg)

    def fail_json_aws(self, exception: Exception, **_more: Any) -> NoReturn:
        raise exception


def clients_of(module: Any, others: Mapping[str, Mapping[str, Any]] | None = None) -> Clients:
    """The clients of a module; ``others`` are the accounts that its parameters name, by their names."""
    mixed = module.params.get("access_key")  # a profile beside keys is refused, by amazon.aws
    profile = "" if mixed else module.params.get("profile") or ""
    own = Login(profile=profile, assume_role_arn=module.params.get("assume_role_arn") or "")
    named = {name: Login.of(way) for name, way in (others or {}).items()}
    return Clients(ModuleSdk(module), own, named, module.params.get("wait_timeout") or pace.PATIENCE)
