# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, to an inventory with the reason for each value. What cannot be known is a line to fill in, never a guess. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .._kube.model import is_name
from .._link.model import NAME, Endpoint, SecurityGroup, parse_service_region
from . import evidence, sources
from .evidence import Asked, Claim, Claims, Target
from .fill_in import fill_in
from .found import Connection, Deployment, HostedZone, Survey
from .hosts import SUFFIX
from .lines import Choice, Draft, Entry, Item, Line, listed
from .tags import Vpc

#: Names that Ansible or this inventory gives a meaning of their own.
_TAKEN = {"all", "ungrouped", "localhost", "agent_vpcs", "agent_hosts"}
_EKS = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_DEPLOYMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: How notes begin on what could not be read.
NOT_READ = "NOT READ: "
#: How many of a long list a comment names.
_SOME = 10


def draft(survey: Survey, asked: Asked) -> Draft:
    """The inventory of all VPCs that use a link to Astro, or have agents."""
    work = _Work(survey, asked)
    entries = tuple(sorted(map(work.entry, work.claims), key=lambda entry: entry.name))
    shown = list(survey.astro.deployments if survey.astro else ())
    clusters = {cluster for _vpc, cluster in work.claims}
    mine = [each for each in shown if each.cluster_id in clusters and _DEPLOYMENT.fullmatch(each.id)]
    return Draft(
        entries=entries,
        notes=tuple(_notes(survey, asked, [each for each in shown if each not in mine])),
        deployments=tuple(Item(value=each.id, why=_deployment(each, survey)) for each in mine),
    )


