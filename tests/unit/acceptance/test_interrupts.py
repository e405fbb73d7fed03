# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C while everything is taken away."""

from __future__ import annotations

import os
import signal

import pytest
from acceptance.rights import EC2, OTHERS, principal
from acceptance.run import _unhurried
from botocore import xform_name
from botocore.session import get_session


def test_the_first_one_is_answered_and_the_second_one_heard() -> None:
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with _unhurried(said.append):
        os.kill(os.getpid(), signal.SIGINT)
        assert len(said) == 1
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arn", "asked"),
    [
        ("arn:aws:iam::111122223333:user/somebody", "arn:aws:iam::111122223333:user/somebody"),
        ("arn:aws-cn:sts::111122223333:assumed-role/admin/me", "arn:aws-cn:iam::111122223333:role/admin"),
    ],
)
def test_a_session_is_simulated_as_its_role(arn: str, asked: str) -> None:
    assert principal(arn) == asked


def test_every_right_is_an_action_of_aws() -> None:
    model = get_session().get_service_model("ec2")
    for action, parameters in EC2.items():
        known = model.operation_model(action).input_shape.members
        assert set(parameters) <= set(known), action
        assert ("DryRun" in known) != (f"ec2:{action}" in OTHERS), xform_name(action)
