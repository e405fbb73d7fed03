# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps every answer of AWS that a session gets, as lines of JSON, without anything that says whose it was."""

from __future__ import annotations

import functools
import json
import threading
from pathlib import Path
from typing import Any, TextIO

from botocore.model import OperationModel, Shape

from .replacing import Replacer

Line = dict[str, Any]
_ELSEWHERE = ("ResponseMetadata", "Error", "message", "Message")  # an error's, which has a place of its own


class Recorder:
    """`label` may be set to what is going on, such as the name of a test."""

    def __init__(self, file: Path) -> None:
        self.file, self.label = file, ""
        self._replacer, self._lock = Replacer(), threading.Lock()
        self._stream: TextIO | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_unused: object) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None

    def listen(self, session: Any) -> None:
        """To all clients that a boto3 session makes from now on."""
        session.events.register("before-parameter-build", self._asked)
        session.events.register("after-call", self._answered)

    def _asked(self, params: Any, context: Any, **_unused: Any) -> None:
        context["asked"] = dict(params)

    def _answered(self, http_response: Any, parsed: Any, model: OperationModel, context: Any, **_unused: Any) -> None:
        with self._lock:
            self._write(self.line(model, context.get("asked", {}), parsed, http_response.status_code))

    def line(self, model: OperationModel, asked: Any, parsed: Any, status: int) -> Line:
        words = vocabulary(model)
        answer = {key: value for key, value in parsed.items() if key not in _ELSEWHERE}
        error = parsed.get("Error", {})
        return {
            "label": self.label,
            "service": model.service_model.service_name,
            "operation": model.name,
            "asked": self._replacer.value(asked, words=words),
            "status": status,
            "error": error.get("Code"),
            "message": self._replacer.message(error.get("Message", "")),
            "answer": self._replacer.value(answer, words=words),
        }

    def _write(self, line: Line) -> None:
        if self._stream is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.file.open("a")
        self._stream.write(json.dumps(line, sort_keys=True, default=str) + "\n")
        self._stream.flush()


def vocabulary(model: OperationModel) -> frozenset[str]:
    """The words that a service's model gives for an operation, in its question and its answer."""
    return _vocabulary(model.service_model.service_name, model.name, model)


_seen: dict[tuple[str, str], frozenset[str]] = {}


def _vocabulary(service: str, operation: str, model: OperationModel) -> frozenset[str]:
    if (service, operation) not in _seen:
        found: set[str] = set(_filters())
        for shape in (model.input_shape, model.output_shape):
            if shape is not None:
                _collect(shape, found, set())
        _seen[service, operation] = frozenset(found)
    return _seen[service, operation]


@functools.cache
def _filters() -> frozenset[str]:
    """Names of filters are in no model."""
    from astrolab.aws.ec2.filters import FILTERS

    return frozenset(name for names in FILTERS.values() for name in names)


def _collect(shape: Shape, found: set[str], seen: set[str]) -> None:
    if shape.name in seen:
        return
    seen.add(shape.name)
    found.update(getattr(shape, "enum", ()))
    below = [*getattr(shape, "members", {}).values()] if shape.type_name == "structure" else []
    below += [getattr(shape, each) for each in ("member", "key", "value") if hasattr(shape, each)]
    for each in below:
        _collect(each, found, seen)
