# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Systems Manager: running instances with an instance profile are managed; sessions with them do not exist here."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from .answering import Answering


class SystemsManager(Answering, SimpleSystemManagerResponse):
    def describe_instance_information(self) -> ActionResult:
        wanted = {value for each in self._get_param("Filters") or [] for value in each["Values"]}
        reservations = ec2_backends[self.current_account][self.region].reservations.values()
        running = [
            instance
            for reservation in reservations
            for instance in reservation.instances
            if instance.state == "running" and instance.iam_instance_profile
        ]
        known = [each.id for each in running if not wanted or each.id in wanted]
        return ActionResult(
            {"InstanceInformationList": [{"InstanceId": each, "PingStatus": "Online"} for each in known]}
        )
