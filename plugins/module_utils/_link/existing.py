# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints and groups that others made: used as they are, taken over when told to, and handed back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .._core.findings import Finding, finding
from .._core.plan import Call
from . import security_group
from .model import NAME, OWNED, Endpoint, Have, Link, SecurityGroup

#: On an endpoint that was taken over: this collection did not make it. The value is what its tag managed-by said before.
TAKEN_OVER = "astro.privatelink:taken-over"
(_OWNER,) = OWNED

#: Tags by which tools know what they manage. Those of Terraform, OpenTofu and Pulumi are habits of their users.
#: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
_OF_TOOLS = {
    "aws:cloudformation:stack-name": "CloudFormation",
    "pulumi:project": "Pulumi",
    "pulumi:stack": "Pulumi",
    "terraform": "Terraform",
    "opentofu": "OpenTofu",
}
_NAMED = {"terraform": "Terraform", "opentofu": "OpenTofu", "cloudformation": "CloudFormation", "pulumi": "Pulumi"}
_NAMES_IT = {"managedby", "createdby", "provisionedby", "provisioner", "iac", "tool"}


def manager(tags: Mapping[str, str]) -> str:
    """The tool that manages a thing by what its tags say, with the tag; "" where none says so."""
    for key, value in sorted(tags.items()):
        name, said = key.lower(), value.lower()
        if name in _OF_TOOLS and said not in {"false", "no"}:
            return f"{_OF_TOOLS[name]} ({key}: {value})"
        if name.replace("-", "").replace("_", "").rpartition(":")[2] in _NAMES_IT and said in _NAMED:
            return f"{_NAMED[said]} ({key}: {value})"
    return ""


def as_it_is(link: Link, endpoint: Endpoint | None) -> bool:
    """Whether an endpoint is one that others made: it keeps its name, tags, subnets and groups unless other ones are given."""
    return endpoint is not None and (endpoint.id == link.endpoint_id or TAKEN_OVER in endpoint.tags)


def with_its_groups(link: Link, endpoint: Endpoint | None, have: Have) -> Link:
    """The link, with the groups that its endpoint has where they admit its agents: it needs none of this collection's."""
    if endpoint is None or not as_it_is(link, endpoint) or link.security_groups or link.purge_sources:
        return link
    named = (group for group in have.groups if (group.vpc_id, group.name) == (link.vpc_id, NAME))
    ours = {group.id for group in named if security_group.ours(link, group, have)}
    groups = frozenset(str(group) for group in endpoint.security_groups)
    as_named = replace(link, security_groups=groups)
    everyone = link.sources.union(*link.joined.values())
    return link if ours & groups or security_group.closed_to(as_named, everyone, have) else as_named


def tags(link: Link, endpoint: Endpoint | None) -> dict[str, str]:
    """The tags that a link's endpoint needs."""
    if endpoint is None or not as_it_is(link, endpoint):
        return {"Name": NAME, **link.tags, **OWNED}
    if endpoint.owned:
        return {**link.tags, **OWNED}
    return {**link.tags, **OWNED, TAKEN_OVER: endpoint.tags.get(_OWNER, "")} if link.take_over else dict(link.tags)


def managed(link: Link, calls: Iterable[Call], things: Iterable[Endpoint | SecurityGroup | None]) -> list[Finding]:
    """What is about to be changed although another tool manages it, which may change it back."""
    about = [str(value) for call in calls for value in _ids(call)]
    return [
        finding("MANAGED_ELSEWHERE", link.name, thing=str(each.id), manager=manager(each.tags))
        for each in things
        if each is not None and str(each.id) in about and manager(each.tags)
    ]


def _ids(call: Call) -> Iterable[object]:
    """What a call is about."""
    for key in ("VpcEndpointId", "GroupId"):
        if key in call.arguments:
            yield call.arguments[key]
    yield from call.arguments.get("Resources", ())
    yield from call.arguments.get("VpcEndpointIds", ())


def release_calls(
    link: Link, endpoint: Endpoint | None, group: SecurityGroup | None, beside: Iterable[Link] = ()
) -> list[Call]:
    """What hands an endpoint and its group back: the tags that say whose they are go, and nothing else. ``beside`` are the links
    of the same run, which may use the group, too."""
    calls = []
    if endpoint is not None and endpoint.owned:
        before = endpoint.tags.get(TAKEN_OVER, "")
        if before:
            calls.append(_tag(link, endpoint, {_OWNER: before}))
        calls.append(_untag(link, endpoint, {TAKEN_OVER} & endpoint.tags.keys() | (set() if before else {_OWNER})))
    if group is not None and group.owned:
        own = security_group.used_by(link).keys() & group.tags.keys()
        going = {tag for each in beside if each.released for tag in security_group.used_by(each)}
        others = security_group.clusters(group) - own - going
        calls.append(_untag(link, group, own if others else {*own, _OWNER}))
    return [call for call in calls if call.arguments["Tags"]]


def released(thing: Endpoint, calls: Iterable[Call]) -> Endpoint:
    """An endpoint as it is after `release_calls`."""
    left = dict(thing.tags)
    for call in calls:
        if thing.id in call.arguments["Resources"]:
            changed = {tag["Key"]: tag.get("Value") for tag in call.arguments["Tags"]}
            left = {key: value for key, value in left.items() if key not in changed}
            left |= {key: value for key, value in changed.items() if value is not None}
    return replace(thing, tags=left)


def _tag(link: Link, thing: Endpoint, wanted: Mapping[str, str]) -> Call:
    listed = [{"Key": key, "Value": wanted[key]} for key in sorted(wanted)]
    return link.call("CreateTags", {"Resources": [thing.id], "Tags": listed})


def _untag(link: Link, thing: Endpoint | SecurityGroup, keys: Iterable[str]) -> Call:
    return link.call("DeleteTags", {"Resources": [thing.id], "Tags": [{"Key": key} for key in sorted(keys)]})
