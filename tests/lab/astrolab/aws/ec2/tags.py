# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 asks of the tags of a request, whichever call carries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import AwsError

LONGEST_KEY, LONGEST_VALUE, MOST = 128, 256, 50


def check(parameters: Mapping[str, Any]) -> None:
    """Of everything that the request tags."""
    for tags in _lists(parameters):
        if len(tags) > MOST:
            raise AwsError("TagLimitExceeded", f"More than {MOST} tags specified")
        for tag in tags:
            _check_key(str(tag.get("Key", "")))
            if len(str(tag.get("Value") or "")) > LONGEST_VALUE:
                raise _invalid(
                    "value", tag["Value"], f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters"
                )


def _lists(parameters: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    if tags := parameters.get("Tags"):
        yield tags
    for specification in parameters.get("TagSpecifications") or ():
        yield specification.get("Tags") or []


def _check_key(key: str) -> None:
    if key.lower().startswith("aws:"):
        raise _invalid("key", key, "Tag keys starting with 'aws:' are reserved for internal use")
    if len(key) > LONGEST_KEY:
        raise _invalid("key", key, f"Tag key exceeds the maximum length of {LONGEST_KEY} characters")


def _invalid(what: str, value: str, why: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value ( {value} ) for parameter {what} is invalid. {why}")