@dataclass(frozen=True)
class _Work:
    """A survey, and what follows from all of it."""

    survey: Survey
    asked: Asked

    @cached_property
    def claims(self) -> Claims:
        return evidence.claims(self.survey, self.asked)

    @cached_property
    def reasons(self) -> Mapping[str, tuple[str, ...]]:
        return evidence.endpoints(self.survey, self.asked)

    @cached_property
    def agents(self) -> Mapping[str, list[str]]:
        return evidence.agents(self.survey)

    @cached_property
    def vpcs(self) -> Mapping[str, Vpc]:
        return {vpc.vpc_id: vpc for vpc in self.survey.vpcs}

    @cached_property
    def endpoints(self) -> Mapping[str, Endpoint]:
        return {str(each.id): each for each in self.survey.endpoints}

    @cached_property
    def names(self) -> Mapping[tuple[str, str], str]:
        return names(self.vpcs, self.claims)

    # --- one VPC

    def entry(self, key: tuple[str, str]) -> Entry:
        """What is to be written of a VPC and a cluster."""
        every, vpc = self.claims[key], self.vpcs.get(key[0])
        if vpc is None:
            return self._unreached(key, every)
        found = [self._link(vpc, key[1], claim) for claim in every]
        common = (*self._vpc(vpc), *([self._cluster(key[1], every)]), *self._kubernetes(vpc))
        about = self._about(vpc, key)
        if len(found) == 1:
            lines, more = found[0]
            return Entry(name=self.names[key], lines=(*common, *lines), about=(*about, *more))
        if not found:
            return Entry(name=self.names[key], lines=(*common, *self._linkless(vpc)), about=(*about, *self._ways(vpc)))
        choices = [
            Choice(heading=f"Link {number}: {self._way(vpc, claim)}", lines=tuple(lines))
            for number, (claim, (lines, _more)) in enumerate(zip(every, found, strict=True), 1)
        ]
        what = "the lines of the link that stays, which are above; remove the other link in AWS"
        wanted = Line(key="service_name", value=fill_in(what), why=f"{len(every)} links claim this VPC")
        return Entry(name=self.names[key], lines=(*common, wanted), about=about, choices=tuple(choices))

    def _vpc(self, vpc: Vpc) -> list[Line]:
        access = [Line(key=key, value=value, why="how it was reached") for key, value in vpc.access.items()]
        account = [Line(key="account_id", value=vpc.account_id)] if vpc.account_id else []
        return [
            Line(key="vpc_id", value=vpc.vpc_id, why=", ".join(vpc.cidrs)),
            Line(key="region", value=vpc.region),
            *account,
            *access,
        ]

    def _about(self, vpc: Vpc, key: tuple[str, str]) -> tuple[str, ...]:
        known = [f"It has agents: {reason}." for reason in self.agents.get(vpc.vpc_id, ())]
        clusters = [cluster for other, cluster in self.claims if other == vpc.vpc_id]
        if len(clusters) > 1:
            known.append(
                f"The same VPC has links to {len(clusters)} clusters, and so several entries. Each cluster needs a zone of its own: "
                "see privatelink_dns_layout."
            )
        name = vpc.tags.get("Name", "")
        if name and name != self.names[key]:
            known.append(f"Its Name is {name}.")
        return tuple(known)

    def _cluster(self, cluster_id: str, every: Sequence[Claim]) -> Line:
        if not cluster_id:
            what = "the id of the Astro cluster, as under Organization Settings > Clusters"
            return Line(key="cluster_id", value=fill_in(what), why=self._candidates())
        zones = _unique(f"zone {t.zone.zone.id} ({t.zone.zone.name})" for claim in every for t in claim.targets)
        return Line(key="cluster_id", value=cluster_id, why=f"{' and '.join(zones)} leads its name to an endpoint")

    def _candidates(self) -> str:
        others = _unique(cluster for _vpc, cluster in self.claims if cluster)
        more = self.survey.astro.clusters if self.survey.astro else {}
        every = sorted({*others, *more})[:_SOME]
        return f"no name leads this VPC to Astro; clusters that were found: {', '.join(every) or 'none'}"

    def _kubernetes(self, vpc: Vpc) -> list[Line]:
        items = []
        for pods in self.survey.pods:
            if pods.cluster.vpc_id != vpc.vpc_id or not pods.namespaces or not _EKS.fullmatch(pods.cluster.name):
                continue
            spaces = tuple(name for name in pods.namespaces if is_name(name))
            where = ("namespace", spaces[0]) if len(spaces) == 1 else ("namespaces", spaces)
            counted = ", ".join(f"{pods.namespaces[name]} in {name}" for name in spaces)
            items.append(Item(value=(("eks_cluster", pods.cluster.name), where), why=f"pods of agents: {counted}"))
        return [Line(key="kubernetes", items=tuple(items))] if items else []

    # --- its link

    def _link(self, vpc: Vpc, cluster_id: str, claim: Claim) -> tuple[list[Line], list[str]]:
        """The lines of a link as this VPC has it, and what else there is to know."""
        endpoint = self.endpoints.get(claim.endpoint_id)
        if endpoint is None:
            return self._unseen(claim), []
        if endpoint.vpc_id != vpc.vpc_id:
            return self._joined(vpc, cluster_id, endpoint, claim), []
        lines, about = self._own(endpoint)
        zone_lines, more = self._zone(vpc, cluster_id, claim)
        return [*lines, *sources.lines(vpc, endpoint, self.survey), *zone_lines], [*about, *more]

    def _own(self, endpoint: Endpoint) -> tuple[list[Line], list[str]]:
        region = parse_service_region(endpoint.service_name) or ""
        home = self.vpcs[endpoint.vpc_id].region
        service = "the service of its endpoint"
        if endpoint.service_name in self.asked.services:
            service = f"{service}, and one that was given"
        lines = [Line(key="service_name", value=endpoint.service_name, why=service)]
        if region and region != home:
            lines.append(Line(key="service_region", value=region, why="as in the service's name"))
        about = [] if endpoint.state == "available" else [f"Its endpoint {endpoint.id} is {endpoint.state}."]
        reasons = "; ".join(self.reasons.get(str(endpoint.id), ()))
        if endpoint.owned:
            about.append(
                f"Its endpoint {endpoint.id} was made by this collection, which finds it by its tag ({reasons})."
            )
        else:
            lines.append(Line(key="endpoint_id", value=str(endpoint.id), why=reasons))
            subnets = [(each, self.survey.subnets.get(each, "")) for each in sorted(endpoint.subnets)]
            lines += listed("subnet_ids", subnets)
        groups = {str(group.id): group for group in self.survey.groups if group.id in endpoint.security_groups}
        if not any(group.owned and group.name == NAME for group in groups.values()):
            used = sorted(map(str, endpoint.security_groups))
            lines += listed("endpoint_security_groups", [(each, _group(groups.get(each))) for each in used])
        return lines, about

    def _zone(self, vpc: Vpc, cluster_id: str, claim: Claim) -> tuple[list[Line], list[str]]:
        zones = {str(target.zone.zone.id): target.zone for target in claim.targets}
        if not zones:
            return self._no_zone(vpc)
        if len(zones) > 1:
            what = "one of the zones below, as far as the VPC needs only one"
            why = "several zones lead its names to the endpoint: " + ", ".join(map(_named, zones.values()))
            return [Line(key="hosted_zone_id", value=fill_in(what), why=why)], []
        ((zone_id, there),) = zones.items()
        layout = {SUFFIX: "suffix_zone", f"{cluster_id}.{SUFFIX}": "host_zone"}.get(there.zone.name, "")
        lines = [Line(key="dns_layout", value=layout, why=f"the zone is called {there.zone.name}")]
        if not layout:
            what = "suffix_zone or host_zone, once the VPC has such a zone"
            lines = [Line(key="dns_layout", value=fill_in(what), why=f"the zone is called {there.zone.name}")]
        about = (
            [] if vpc.vpc_id in there.zone.vpcs else [f"It is not associated with zone {zone_id}; setup associates it."]
        )
        if there.zone.link == vpc.vpc_id:
            return lines, [*about, f"Its zone {zone_id} was made by this collection, which finds it by its comment."]
        if there.access != vpc.access and there.account_id != vpc.account_id:
            what = f"a zone in the account of this VPC; its zone {zone_id} is in account {there.account_id}"
            return [*lines, Line(key="hosted_zone_id", value=fill_in(what), why=_serves(claim))], about
        return [*lines, Line(key="hosted_zone_id", value=zone_id, why=_serves(claim))], about

    def _no_zone(self, vpc: Vpc) -> tuple[list[Line], list[str]]:
        serving = self.survey.serving.get(vpc.vpc_id, ())
        if not serving:
            return [], ["No private zone leads a name to its endpoint; setup makes one."]
        what = "the id of its zone, once an account is searched that has it; or remove this line"
        why = f"zones of Astro's names that were not read serve this VPC: {', '.join(serving[:_SOME])}"
        return [Line(key="hosted_zone_id", value=fill_in(what), why=why)], []

    def _joined(self, vpc: Vpc, cluster_id: str, endpoint: Endpoint, claim: Claim) -> list[Line]:
        owner = self.names[endpoint.vpc_id, cluster_id]
        ways = self._connections(vpc.vpc_id, endpoint.vpc_id)
        network = ", ".join(ways) if ways else "no peering or transit gateway between them was found"
        why = f"{_serves(claim)}, which leads to {endpoint.id} in that VPC; {network}"
        layout = [t.zone.zone.name for t in claim.targets if t.zone.zone.name == f"{cluster_id}.{SUFFIX}"]
        more = [Line(key="dns_layout", value="host_zone", why=f"the zone is called {layout[0]}")] if layout else []
        support = _support(vpc, self.vpcs[endpoint.vpc_id])
        return [Line(key="via", value=owner, why=why), *support, *more, *sources.lines(vpc, endpoint, self.survey)]

    def _unseen(self, claim: Claim) -> list[Line]:
        what = "the inventory name of the VPC that has its endpoint, once an account is searched that has it"
        why = f"{_serves(claim)}, which leads to {claim.endpoint_id}; no account that was searched has that endpoint"
        more = "the security groups of its endpoint are not known"
        ranges = fill_in("the ranges of its agents; or replace this line by privatelink_agent_security_groups")
        return [Line(key="via", value=fill_in(what), why=why), Line(key="agent_cidrs", value=ranges, why=more)]

    def _linkless(self, vpc: Vpc) -> list[Line]:
        services = _unique(self.endpoints[each].service_name for each in self.reasons)
        known = f"services that were found: {', '.join(services[:_SOME])}" if services else "from Astronomer Support"
        what = "the name of the endpoint service; or replace this line by privatelink_via, for the link of another VPC"
        return [Line(key="service_name", value=fill_in(what), why=known), *sources.lines(vpc, None, self.survey)]

    def _unreached(self, key: tuple[str, str], every: Sequence[Claim]) -> Entry:
        """A VPC that a zone serves, and that no account that was searched has."""
        vpc_id, cluster_id = key
        regions = _unique(t.zone.zone.vpcs.get(vpc_id, "") for c in every for t in c.targets)
        what = "a role in the account of this VPC (or set privatelink_profile); remove the VPC if it is not yours"
        home = self.endpoints.get(every[0].endpoint_id)
        via = [Line(key="via", value=self.names[home.vpc_id, cluster_id], why=_serves(every[0]))] if home else []
        lines = [
            Line(key="vpc_id", value=vpc_id),
            Line(key="region", value=next(filter(None, regions), ""), why="as its zone has it"),
            Line(key="assume_role_arn", value=fill_in(what), why="no account that was searched has this VPC"),
            self._cluster(cluster_id, every),
            *(via or self._unseen(every[0])[:1]),
            Line(key="agent_cidrs", value=fill_in("the ranges of its agents")),
        ]
        return Entry(name=self.names[key], lines=tuple(lines))

    # --- what connects VPCs

    def _connections(self, one: str, other: str) -> list[str]:
        """What two VPCs have in common."""
        return [f"{each.kind} {each.id}" for each in _between(self.survey.connections, one, other)]

    def _ways(self, vpc: Vpc) -> list[str]:
        """The links that a VPC without one could share."""
        owners = {c.endpoint_id: key for key, every in self.claims.items() for c in every}
        found = []
        for endpoint_id, (_vpc, cluster) in owners.items():
            endpoint = self.endpoints.get(endpoint_id)
            ways = self._connections(vpc.vpc_id, endpoint.vpc_id) if endpoint else []
            if endpoint and ways:
                name = self.names[endpoint.vpc_id, cluster]
                found.append(f"It could share a link: privatelink_via: {name} ({', '.join(ways)}).")
        return found or ["It has no link, and no peering or transit gateway to a VPC that has one was found."]

    def _way(self, vpc: Vpc, claim: Claim) -> str:
        endpoint = self.endpoints.get(claim.endpoint_id)
        where = (
            "not known" if endpoint is None else "here" if endpoint.vpc_id == vpc.vpc_id else f"in {endpoint.vpc_id}"
        )
        reasons = "; ".join(self.reasons.get(claim.endpoint_id, ())) or _serves(claim)
        return f"endpoint {claim.endpoint_id} ({where}): {reasons}"


