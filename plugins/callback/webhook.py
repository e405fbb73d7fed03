# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells a webhook what a run of this collection came to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: webhook
type: notification
short_description: Tells a webhook what a run of this collection came to
version_added: 0.10.0
author: Contributors to astro.privatelink (@astro-privatelink)
description:
  - Posts the result that the playbooks of this collection hand on (C(privatelink_result)) as JSON, once at the end of a run, with the
    verdict, how many VPCs there are, and the findings with their remedies. For those without an automation controller, which has
    notifications of its own.
  - Runs in check mode, and runs of other playbooks, have no such result and post nothing.
  - If the webhook does not take it, a warning says so; the run is not affected.
requirements:
  - To be enabled, C(callbacks_enabled=astro.privatelink.webhook) in C(ansible.cfg), or E(ANSIBLE_CALLBACKS_ENABLED).
options:
  url:
    description: Where to post. It is never shown, since such an address often is a secret. Without it nothing is posted.
    type: str
    env:
      - name: PRIVATELINK_WEBHOOK_URL
    ini:
      - section: callback_privatelink_webhook
        key: url
  form:
    description: What to post.
    type: str
    default: result
    choices:
      result: C(playbook), C(text) and C(result).
      text: C(text) alone, as incoming webhooks of chats take it, such as those of Slack and Mattermost.
    env:
      - name: PRIVATELINK_WEBHOOK_FORM
    ini:
      - section: callback_privatelink_webhook
        key: form
  which:
    description: Which runs are told of.
    type: str
    default: failed
    choices:
      failed: Those that failed.
      all: All of them.
    env:
      - name: PRIVATELINK_WEBHOOK_WHICH
    ini:
      - section: callback_privatelink_webhook
        key: which
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url
from ansible.plugins.callback import CallbackBase

from ..module_utils._report.handed_on import KEY
from ..module_utils._report.notice import body


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "astro.privatelink.webhook"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = Path(playbook._file_name).stem

    def v2_playbook_on_stats(self, stats: Any) -> None:
        result = stats.custom.get("_run", {}).get(KEY)
        url = self.get_option("url")
        if not result or not url or (result.get("passed") and self.get_option("which") == "failed"):
            return
        content = json.dumps(body(self._playbook, result, self.get_option("form"))).encode()
        try:
            open_url(url, data=content, method="POST", headers={"Content-Type": "application/json"}, timeout=15).close()
        except Exception as problem:  # ways to fail differ between Python versions, and none of them is the run's
            said = getattr(problem, "code", None) or type(problem).__name__
            self._display.warning(
                f"The webhook of PRIVATELINK_WEBHOOK_URL did not take the result: {said}. Check the address and the network."
            )
