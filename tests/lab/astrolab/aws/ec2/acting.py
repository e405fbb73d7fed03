# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""What holds for every EC2 action: the backend of the caller, DryRun, tags, filters and pages."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response

from ..answering import Answering
from ..errors import DryRun
from . import choosing, filters, pages, tags
from .backend import Backend
from .choosing import filtered


class Acting(Answering, EC2Response):
    _sandbox: Backend | None = None

    @property
    def ec2_backend(self) -> Backend:
        return self._sandbox or cast(Backend, ec2_backends[self.current_account][self.region])

    def error_on_dryrun(self) -> None:
        """Too early in moto: AWS checks the request first. See perform()."""

    def perform(self, action: str) -> Any:
        """A dry run is the real thing on a copy that is thrown away, so it finds the same errors."""
        wanted = self._filters_from_querystring() if action in filters.FILTERS else {}
        filters.check(action, wanted)
        size = self._get_int_param("MaxResults")
        tags.check(self.params)
        pages.check_size(action, size, any(name.endswith("Ids") for name in self.params))
        dry = self._get_bool_param("DryRun", False)
        if dry and self.call.mutating:
            self._sandbox = self.ec2_backend.sandbox()
        result = super().perform(action)
        if dry:
            raise DryRun()
        if isinstance(result, ActionResult) and action in filters.FILTERS:
            self._cut(action, cast(dict[str, Any], result.result), wanted, size)
        return result

    def _cut(self, action: str, answer: dict[str, Any], wanted: dict[str, Any], size: int | None) -> None:
        key = next(each for each in answer if each.lower() == pages.PAGED[action].lower())  # moto's case varies
        if action in filters.IGNORED_BY_MOTO:
            answer[key] = [each.thing for each in filtered(map(choosing.ByAttribute, answer[key]), wanted)]
        answer[key], answer["NextToken"] = pages.page(
            action, list(answer[key] or []), size, self._get_param("NextToken")
        )


def failure(resource_id: str, code: str, message: str) -> dict[str, Any]:
    return {"ResourceId": resource_id, "Error": {"Code": code, "Message": message}}