# --- texts


def names(vpcs: Mapping[str, Vpc], keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What each VPC and cluster is called in the inventory: the VPC's tag Name, made fit for Ansible, or its id."""
    every = sorted(keys)
    plain_ = {vpc_id: fit(vpcs[vpc_id].tags.get("Name", "")) if vpc_id in vpcs else "" for vpc_id, _cluster in every}
    called = {vpc_id: name or vpc_id for vpc_id, name in plain_.items()}
    lower = [name.lower() for name in called.values()]
    called = {v: name if lower.count(name.lower()) == 1 or name == v else f"{name}-{v}" for v, name in called.items()}
    several = {vpc_id for vpc_id, _cluster in every if [v for v, _c in every].count(vpc_id) > 1}
    return {
        (vpc_id, cluster): f"{called[vpc_id]}-{cluster or 'unknown'}" if vpc_id in several else called[vpc_id]
        for vpc_id, cluster in every
    }


def fit(name: str) -> str:
    """A text from outside as the name of a host: no pattern, no template, no name that means something else."""
    made = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:63].strip("-._")
    return "" if made.lower() in _TAKEN else made


def _between(connections: Iterable[Connection], one: str, other: str) -> list[Connection]:
    """Peerings of two VPCs, and transit gateways to which both are attached."""
    mine, theirs = ({c.id: c for c in connections if vpc in c.vpcs} for vpc in (one, other))
    return [mine[each] for each in sorted(mine.keys() & theirs.keys())]


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _support(vpc: Vpc, owner: Vpc) -> list[Line]:
    """What Astronomer's page asks for where a link is shared over regions or accounts; AWS does not tell whether it was done."""
    pairs = [("account", vpc.account_id, owner.account_id), ("region", vpc.region, owner.region)]
    apart = [f"the link is in {what} {there}, not {here}" for what, here, there in pairs if here != there]
    what = "true, once Astronomer Support has agreed that this VPC shares the link"
    return [Line(key="support_confirmed", value=fill_in(what), why="; ".join(apart))] if apart else []


