# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps on Astro share: how to log in, and what they answer. Whose list may be changed each step decides itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..module_utils._astro import access, api
from ..module_utils._astro.jobs import ListAnswer
from ..module_utils._astro.lists import Lists
from ..module_utils._core.findings import Finding
from ..module_utils._core.text import printable
from ..module_utils._report import plan
from . import _speak
from ._step import Step


class AstroStep(Step):
    """A step of role harden. Its result is the same whether the run succeeds or not."""

    role = "harden"

    def client(self, pause: Callable[[float], None] = time.sleep) -> api.Client:
        given = {name: self.settings[name] for name in ("organization_id", "api_token", "api_url")}
        return api.client({**given, "api_timeout": 30}, self._around(), pause)

    def _around(self) -> dict[str, str]:
        """The environment, and the keyword of that name: modules would have had it."""
        found = dict(os.environ)
        for each in self._task.environment or ():
            given = self._templar.template(each)
            found |= {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
        return found

    # --- before anything is sent

    def confused(self, wanted: Sequence[access.Want]) -> list[Finding]:
        client = self.client()
        return [
            one
            for each in wanted
            for one in access.confusion(client.organization_id, each.deployment_id, each.ranges or (), client.url)
        ]

    @staticmethod
    def wrong(lists: Lists) -> list[Finding]:
        return [one for one in lists.findings if one.severity == "error"]

    # --- what came of it

    @staticmethod
    def errors(answers: Iterable[ListAnswer]) -> list[str]:
        return [
            f"{one['vpc']}: {one['text']}" for each in answers for one in each["findings"] if one["severity"] == "error"
        ]

    def refused(self, found: Iterable[Finding], answers: Sequence[ListAnswer] = ()) -> dict[str, Any]:
        """Nothing was sent, and why."""
        lines = [*dict.fromkeys(str(one) for one in found), "No list was changed by this run."]
        return self._result(answers, changed=False, failed=True, msg="\n".join(lines))

    def done(self, answers: Sequence[ListAnswer]) -> dict[str, Any]:
        self.say(plan.lines(answers, self.check) or ["No list of allowed ranges needs a change."])
        self.warn([one for answer in answers for one in answer["findings"] if one["severity"] == "warning"])
        before, after = ({k: v for a in answers for k, v in a["diff"][side].items()} for side in ("before", "after"))
        diff = {"diff": {"before": before, "after": after}} if before != after else {}
        return self._result(answers, changed=any(answer["changed"] for answer in answers), **diff)

    def failed(self, text: str, answers: Sequence[ListAnswer], sent: bool) -> dict[str, Any]:
        """Something was wrong; ``sent`` says that an update was sent, or may have been."""
        self.say(text.splitlines())
        return self._result(answers, changed=sent, failed=True, msg=text)

    @staticmethod
    def _result(answers: Sequence[ListAnswer], **more: Any) -> dict[str, Any]:
        kept = ("deployment", "before", "after", "restricted", "changed", "calls", "findings")
        if "msg" in more:
            more["msg"] = "\n".join(printable(line, 20_000) for line in more["msg"].splitlines())
        return {"deployments": [{key: answer[key] for key in kept} for answer in answers], **more}  # type: ignore[literal-required]

    def say_whole(self, lines: Iterable[str]) -> None:
        """Commands to copy, before what they undo is done: these are never cut short, and stay if this run is killed."""
        _speak.say(lines, longest=20_000)
        _speak.said()
