# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the double what AWS was asked, and puts its answers beside AWS's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from .comparing import Difference, Line, line_differences
from .recorder import Recorder
from .replacing import REMOVED

#: What gives a client of a service.
Clients = Callable[[str], Any]


def replayed(lines: Iterable[Line], clients: Clients) -> list[Difference]:
    """The first answer of one rule that differs; names of what AWS made become those of what the double makes."""
    names: dict[str, str] = {}
    recorder = Recorder(Path("/dev/null"))
    for line in lines:
        asked = renamed(line["asked"], names)
        if REMOVED in json.dumps(asked):
            return []  # a secret was part of the question, so it cannot be asked again
        client = clients(line["service"])
        parsed = _ask(client, line["operation"], asked)
        status = parsed["ResponseMetadata"]["HTTPStatusCode"]
        here = recorder.line(client.meta.service_model.operation_model(line["operation"]), asked, parsed, status)
        if found := list(line_differences(line["label"], line, here)):
            return found
        learn(line["answer"], parsed, names)
    return []


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def learn(there: Any, here: Any, names: dict[str, str]) -> None:
    """What stands at the same place of two answers is the same thing."""
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in there.keys() & here.keys():
            learn(there[key], here[key], names)
    elif isinstance(there, list) and isinstance(here, list):
        for one, other in zip(there, here, strict=False):
            learn(one, other, names)
    elif isinstance(there, str) and isinstance(here, str):
        names.setdefault(there, here)


def _ask(client: Any, operation: str, asked: Mapping[str, Any]) -> Any:
    try:
        return getattr(client, xform_name(operation))(**asked)
    except ClientError as error:
        return error.response
    except ParamValidationError as error:  # AWS's own library does not let this through
        return {
            "Error": {"Code": "ParamValidation", "Message": str(error)},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