def _named(zone: HostedZone) -> str:
    return f"{zone.zone.id} ({zone.zone.name}, of account {zone.account_id})"


def _serves(claim: Claim) -> str:
    found = _unique(f"zone {t.zone.zone.id} ({t.zone.zone.name}) has {_record(t)}" for t in claim.targets)
    return "; ".join(found)


def _record(target: Target) -> str:
    record = target.record
    kind = "an alias" if record.alias else f"a record of type {record.type}"
    return f"{kind} for {record.name}" + (f" (one of several, {record.identifier})" if record.identifier else "")


def _group(group: SecurityGroup | None) -> str:
    return f"called {group.name}" if group else "not read"


def _deployment(deployment: Deployment, survey: Survey) -> str:
    own = survey.astro.clusters.get(deployment.cluster_id, ()) if survey.astro else ()
    admits = ", ".join(deployment.ranges[:_SOME]) or "everybody"
    cluster = f"cluster {deployment.cluster_id}" + (f" ({', '.join(own)})" if own else "")
    return f"{deployment.name}: {deployment.url}, {cluster}; its API admits {admits}"


def _notes(survey: Survey, asked: Asked, elsewhere: Sequence[Deployment]) -> Iterable[str]:
    yield from (f"Searched: {each}" for each in survey.asked)
    yield from (f"{NOT_READ}{each}" for each in survey.unread)
    for pods in survey.pods:
        if pods.problem:
            where = f"EKS cluster {pods.cluster.name} in {pods.cluster.vpc_id} ({pods.cluster.region})"
            yield f"{NOT_READ}whether {where} has agents: {pods.problem}"
    if survey.astro is None:
        yield "Astro was not asked for Deployments: set ASTRO_API_TOKEN and ASTRO_ORGANIZATION_ID for that."
    for each in elsewhere:
        yield f"No VPC has a link to the cluster of Deployment {_deployment(each, survey)}"
    there = {str(each.id): each for each in survey.endpoints}
    for endpoint_id in evidence.endpoints(survey, asked):
        if there[endpoint_id].state in {"rejected", "failed", "expired"}:
            yield f"Endpoint {endpoint_id} in {there[endpoint_id].vpc_id} is {there[endpoint_id].state}, and serves nobody."
