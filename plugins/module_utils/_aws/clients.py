# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS clients of one or several accounts, their errors as sentences, and the few helpers that every read needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what to install
    from botocore.exceptions import BotoCoreError, ClientError

from .._core.errors import ReadFailed
from .._core.plan import WORKERS

#: Values that one EC2 filter takes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html).
FILTER_SIZE = 200
#: Throttled and broken requests are sent again, slower each time; several processes may share an account's buckets.
RETRIES = {"mode": "standard", "max_attempts": 8}


class Clients:
    """AWS clients with a module's credentials, or with those of another account where a plan needs them.

    ``access`` maps a name to how that account is reached: ``profile`` and ``assume_role_arn``. The name "" is the module's
    own account. Without a region a client takes the module's. Route 53 is global and takes us-east-1.
    """

    def __init__(self, module: Any, access: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._module = module
        own = {"assume_role_arn": module.params.get("assume_role_arn") or ""}
        self._access = {**(access or {}), "": own}
        self._known: dict[tuple[str, str, str], Any] = {}
        self._logins: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def get(self, service: str, access: str = "", region: str = "") -> Any:
        region = "us-east-1" if service == "route53" else region
        key = (service, access, region)
        with self._lock:  # making clients is not safe between threads, using them is
            if key not in self._known:
                self._known[key] = self._make(
                    service, {**self._login(access), **({"region": region} if region else {})}
                )
            return self._known[key]

    def _make(self, service: str, more: Mapping[str, Any]) -> Any:
        config = {"retries": RETRIES, "max_pool_connections": WORKERS + 2}
        return self._module.client(service, aws_config={**config, **(self._module.params["aws_config"] or {})}, **more)

    def _login(self, access: str) -> dict[str, Any]:
        if access not in self._logins:
            way = self._access[access]
            login: dict[str, Any] = {"profile_name": way["profile"]} if way.get("profile") else {}
            if way.get("assume_role_arn"):
                login = self._assume(way["assume_role_arn"], login)
            self._logins[access] = login
        return self._logins[access]

    def _assume(self, role: str, login: Mapping[str, Any]) -> dict[str, Any]:
        with reading("STS"):
            reply = self._make("sts", login).assume_role(RoleArn=role, RoleSessionName="astro.privatelink")
        keys = reply["Credentials"]
        return {
            "profile_name": None,
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }


def explain(problem: Exception) -> str:
    """An SDK error as a sentence that says what to do about it."""
    name, text = type(problem).__name__, str(problem)
    advice = {
        "NoCredentialsError": "Give credentials: a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.",
        "PartialCredentialsError": "Give both the access key and the secret key.",
        "ProfileNotFound": "Check the profile's name in ~/.aws/config.",
        "EndpointConnectionError": "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network.",
        "ConnectTimeoutError": "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network.",
        "ConnectionClosedError": "Check endpoint_url (AWS_ENDPOINT_URL) and the network.",
        "AuthFailure": "Check the credentials.",
        "InvalidClientTokenId": "Check the credentials.",
        "UnauthorizedOperation": "Allow the action for these credentials.",
        "AccessDenied": "Allow the action for these credentials.",
    }
    code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else name
    return f"{text.rstrip('.')}. {advice[code]}" if code in advice else text


class reading:
    """Turns SDK errors of a read into one that says what to do."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        if isinstance(problem, (BotoCoreError, ClientError)):
            raise ReadFailed(f"Could not read from {self.what}; nothing was changed. {explain(problem)}") from problem


def describe(ec2: Any, method: str, key: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """All pages of a describe call; the first filter may be of any length."""
    (name, values), *others = filters.items()
    rest = [{"Name": n, "Values": list(v)} for n, v in others]
    paginator = ec2.get_paginator(method)
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), FILTER_SIZE):
        chunk = {"Name": name, "Values": list(values[start : start + FILTER_SIZE])}
        for page in paginator.paginate(Filters=[chunk, *rest], PaginationConfig={"PageSize": 1000}):
            found += page[key]
    return found


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def poll(done: Callable[[], bool], timeout: float, pause: float = 0.5, longest: float = 5.0) -> bool:
    """Ask until it is done, ever less often; False at the timeout. All in seconds."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
    return True
