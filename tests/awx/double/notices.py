# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: which messages a controller takes, and what each type makes of them. README.md has the sources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_EVENTS = {"started", "success", "error"}
_APPROVALS = {"running", "approved", "timed_out", "denied"}
#: What a message is tried with.
_STUB: dict[str, Any] = {
    "job": {"id": 42, "name": "Stub", "status": "running", "artifacts": {}, "job_explanation": "", "limit": "bar"},
    "job_friendly_name": "Job",
    "url": "https://platformhost/#/jobs/playbook/1010",
    "approval_status": "approved",
    "approval_node_name": "Approve Me",
    "workflow_url": "https://platformhost/#/jobs/workflow/1010",
    "job_metadata": "{}",
}
#: Types whose body is data, and types that show a body at all; the others show the message alone.
_DATA, _WITH_BODY = {"webhook", "pagerduty"}, {"webhook", "pagerduty", "email", "awssns"}


def complaints(messages: Any) -> list[str]:
    """What is wrong with the messages of a notification template."""
    found = []
    for part, text, event in _parts(messages or {}):
        if part not in {"message", "body"}:
            found.append(f"Message type '{part}' invalid, must be either 'message' or 'body'")
        elif not isinstance(text, str):
            found.append(f"Expected string for '{text}', found {type(text)}, ")
        elif part == "message" and "\n" in text:
            found.append(f"Messages cannot contain newlines (found newline in {event} event)")
        else:
            try:
                ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(_STUB)
            except (TemplateSyntaxError, UndefinedError, SecurityError) as problem:
                found.append(f"Unable to render message '{text}': {problem}")
    return found


def _parts(messages: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for event, texts in messages.items():
        below = texts.items() if event == "workflow_approval" else [(event, texts)]
        for name, parts in below:
            known = _APPROVALS if event == "workflow_approval" else _EVENTS
            if name not in known:
                yield name, None, event
            else:
                yield from ((part, text, name) for part, text in (parts or {}).items())


def told(kind: str, texts: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a notification of a type shows: ``facts`` are those of a job, or of an approval."""
    jinja = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
    shown: dict[str, Any] = {
        part: jinja.from_string(texts.get(part) or "").render(**facts) for part in ("message", "body")
    }
    if kind in _DATA:
        try:
            shown["body"] = json.loads(shown["body"])
        except json.JSONDecodeError:
            shown["body"] = {}
    elif kind not in _WITH_BODY:
        shown["body"] = ""
    return shown
