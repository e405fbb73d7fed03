# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body that a webhook gets of a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .handed_on import words

#: What chats act on in a text, such as <!channel>: https://api.slack.com/reference/surfaces/formatting#escaping
_FOR_CHATS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def body(playbook: str, result: Mapping[str, Any], form: str) -> dict[str, Any]:
    """``result`` is what the run handed on; in the ``form`` text for a chat, else whole."""
    text = f"{playbook}: {result.get('text') or words(result)}"
    return (
        {"text": text.translate(_FOR_CHATS)}
        if form == "text"
        else {"playbook": playbook, "text": text, "result": dict(result)}
    )
