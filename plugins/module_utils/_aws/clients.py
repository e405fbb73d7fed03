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
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ResponseStreamingError
    from botocore.parsers import ResponseParserError

from .._core.errors import ReadFailed
from .._core.text import without_login
from . import pace
from .answers import UNCLEAR
from .not_yet import VISIBLE_AFTER
from .session import Login, Sdk, assume

#: Values that one EC2 filter takes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html).
FILTER_SIZE = 200


class Clients:
    """AWS clients of one account, and of the other accounts that a plan needs.

    ``others`` are those accounts, by the names that `Call.access` has for them; the name "" is the own account.
    ``patience`` are the seconds for which a call that AWS throttles is sent again.
    """

    def __init__(
        self,
        sdk: Sdk,
        own: Login | None = None,
        others: Mapping[str, Login] | None = None,
        patience: float = pace.PATIENCE,
    ) -> None:
        self._sdk, self._patience = sdk, max(patience, VISIBLE_AFTER)
        self._logins = {**(others or {}), "": own or Login()}
        self._sessions: dict[str, Any] = {}
        self._known: dict[tuple[str, str, str], Any] = {}
        self._refused: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, service: str, access: str = "", region: str = "") -> Any:
        """A client; Route 53, which is global, in the home region of the partition. Raises ReadFailed without a login."""
        region = home_region(region) if service == "route53" else region
        key = (service, access, region)
        with self._lock:  # making clients is not safe between threads, using them is
            if access in self._refused:
                raise ReadFailed(self._refused[access])  # each login is tried once
            if key not in self._known:
                try:
                    client = _whole(self._sdk.client(service, region, self._session(access, region)))
                    pace.attach(client, self._logins[access].account, self._patience)
                    self._known[key] = client
                except Exception as problem:  # helpers for credentials, of whatever make, raise anything
                    self._refused[access] = no_login(self._logins[access], problem)
                    raise ReadFailed(self._refused[access]) from problem
            return self._known[key]

    def _session(self, access: str, region: str) -> Any:
        if access not in self._sessions:
            login = self._logins[access]
            session = self._sdk.session(login.profile)
            if login.assume_role_arn:
                session = assume(self._sdk.client("sts", region, session), login.assume_role_arn)
            self._sessions[access] = session
        return self._sessions[access]


#: Where Route 53 of a partition is asked, by how the names of its regions begin; elsewhere in us-east-1.
#: https://docs.aws.amazon.com/general/latest/gr/r53.html and botocore's data/endpoints.json
_HOMES = {
    "cn-": "cn-northwest-1",
    "us-gov-": "us-gov-west-1",
    "us-iso-": "us-iso-east-1",
    "us-isob-": "us-isob-east-1",
    "eu-isoe-": "eu-isoe-west-1",
    "us-isof-": "us-isof-south-1",
    "eusc-": "eusc-de-east-1",
}


def home_region(region: str) -> str:
    """Where Route 53, which is global in each partition, is asked for a region."""
    return next((home for start, home in _HOMES.items() if region.startswith(start)), "us-east-1")


def no_login(login: Login, problem: Exception) -> str:
    """What is told of a login that fails: whose it is, what was wrong, and what to do."""
    said = explain(problem) or type(problem).__name__
    text = f"Could not log in to AWS with {login}: {said.rstrip('.')}."
    return text if _advice(problem) else f"{text} {_LOGIN}"


def explain(problem: Exception) -> str:
    """An SDK error as a sentence that says what to do about it."""
    text, advice = without_login(str(problem)), _advice(problem)
    return f"{text.rstrip('.')}. {advice}" if advice else text


def _advice(problem: Exception) -> str:
    code = type(problem).__name__
    if isinstance(problem, ClientError):
        code = problem.response.get("Error", {}).get("Code", "")
    return next((advice for codes, advice in _ADVICE.items() if code in codes), "")


_LOGIN = "Check the profile or role; a login must work without a prompt. Log in first, for example: aws sso login --profile NAME."
_REGION = "Enable the region for the account, or check privatelink_region: in AWS's console under Account, AWS Regions."
_NETWORK = "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network."
_ALLOW = "Allow the action for these credentials; a service control policy may deny it, too."

#: What to do about an error: AWS's codes and the names of botocore's exceptions.
_ADVICE: dict[tuple[str, ...], str] = {
    ("NoCredentialsError",): "Provide credentials: a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.",
    ("PartialCredentialsError",): "Provide both the access key and the secret key.",
    (
        "ProfileNotFound",
    ): "Check the profile's name in ~/.aws/config (or AWS_CONFIG_FILE), on the machine where Ansible runs.",
    (
        "PromptNeeded",
    ): "Take a session before, for example: aws sts get-session-token, and use a profile with its keys.",
    ("RegionDisabledException",): _REGION,
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
    (
        "ConnectionClosedError",
        "HTTPClientError",
        "ResponseStreamingError",
    ): "Check endpoint_url (AWS_ENDPOINT_URL) and the network.",
    ("AuthFailure", "OptInRequired"): f"Check the credentials. {_REGION}",
    (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ): f"Check the credentials. A region that is not enabled for the account answers so, too. {_REGION}",
    (
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
    ): "Check the secret key, and this machine's clock.",
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


#: Characters of a broken answer that are shown.
_SHOWN = 200
#: How often something is read whose answer does not arrive whole.
_READS = 3


def _whole(client: Any) -> Any:
    """A client for which an answer that ends in the middle is what a connection that ends is: of botocore's own errors, which everybody
    expects. Reads are sent again, as botocore does after other errors of a connection."""
    send = client._make_api_call

    def sent(operation: str, arguments: Any) -> Any:
        left = _READS if operation.startswith(("Describe", "Get", "List")) else 1
        while True:
            left -= 1
            try:
                return send(operation, arguments)
            except (ResponseParserError, ResponseStreamingError) as problem:
                if not left:
                    raise HTTPClientError(error=f"{problem}"[:_SHOWN]) from problem

    client._make_api_call = sent
    return client


class reading:
    """Turns whatever the SDK raises while it reads, and answers of an unknown form, into an error that says what to do."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        if isinstance(problem, (BotoCoreError, ClientError, Boto3Error)):
            raise ReadFailed(f"Could not read from {self.what}. {explain(problem)}") from problem
        if isinstance(problem, (OSError, EOFError)):  # credentials are renewed while AWS is read
            raise ReadFailed(
                f"Could not log in for {self.what}: {str(problem) or type(problem).__name__}. {_LOGIN}"
            ) from problem
        if isinstance(problem, UNCLEAR):
            raise ReadFailed(
                f"An answer of {self.what} has an unknown form ({type(problem).__name__}: {problem}). "
                "Check endpoint_url (AWS_ENDPOINT_URL) and proxies; if AWS did answer, please report it."
            ) from problem


def describe(ec2: Any, method: str, key: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """All pages of a describe call; the first filter may be of any length. A page may lack the list, where it is empty."""
    (name, values), *others = filters.items()
    rest = [{"Name": n, "Values": list(v)} for n, v in others]
    paginator = ec2.get_paginator(method)
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), FILTER_SIZE):
        chunk = {"Name": name, "Values": list(values[start : start + FILTER_SIZE])}
        for page in paginator.paginate(Filters=[chunk, *rest], PaginationConfig={"PageSize": 1000}):
            found += page.get(key) or []
    return found


def poll(done: Callable[[], bool], timeout: float, pause: float = 0.5, longest: float = 5.0) -> bool:
    """Ask until it is done, ever less often; False at the timeout. All in seconds."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
    return True
