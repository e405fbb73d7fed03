# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SelfSubjectAccessReviews as clients send them: JSON, or kubectl's Protocol Buffers, of which this reads what it has to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .refusals import Refused, bad_request

_MAGIC = b"k8s\x00"
_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_PATH = {1: "path", 2: "verb"}
_KIND = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}


def read(content_type: str, body: bytes) -> dict[str, Any]:
    if "json" in content_type:
        review: dict[str, Any] = json.loads(body)
        return review
    if not body.startswith(_MAGIC):
        raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
    try:
        unknown = dict(_fields(body[len(_MAGIC) :]))
        spec = dict(_fields(dict(_fields(unknown[2])).get(2, b"")))
        told: dict[str, Any] = {}
        if 1 in spec:
            told["resourceAttributes"] = _texts(spec[1], _RESOURCE)
        if 2 in spec:
            told["nonResourceAttributes"] = _texts(spec[2], _PATH)
    except (IndexError, KeyError, ValueError) as wrong:
        raise bad_request(f"the review cannot be read: {type(wrong).__name__}") from None
    return {**_KIND, "metadata": {}, "spec": told}


def _texts(message: bytes, names: dict[int, str]) -> dict[str, str]:
    return {names[number]: value.decode() for number, value in _fields(message) if number in names}


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields that have a length: texts and messages. Numbers are passed over."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        size, at = _number(message, at)
        if key & 7 == 2:
            yield key >> 3, message[at : at + size]
            at += size
        elif key & 7 != 0:
            raise ValueError(f"wire type {key & 7}")


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
