# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Route 53 asks of the tags of a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import AwsError

LONGEST_KEY, LONGEST_VALUE, MOST = 128, 256, 50


def check(added: Iterable[Mapping[str, str]], present: Mapping[str, str]) -> None:
    after = set(present)
    for tag in added:
        key, value = tag["Key"], tag.get("Value") or ""
        after.add(key)
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidInput", f"Tag keys that start with aws: are reserved for AWS: {key}")
        if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            what, text, most = ("key", key, LONGEST_KEY) if len(key) > LONGEST_KEY else ("value", value, LONGEST_VALUE)
            raise AwsError(
                "InvalidInput",
                f"1 validation error detected: Value '{text}' at 'addTags.member.{what}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {most}",
            )
    if len(after) > MOST:
        raise AwsError("InvalidInput", f"The number of tags of the resource is above the limit of {MOST}.")
