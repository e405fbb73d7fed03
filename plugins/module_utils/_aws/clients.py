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
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

from .._core.errors import ReadFailed
from .session import Login, Sdk, assume

#: Values that one EC2 filter takes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html).
FILTER_SIZE = 200


class Clients:
    """AWS clients of one account, and of the other accounts that a plan needs.

    ``others`` are those accounts, by the names that `Call.access` has for them; the name "" is the own account.
    """

    def __init__(self, sdk: Sdk, own: Login | None = None, others: Mapping[str, Login] | None = None) -> None:
        self._sdk = sdk
        self._logins = {**(others or {}), "": own or Login()}
        self._sessions: dict[str, Any] = {}
        self._known: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, access: str = "", region: str = "") -> Any:
        """A client; Route 53, which is global, in the home region of the partition. Raises ReadFailed without a login."""
        region = home_region(region) if service == "route53" else region
        key = (service, access, region)
        with self._lock:  # making clients is not safe between threads, using them is
            if key not in self._known:
                with reading(f"AWS with {self._logins[access]}"):
                    self._known[key] = self._sdk.client(service, region, self._session(access, region))
            return self._known[key]

    def _session(self, access: str, region: str) -> Any:
        if access not in self._sessions:
            login = self._logins[access]
            session = self._sdk.session(login.profile) if login.profile else None
            if login.assume_role_arn:
                session = assume(self._sdk.client("sts", region, session), login.assume_role_arn)
            self._sessions[access] = session
        return self._sessions[access]


def home_region(region: str) -> str:
    """Where Route 53 of a region's partition is asked (https://docs.aws.amazon.com/general/latest/gr/r53.html)."""
    if region.startswith("cn-"):
        return "cn-northwest-1"
    return "us-gov-west-1" if region.startswith("us-gov-") else "us-east-1"


def explain(problem: Exception) -> str:
    """An SDK error as a sentence that says what to do about it."""
    name, text = type(problem).__name__, str(problem)
    code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else name
    advice = next((advice for codes, advice in _ADVICE.items() if code in codes), "")
    return f"{text.rstrip('.')}. {advice}" if advice else text


_LOGIN = "Check the profile or role; a login must work without a prompt. Log in first, for example: aws sso login --profile NAME."
_NETWORK = "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network."
_ALLOW = "Allow the action for these credentials; a service control policy may deny it, too."

#: What to do about an error: AWS's codes and the names of botocore's exceptions.
_ADVICE: dict[tuple[str, ...], str] = {
    ("NoCredentialsError",): "Provide credentials: a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.",
    ("PartialCredentialsError",): "Provide both the access key and the secret key.",
    ("ProfileNotFound",): "Check the profile's name in ~/.aws/config.",
    ("InvalidRegionError", "NoRegionError"): "Check privatelink_region, or region: a region looks like us-east-1.",
    (
        "CredentialRetrievalError",
        "MetadataRetrievalError",
        "InvalidConfigError",
        "ConfigParseError",
        "InfiniteLoopConfigError",
        "UnknownCredentialError",
        "RefreshWithMFAUnsupportedError",
        "ParamValidationError",
        "SSOTokenLoadError",
        "SSOError",
        "UnauthorizedSSOTokenError",
        "PendingAuthorizationExpiredError",
        "TokenRetrievalError",
        "LoginTokenLoadError",
        "LoginRefreshTokenExpired",
    ): _LOGIN,
    (
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyConnectionError",
        "SSLError",
    ): _NETWORK,
    ("ConnectionClosedError", "HTTPClientError"): "Check endpoint_url (AWS_ENDPOINT_URL) and the network.",
    ("ResponseParserError",): "That is no answer of AWS: check endpoint_url (AWS_ENDPOINT_URL) and proxies.",
    ("AuthFailure", "OptInRequired"): "Check the credentials, and that the region is enabled for the account.",
    ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"): "Check the credentials.",
    (
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    ): "The credentials have expired: log in again. Check the clock.",
    ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"): _ALLOW,
    (
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
    ): "AWS throttles this account: run again when it is quieter.",
}


class reading:
    """Turns whatever the SDK raises while it reads, or logs in, into an error that says what to do."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        if isinstance(problem, (BotoCoreError, ClientError, Boto3Error)):
            raise ReadFailed(f"Could not read from {self.what}. {explain(problem)}") from problem
        if isinstance(problem, (OSError, EOFError)):  # a credential_process that is not there, a prompt for an MFA code
            raise ReadFailed(
                f"Could not log in for {self.what}: {problem or type(problem).__name__}. {_LOGIN}"
            ) from problem


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
