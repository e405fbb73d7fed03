# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors, as text and as objects have them, and field selectors. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .refusals import bad_request

Object = dict[str, Any]
Test = Callable[[Object], bool]
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_TERM = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<without>{_LABEL})"
    rf"|(?P<key>{_LABEL})\s*(?:(?P<sign>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)|\s(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?)\s*(?:,|$)"
)


def by_labels(selector: str) -> Test:
    """=, ==, !=, in, notin, and whether there is such a label; what is no selector is refused as Kubernetes does."""
    terms, at = [], 0
    while at < len(selector):
        if (found := _TERM.match(selector, at)) is None:
            raise bad_request(f"unable to parse requirement: found {selector[at:]!r}, expected: identifier or operator")
        terms.append(_term(found))
        at = found.end()
    return lambda thing: all(term(labels_of(thing)) for term in terms)


def _term(found: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    if found["absent"]:
        without = found["without"]
        return lambda labels: without not in labels
    key = found["key"]
    if found["sign"]:
        value = found["value"]
        return (
            (lambda labels: labels.get(key) != value)
            if found["sign"] == "!="
            else lambda labels: labels.get(key) == value
        )
    if found["set"]:
        values = {value.strip() for value in found["values"].split(",")}
        # one that lacks the label is not in a set
        return (
            (lambda labels: labels.get(key) in values)
            if found["set"] == "in"
            else lambda labels: labels.get(key) not in values
        )
    return lambda labels: key in labels


def labels_of(thing: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = thing["metadata"].get("labels") or {}
    return labels


def fits(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A selector of an object: {} fits all, and none fits nothing."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expressed(each, labels) for each in selector.get("matchExpressions") or ())


def _expressed(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


_FIELDS = {
    "Pod": (
        *("metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName"),
        *("spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    "Event": (
        *("metadata.name", "metadata.namespace", "reason", "type", "reportingComponent", "source"),
        *(f"involvedObject.{each}" for each in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")),
    ),
    "Job": ("metadata.name", "metadata.namespace", "status.successful"),
    "Node": ("metadata.name", "spec.unschedulable"),
    "Namespace": ("metadata.name", "status.phase"),
}


def by_fields(selector: str, kind: str) -> Test:
    tests: list[Test] = []
    for term in filter(None, selector.split(",")):
        found = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", term)
        if found is None:
            raise bad_request(f"invalid selector: {term!r}; can't understand {term!r}")
        name, sign, value = found.groups()
        if name not in _FIELDS.get(kind, ("metadata.name", "metadata.namespace")):
            raise bad_request(f"field label not supported: {name}")
        tests.append(_field(name.split("."), value, wanted=sign != "!="))
    return lambda thing: all(test(thing) for test in tests)


def _field(path: Iterable[str], value: str, *, wanted: bool) -> Test:
    steps = tuple(path)

    def test(thing: Any) -> bool:
        for step in steps:
            thing = thing.get(step) if isinstance(thing, dict) else None
        return (str(thing if thing is not None else "") == value) is wanted

    return test
