# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins: each way in which one fails has a text that names the profile or role and says what to do; whose keys are taken."""

from __future__ import annotations

import stat

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import clients as aws_clients
from ansible_collections.astro.privatelink.plugins.module_utils._aws.fleet import Fleets
from ansible_collections.astro.privatelink.plugins.module_utils._aws.session import Boto3, Login
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import ReadFailed
from botocore import exceptions as aws
from botocore.exceptions import ClientError


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AssumeRole")


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes ~/.aws/config as Ansible's user has it; no other credentials are there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HOME", str(tmp_path))

    def write(text):
        (tmp_path / "config").write_text(text.replace("HERE", str(tmp_path)))
        script = tmp_path / "broken"
        script.write_text("#!/bin/sh\necho this is no JSON\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)

    write("")
    return write


BASE = "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n"


@pytest.mark.parametrize(
    ("profile", "text", "said", "advice"),
    [
        ("nobody", "", "could not be found", "Check the profile's name"),
        ("empty", "[profile empty]\nregion = us-east-1\n", "Unable to locate credentials", "Provide credentials"),
        (
            "half",
            "[profile half]\naws_access_key_id = a\n",
            "Partial credentials",
            "both the access key and the secret",
        ),
        (
            "mfa",
            f"{BASE}[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
            "mfa_serial = arn:aws:iam::123456789012:mfa/me\n",
            "asks for something",
            "session",
        ),
        (
            "gone",
            "[profile gone]\ncredential_process = HERE/none\n",
            "No such file",
            "a login must work without a prompt",
        ),
        ("odd", "[profile odd]\ncredential_process = HERE/broken\n", "", "a login must work without a prompt"),
        ("fails", "[profile fails]\ncredential_process = /bin/false\n", "custom-process", "a login must work without"),
        (
            "sso",
            "[profile sso]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\nsso_account_id = 123456789012\n"
            "sso_role_name = r\n",
            "SSO",
            "aws sso login",
        ),
        (
            "sso2",
            "[profile sso2]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
            "[sso-session s]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n",
            "oken",
            "aws sso login",
        ),
        (
            "loop",
            "[profile loop]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = lost\n",
            "lost",
            "Check the profile",
        ),
        ("broken", "[profile broken\n", "", "Check the profile"),
    ],
)
def test_a_profile_that_fails(config, profile, text, said, advice):
    config(text)
    with pytest.raises(ReadFailed) as raised:
        aws_clients.Clients(Boto3(), Login(profile=profile)).get("ec2", region="us-east-1")
    message = str(raised.value)
    assert message.startswith(f"Could not log in to AWS with profile {profile}: ")
    assert said in message
    assert advice in message


class Sdk:
    """Fails each login with the same problem."""

    def __init__(self, problem):
        self.problem, self.asked = problem, 0

    def session(self, _profile):
        self.asked += 1
        raise self.problem

    def client(self, *_arguments):
        raise self.problem


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (refused("AccessDenied"), "Allow the action"),
        (refused("ExpiredToken"), "log in again"),
        (refused("InvalidClientTokenId"), "Enable the region for the account"),
        (refused("UnrecognizedClientException"), "Enable the region for the account"),
        (refused("RegionDisabledException"), "Enable the region for the account"),
        (refused("OptInRequired"), "Enable the region for the account"),
        (refused("SignatureDoesNotMatch"), "clock"),
        (aws.UnauthorizedSSOTokenError(), "aws sso login"),
        (aws.SSOTokenLoadError(error_msg="x"), "aws sso login"),
        (aws.TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
        (aws.EndpointConnectionError(endpoint_url="http://x"), "the network"),
        (FileNotFoundError(2, "No such file or directory"), "Check the profile or role"),
        (EOFError(), "Check the profile or role"),
        (RuntimeError(""), "Check the profile or role"),
    ],
)
def test_a_role_that_cannot_be_taken(problem, advice):
    login = Login(profile="base", assume_role_arn="arn:aws:iam::123456789012:role/r")
    clients = aws_clients.Clients(Sdk(problem), login)
    with pytest.raises(ReadFailed, match=r"with role arn:aws:iam::123456789012:role/r with profile base: \S") as raised:
        clients.get("ec2", region="us-east-1")
    assert advice in str(raised.value)


def test_a_login_is_tried_once():
    sdk = Sdk(EOFError())
    clients = aws_clients.Clients(sdk, Login(profile="x"))
    for service in ("ec2", "route53"):
        with pytest.raises(ReadFailed):
            clients.get(service, region="us-east-1")
    assert sdk.asked == 1


def test_one_account_that_cannot_be_entered_fails_its_own_vpcs():
    fleet = {"region": "us-east-1", "profile": "x", "links": [{"name": "one", "vpc_id": "vpc-1", "service_name": "s"}]}
    (said,) = Fleets(sdk=Sdk(EOFError()), check=False).endpoints([fleet])
    assert [(one["code"], one["vpc"]) for one in said["findings"]] == [("READ_FAILED", "one")]
    assert "profile x" in said["findings"][0]["text"]


def keys(named, /, **options):
    return Boto3(options=options).session(named).get_credentials().get_frozen_credentials().access_key


def test_a_profile_wins_over_keys_of_the_environment(config, monkeypatch):
    config(BASE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert keys("base") == "a"
    assert keys("", profile="base") == "a"
    assert keys("base", access_key="of-the-task", secret_key="s") == "a"
    assert keys("", access_key="of-the-task", secret_key="s") == "of-the-task"
    assert keys("") == "of-the-environment"


@pytest.mark.parametrize(
    ("region", "home"),
    [
        ("eu-west-1", "us-east-1"),
        ("", "us-east-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("us-iso-west-1", "us-iso-east-1"),
        ("us-isob-east-1", "us-isob-east-1"),
        ("eu-isoe-west-1", "eu-isoe-west-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
    ],
)
def test_zones_are_asked_for_in_the_partition_of_the_region(region, home):
    assert aws_clients.home_region(region) == home
