# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach a Deployment's API: the wanted ranges and what Astro has, to the one update between them. Pure.

Astro's update replaces whatever it is sent and knows no condition, so everything that must survive is echoed from a read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Literal

from .._core import findings as _findings
from .._core.findings import Finding, errors
from .._core.plan import Call, Plan
from .._core.text import printable

State = Literal["present", "absent", "exact"]

#: What an update has to carry. Some of it is missing from an answer when the token may not see it.
REQUIRED = (
    "environmentVariables",
    "executor",
    "isCicdEnforced",
    "isDagDeployEnabled",
    "isHighAvailability",
    "name",
    "schedulerSize",
    "type",
    "workspaceId",
)
#: Optional, echoed where there is one. All other optional fields are left out, which leaves them as they are.
ECHOED = ("description", "isDevelopmentMode")
#: What Astro itself writes below remoteExecution and into environment variables; an update does not take it. Everything else
#: there is sent back, known or not: below the top an update drops what it is not sent.
_OF_ASTRO = ("remoteApiUrl",)
_OF_ASTRO_IN_VARIABLES = ("updatedAt",)
#: The path of the other list, the one of the whole Organization.
_ORGANIZATION_LIST = "allowed-ip-address-ranges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What is wanted of a Deployment's list. Without ``ranges`` those of its cluster are meant; an empty tuple is empty.

    ``no_variables`` says that a Deployment whose variables do not show has none; ``verbatim`` that the list was there before
    and goes back as it was, whatever it holds.
    """

    deployment_id: str
    ranges: tuple[str, ...] | None = None
    state: State = "present"
    expected: tuple[str, ...] | None = None
    allow_open: bool = False
    allow_lockout: bool = False
    no_variables: bool = False
    verbatim: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The addresses of an Astro cluster: ``ranges`` are where requests over PrivateLink come from, as Astro sees them."""

    id: str
    ranges: tuple[str, ...]
    secondary: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Cluster:
        dr = bool(document.get("isDrEnabled"))
        ranges = (document.get("vpcSubnetRange"), document.get("drVpcSubnetRange") if dr else None)
        secondary = (document.get("secondaryVpcCidr"), document.get("drSecondaryVpcCidr") if dr else None)
        return cls(
            id=str(document["id"]),
            ranges=tuple(dict.fromkeys(canonical(each) for each in ranges if each)),
            secondary=tuple(dict.fromkeys(canonical(each) for each in secondary if each)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Have:
    """A Deployment as Astro answered it, never to be shown; ``cluster`` is None where the token may not read it."""

    document: Mapping[str, Any] = field(repr=False)
    cluster: Cluster | None = None

    @property
    def name(self) -> str:
        return printable(self.document.get("name") or self.document["id"], 200)

    @property
    def remote(self) -> Mapping[str, Any]:
        return self.document.get("remoteExecution") or {}

    @property
    def ranges(self) -> tuple[str, ...]:
        return tuple(self.remote.get("allowedIpAddressRanges") or ())


def finding(code: str, name: str, **facts: Any) -> Finding:
    """A finding whose facts may come from Astro."""
    shown = {
        key: printable(value) if isinstance(value, str) else list(map(printable, value)) for key, value in facts.items()
    }
    return _findings.finding(code, name, **shown)


def canonical(text: str) -> str:
    """One spelling for a range: a bare address is its own range, host bits are dropped; what is no range stays."""
    network = _network(text)
    return str(network) if network is not None else text.strip()


def same(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lists admit by the same ranges, however they are spelled and ordered."""
    return set(map(canonical, one)) == set(map(canonical, other))


def is_open(ranges: Sequence[str]) -> bool:
    """An empty list admits everybody; so does one with a range of all addresses."""
    return not ranges or any(network.prefixlen == 0 for network in _networks(ranges))


def confusion(organization_id: str, deployment_id: str, ranges: Iterable[str], api_url: str) -> list[Finding]:
    """Signs that the list of the whole Organization is meant. It decides who may log in, and is left alone."""
    signs = [f"deployment_id {deployment_id}"] if deployment_id == organization_id else []
    signs += [each for each in (api_url, deployment_id, *ranges) if _ORGANIZATION_LIST in each or "ipAddressR" in each]
    return [finding("ORG_LIST_CONFUSION", deployment_id, given=signs[0])] if signs else []


def plan(want: Want, have: Have) -> Plan:
    """The update that a Deployment needs, if any. It names ranges only: what is echoed is filled in on sending."""
    before = have.ranges
    problems = _check(want, have)
    after = before if problems else _goal(want, before, _wanted(want, have.cluster))
    if not problems:
        problems = [*_check_goal(want, have, after), *(() if same(before, after) else _check_echo(want, have))]
    if errors(problems) or same(before, after):
        return Plan(findings=tuple(problems), before=_shown(have, before), after=_shown(have, before))
    call = Call(
        service="astro",
        operation="UpdateDeployment",
        arguments={"deploymentId": want.deployment_id, "allowedIpAddressRanges": list(after)},
        subjects=frozenset([have.name]),
        lane=want.deployment_id,
    )
    return Plan(calls=(call,), findings=tuple(problems), before=_shown(have, before), after=_shown(have, tuple(after)))


def body(document: Mapping[str, Any], ranges: Sequence[str], no_variables: bool = False) -> dict[str, Any]:
    """The update that changes the ranges and loses nothing. Secrets stay as long as their keys are named."""
    echoed = {key: document[key] for key in (*REQUIRED, *ECHOED) if document.get(key) is not None}
    variables = [] if no_variables and "environmentVariables" not in echoed else echoed["environmentVariables"]
    return {
        **echoed,
        "environmentVariables": [_variable(variable) for variable in variables],
        "remoteExecution": {**_kept(document), "allowedIpAddressRanges": list(ranges)},
    }


def drift(first: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two reads, of all that an update would overwrite. Names of fields, never their values."""
    fields = [key for key in (*REQUIRED, *ECHOED) if _comparable(key, first) != _comparable(key, now)]
    one, other = _kept(first), _kept(now)
    fields += [f"remoteExecution.{key}" for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    if not same(Have(document=first).ranges, Have(document=now).ranges):
        fields.append(RANGES)
    return [printable(each, 100) for each in fields]


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """What goes back below remoteExecution besides the list."""
    remote = Have(document=document).remote
    mine = (*_OF_ASTRO, "allowedIpAddressRanges")
    return {key: value for key, value in remote.items() if key not in mine and value is not None}


#: How `drift` names the list itself.
RANGES = "remoteExecution.allowedIpAddressRanges"


def changed_besides(first: Mapping[str, Any], now: Mapping[str, Any]) -> list[Finding]:
    """What an update changed that it should not have."""
    fields = [each for each in drift(first, now) if each != RANGES]
    return [finding("DEPLOYMENT_CHANGED_BESIDES", Have(document=now).name, fields=fields)] if fields else []


def results(first: Have, now: Have | None, plan: Plan) -> dict[str, Any]:
    """RETURN of the module. Where nothing was sent, the plan says what would be; ``now`` is None where nobody could read it."""
    after = None if now is None else list(now.ranges) if now is not first else plan.after[first.name]["allowed_ranges"]
    return {
        "deployment": {
            "id": first.document["id"],
            "name": first.name,
            "cluster_id": str(first.document.get("clusterId") or ""),
        },
        "before": list(first.ranges),
        "after": after,
        "restricted": None if after is None else not is_open(after),
    }


def _shown(have: Have, ranges: tuple[str, ...]) -> dict[str, Any]:
    return {have.name: {"allowed_ranges": [printable(each, 100) for each in ranges]}}


def _variable(variable: Mapping[str, Any]) -> dict[str, Any]:
    mine = (*_OF_ASTRO_IN_VARIABLES, *(["value"] if variable["isSecret"] else []))
    return {key: value for key, value in variable.items() if key not in mine and value is not None}


def _comparable(key: str, document: Mapping[str, Any]) -> Any:
    value = document.get(key)
    if key != "environmentVariables" or value is None:
        return value
    return {variable["key"]: {**_variable(variable), "value": variable.get("value")} for variable in value}


# --- want and have to the goal


def _wanted(want: Want, cluster: Cluster | None) -> tuple[str, ...]:
    given = want.ranges if want.ranges is not None else cluster.ranges if cluster else ()
    return tuple(dict.fromkeys(map(canonical, given)))


def _goal(want: Want, before: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The list as it is wanted. Entries that stay keep their spelling: they are somebody else's."""
    there = set(map(canonical, before))
    if want.verbatim:
        return want.ranges or ()
    if want.state == "absent":
        return tuple(each for each in before if canonical(each) not in wanted)
    kept = [each for each in before if want.state == "present" or canonical(each) in wanted]
    return (*kept, *(each for each in wanted if each not in there))


# --- what is wrong


def _check(want: Want, have: Have) -> list[Finding]:
    """What keeps a goal from being made at all."""
    if not have.remote.get("enabled"):
        return [finding("REMOTE_EXECUTION_OFF", have.name)]
    if "allowedIpAddressRanges" not in have.remote:
        return [finding("DEPLOYMENT_FIELDS_MISSING", have.name, fields=[RANGES])]
    if want.ranges is None and not (have.cluster and have.cluster.ranges):
        return [finding("CLUSTER_RANGE_UNKNOWN", have.name)]
    wrong = [each for each in want.ranges or () if _network(each) is None and not want.verbatim]
    return [finding("RANGE_INVALID", have.name, ranges=wrong)] if wrong else []


def _check_goal(want: Want, have: Have, after: Sequence[str]) -> list[Finding]:
    before = have.ranges
    if want.expected is not None and not same(want.expected, before) and not same(after, before):
        return [finding("ACCESS_NOT_AS_EXPECTED", have.name, before=before, expected=want.expected)]
    if is_open(after):
        opens = not is_open(before) and not want.allow_open
        return [finding("ACCESS_WOULD_OPEN", have.name, before=before)] if opens else []
    found = [finding("ACCESS_CLOSES", have.name, after=after)] if is_open(before) else []
    if have.cluster is not None:
        found += _check_cluster(want, have, have.cluster, after)
    return found


def _check_cluster(want: Want, have: Have, cluster: Cluster, after: Sequence[str]) -> list[Finding]:
    found = []
    locked = [each for each in cluster.ranges if not _covers(after, each) and _covers(have.ranges, each)]
    if locked and not want.allow_lockout:
        found.append(finding("ACCESS_MISSES_CLUSTER", have.name, cluster=locked, after=after))
    uncovered = [each for each in cluster.secondary if not _covers(after, each)]
    if uncovered and want.ranges is None and want.state != "absent":
        found.append(finding("SECONDARY_RANGE", have.name, secondary=uncovered))
    known = {*cluster.ranges, *cluster.secondary, *_wanted(want, cluster)}
    others = [each for each in after if canonical(each) not in known]
    if others and want.state == "present":
        found.append(finding("OTHER_RANGES_LEFT", have.name, others=others))
    return found


def _check_echo(want: Want, have: Have) -> list[Finding]:
    """An update without one of these would be refused or, worse, delete what the token may not see."""
    missing = [key for key in REQUIRED if have.document.get(key) is None]
    if want.no_variables and "environmentVariables" in missing:
        missing.remove("environmentVariables")
    variables = have.document.get("environmentVariables") or ()
    if any(variable.get("value") is None for variable in variables if not variable["isSecret"]):
        missing.append("environmentVariables[].value")
    return [finding("DEPLOYMENT_FIELDS_MISSING", have.name, fields=missing)] if missing else []


# --- ranges


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _networks(ranges: Iterable[str]) -> list[IPv4Network | IPv6Network]:
    return [network for network in map(_network, ranges) if network is not None]


def _covers(ranges: Sequence[str], wanted: str) -> bool:
    """Whether a list admits the whole of a range, be it in pieces."""
    network = _network(wanted)
    if is_open(ranges) or network is None:
        return True
    pieces = [each for each in _networks(ranges) if each.version == network.version]
    return any(network.subnet_of(each) for each in collapse_addresses(pieces))  # type: ignore[type-var, arg-type]
