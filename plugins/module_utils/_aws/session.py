# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AWS is logged in to: with the credentials that are there, with a profile, or with a role of another account.

A profile that is named wins over keys in the environment, and a role's credentials are renewed before they end.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

with suppress(ImportError):  # AnsibleAWSModule says what to install
    import boto3
    import botocore
    import botocore.exceptions
    import botocore.session
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials

#: Requests that break are sent again, slower each time. What AWS throttles is a matter of `pace`.
RETRIES = {"mode": "standard", "max_attempts": 8}
#: The role session that CloudTrail shows.
SESSION = "astro.privatelink"


@dataclass(frozen=True, kw_only=True)
class Login:
    """How an account is reached. Both empty: with the credentials that are there."""

    profile: str = ""
    assume_role_arn: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Login:
        """From anything that may have ``profile`` and ``assume_role_arn``."""
        return cls(profile=given.get("profile") or "", assume_role_arn=given.get("assume_role_arn") or "")

    @property
    def account(self) -> str:
        """What tells its account from others without asking AWS: two names may be one account, one name is never two."""
        return self.assume_role_arn.split(":")[4] if self.assume_role_arn.count(":") > 4 else self.profile

    def __str__(self) -> str:
        named = [f"{kind} {name}" for kind, name in (("role", self.assume_role_arn), ("profile", self.profile)) if name]
        return " with ".join(named) or "the credentials that were given"


def versions() -> dict[str, str]:
    """Those of boto3 and botocore; empty texts where they are missing."""
    try:
        return {"boto3": boto3.__version__, "botocore": botocore.__version__}
    except NameError:
        return {"boto3": "", "botocore": ""}


class Sdk(Protocol):
    """What makes boto3 clients. ``session`` is a boto3 session, or None for the own credentials of the caller."""

    def client(self, service: str, region: str, session: Any = None) -> Any:
        """A client of one service and region; without a region it takes the caller's."""

    def session(self, profile: str) -> Any:
        """A session of a profile that has credentials, or of the caller's own; None if the caller has none to share."""


@dataclass(frozen=True, kw_only=True)
class Boto3:
    """boto3 with the options that a task gives, the names being those of amazon.aws's modules; else boto3's defaults."""

    options: Mapping[str, Any] = field(default_factory=dict)

    def client(self, service: str, region: str, session: Any = None) -> Any:
        config = {"retries": RETRIES, **(self.options.get("aws_config") or {})}
        verify = self.options.get("aws_ca_bundle") or self.options.get("validate_certs")
        return (session or self._session("")).client(
            service,
            region_name=region or self.options.get("region"),
            endpoint_url=self.options.get("endpoint_url"),
            verify=verify,
            config=Config(**config),
        )

    def session(self, profile: str) -> Any:
        return ready(self._session(profile))

    def _session(self, profile: str) -> Any:
        if profile or not self.options.get("access_key"):
            return boto3.session.Session(profile_name=profile or self.options.get("profile"))
        return boto3.session.Session(
            aws_access_key_id=self.options["access_key"],
            aws_secret_access_key=self.options.get("secret_key"),
            aws_session_token=self.options.get("session_token"),
        )


class PromptNeeded(Exception):
    """A login that asks somebody for something."""


def ready(session: Any) -> Any:
    """A session whose credentials are there: what is wrong with a login shows now, and not in the middle of something."""
    with suppress(AttributeError, botocore.exceptions.UnknownCredentialError):  # inner parts of botocore
        providers = session._session.get_component("credential_provider")
        providers.get_provider("assume-role")._prompter = _refuse
    credentials = session.get_credentials()
    if credentials is None:
        raise botocore.exceptions.NoCredentialsError()
    credentials.get_frozen_credentials()
    return session


def _refuse(prompt: str) -> str:
    """Nobody is there to type a code, and a prompt on a controller waits for ever."""
    raise PromptNeeded(f"it asks for something ({prompt.strip().rstrip(':')})")


def assume(sts: Any, role: str) -> Any:
    """A session of a role. Its credentials end after an hour by default; botocore asks for new ones before that."""

    def fetch() -> dict[str, str]:
        keys = sts.assume_role(RoleArn=role, RoleSessionName=SESSION)["Credentials"]
        return {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "token": keys["SessionToken"],
            "expiry_time": keys["Expiration"].isoformat(),
        }

    session: Any = botocore.session.get_session()
    session._credentials = RefreshableCredentials.create_from_metadata(
        fetch(), refresh_using=fetch, method="assume-role"
    )
    return boto3.session.Session(botocore_session=session)
