# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control paths that are not about one AWS behaviour: settings, reset, clock, and paths of others."""

from __future__ import annotations

import urllib.error

import pytest

from .conftest import AGENTS, OTHERS, Aws


def test_settings_can_be_read_and_changed(aws: Aws) -> None:
    aws.control("PATCH", "settings", {"insync_seconds": 1, "denied": {AGENTS: ["ec2:*"]}, "buckets": {"ec2:*": [1, 2]}})
    settings = aws.control("GET", "settings")
    assert (settings["insync_seconds"], settings["denied"]) == (1, {AGENTS: ["ec2:*"]})
    assert settings["buckets"] == {"ec2:*": {"burst": 1, "per_second": 2}}


@pytest.mark.parametrize("wrong", [{"insync_second": 1}, {"insync_seconds": "soon"}, {"throttle": 1}])
def test_a_wrong_setting_is_refused_and_changes_nothing(aws: Aws, wrong: dict[str, object]) -> None:
    before = aws.control("GET", "settings")
    with pytest.raises(urllib.error.HTTPError):
        aws.control("PATCH", "settings", {"hidden_seconds": 5, **wrong})
    assert aws.control("GET", "settings") == before


def test_reset_forgets_everything(aws: Aws) -> None:
    vpc = aws.vpc(account=OTHERS)
    zone = aws.zone(aws.vpc())
    aws.control("PATCH", "settings", {"hidden_seconds": 5})
    aws.control("POST", "faults", {"fault": "refused", "at": 99})
    aws.control("POST", "clock", {"advance": 60})
    aws.control("POST", "reset")
    assert aws.control("GET", "calls")["total"] == 0
    assert aws.control("GET", "faults") == []
    assert aws.control("GET", "settings")["hidden_seconds"] == 0
    assert aws.control("GET", "clock")["ahead"] == 0
    with aws.refuses("InvalidVpcID.NotFound"):
        aws.client("ec2", OTHERS).describe_vpcs(VpcIds=[vpc])
    with aws.refuses("NoSuchHostedZone", 404):
        aws.route53.get_hosted_zone(Id=zone)


def test_what_a_test_puts_into_the_settings_is_gone_after_a_reset(aws: Aws) -> None:
    aws.settings.denied[AGENTS] = ["ec2:*"]
    aws.control("POST", "reset")
    assert aws.control("GET", "settings")["denied"] == {}


def test_others_add_their_own_paths(aws: Aws) -> None:
    aws.double.control("net/ping", lambda line, body: (200, {"line": line, "body": body.decode()}))
    assert aws.control("POST", "net/ping", {"a": 1}) == {"line": "POST /_lab/net/ping", "body": '{"a": 1}'}


def test_an_unknown_path_is_not_found(aws: Aws) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        aws.control("GET", "nothing")
    assert caught.value.code == 404
