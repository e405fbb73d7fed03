# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file that talks to AWS: bulk reads into the types of the core, single calls, waiting. It decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

try:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule says what to install
    pass

from . import _admission, _link, _zone
from ._plan import WORKERS, Call, CallFailed

#: Values that one EC2 filter takes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html).
FILTER_SIZE = 200
#: Throttled and broken requests are sent again, slower each time; several processes may share an account's buckets.
RETRIES = {"mode": "standard", "max_attempts": 8}

#: Seconds before a change is asked about for the first time; it is never in sync at once.
FIRST_LOOK = 0.5

_MADE = {
    "CreateSecurityGroup": ("GroupId",),
    "CreateVpcEndpoint": ("VpcEndpoint", "VpcEndpointId"),
    "CreateHostedZone": ("HostedZone", "Id"),
}
#: What AWS says to the removal of what is not there any more.
_GONE = {
    "InvalidGroup.NotFound",
    "NoSuchHostedZone",
    "VPCAssociationNotFound",
    "VPCAssociationAuthorizationNotFound",
}


class ReadFailed(Exception):
    """AWS could not be read; nothing was changed."""


class Clients:
    """AWS clients with a module's credentials, or with those of another account where a plan needs them.

    ``access`` maps a name to how that account is reached: ``profile`` and ``assume_role_arn``. The name "" is the module's
    own account. Without a region a client takes the module's. Route 53 is global and takes us-east-1.
    """

    def __init__(self, module: Any, access: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._module = module
        own = {"assume_role_arn": module.params.get("assume_role_arn") or ""}
        self._access = {**(access or {}), "": own}
        self._known: dict[tuple[str, str, str], Any] = {}
        self._logins: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def get(self, service: str, access: str = "", region: str = "") -> Any:
        region = "us-east-1" if service == "route53" else region
        key = (service, access, region)
        with self._lock:  # making clients is not safe between threads, using them is
            if key not in self._known:
                self._known[key] = self._make(
                    service, {**self._login(access), **({"region": region} if region else {})}
                )
            return self._known[key]

    def _make(self, service: str, more: Mapping[str, Any]) -> Any:
        config = {"retries": RETRIES, "max_pool_connections": WORKERS + 2}
        return self._module.client(service, aws_config={**config, **(self._module.params["aws_config"] or {})}, **more)

    def _login(self, access: str) -> dict[str, Any]:
        if access not in self._logins:
            way = self._access[access]
            login: dict[str, Any] = {"profile_name": way["profile"]} if way.get("profile") else {}
            if way.get("assume_role_arn"):
                login = self._assume(way["assume_role_arn"], login)
            self._logins[access] = login
        return self._logins[access]

    def _assume(self, role: str, login: Mapping[str, Any]) -> dict[str, Any]:
        with _reading("STS"):
            reply = self._make("sts", login).assume_role(RoleArn=role, RoleSessionName="astro.privatelink")
        keys = reply["Credentials"]
        return {
            "profile_name": None,
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }


def explain(problem: Exception) -> str:
    """An SDK error as a sentence that says what to do about it."""
    name, text = type(problem).__name__, str(problem)
    advice = {
        "NoCredentialsError": "Give credentials: a profile, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.",
        "PartialCredentialsError": "Give both the access key and the secret key.",
        "ProfileNotFound": "Check the profile's name in ~/.aws/config.",
        "EndpointConnectionError": "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network.",
        "ConnectTimeoutError": "Check endpoint_url (AWS_ENDPOINT_URL), the region's name and the network.",
        "ConnectionClosedError": "Check endpoint_url (AWS_ENDPOINT_URL) and the network.",
        "AuthFailure": "Check the credentials.",
        "InvalidClientTokenId": "Check the credentials.",
        "UnauthorizedOperation": "Allow the action for these credentials.",
        "AccessDenied": "Allow the action for these credentials.",
    }
    code = problem.response["Error"]["Code"] if isinstance(problem, ClientError) else name
    return f"{text.rstrip('.')}. {advice[code]}" if code in advice else text


# --- reading


def read_fleet(ec2: Any, links: Sequence[_link.Link], others: Iterable[str] = ()) -> _link.Have:
    """All that a fleet's endpoints need, in a number of calls that does not grow with it (pages aside).

    ``others`` are ids of further VPCs, which have no endpoint of their own.
    """
    vpc_ids = sorted({link.vpc_id for link in links}.union(others))
    names = {link.service_name for link in links}
    with _reading("EC2"):
        vpcs = {v["VpcId"]: v["OwnerId"] for v in _describe(ec2, "describe_vpcs", "Vpcs", {"vpc-id": vpc_ids})}
        subnets = _describe(ec2, "describe_subnets", "Subnets", {"vpc-id": vpc_ids})
        groups = _describe(ec2, "describe_security_groups", "SecurityGroups", {"vpc-id": vpc_ids})
        services = _read_services(ec2, names)
        return _link.Have(
            region=_region(ec2),
            vpcs=vpcs,
            services={service.name: service for service in services},
            subnets=tuple(map(_subnet, subnets)),
            groups=tuple(map(_group, groups)),
            endpoints=tuple(_read_endpoints(ec2, vpc_ids, names)),
        )


def wait_for_endpoints(ec2: Any, ids: Iterable[str], timeout: float) -> None:
    """Wait until every endpoint has settled, reading all of them at once. Ends silently at the timeout (seconds)."""
    waiting = set(ids)

    def settled() -> bool:
        found = _describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", {"vpc-endpoint-id": sorted(waiting)})
        states = {e["VpcEndpointId"]: e["State"].lower() for e in found}
        waiting.intersection_update(i for i in waiting if states.get(i, "") in {"", "pending", "pendingacceptance"})
        return not waiting

    with _reading("EC2"):
        poll(settled, timeout)


def read_zones(route53: Any, links: Sequence[_zone.Link]) -> list[_zone.Zone]:
    """The private zones that have a wanted zone's name; records only of those that are a link's own or named by id.

    One listing for each name, then one read for each zone, and a second one for the zones of these links; a third one
    for the authorisations of a zone that serves VPCs of other accounts.
    """
    wanted = {link.vpc_id for link in links} - {""}
    named = {link.zone_id for link in links} - {""}
    shared = {key for link in links if any(vpc.access for vpc in link.vpcs) for key in (link.vpc_id, link.zone_id)} - {
        ""
    }

    def read(summary: Mapping[str, Any]) -> _zone.Zone:
        zone_id = summary["Id"].rsplit("/", 1)[-1]
        link = _zone.marked_vpc(summary.get("Config", {}).get("Comment", ""))
        vpcs = route53.get_hosted_zone(Id=zone_id).get("VPCs", [])
        records = _read_records(route53, zone_id) if link in wanted or zone_id in named else []
        return _zone.Zone(
            id=zone_id,
            name=_zone.plain(summary["Name"]),
            link=link,
            vpcs={vpc["VPCId"]: vpc["VPCRegion"] for vpc in vpcs},
            records=tuple(records),
            authorised=frozenset(_read_authorised(route53, zone_id) if {link, zone_id} & shared else []),
        )

    with _reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        summaries = [s for name in sorted({_zone.plain(link.zone) for link in links}) for s in _list(route53, name)]
        return list(pool.map(read, summaries))


class _reading:
    """Turns SDK errors of a read into one that says what to do."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        if isinstance(problem, (BotoCoreError, ClientError)):
            raise ReadFailed(f"Could not read from {self.what}; nothing was changed. {explain(problem)}") from problem


def _region(ec2: Any) -> str:
    return str(ec2.meta.region_name)


def _describe(ec2: Any, method: str, key: str, filters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """All pages of a describe call; the first filter may be of any length."""
    (name, values), *others = filters.items()
    rest = [{"Name": n, "Values": list(v)} for n, v in others]
    paginator = ec2.get_paginator(method)
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), FILTER_SIZE):
        chunk = {"Name": name, "Values": list(values[start : start + FILTER_SIZE])}
        for page in paginator.paginate(Filters=[chunk, *rest], PaginationConfig={"PageSize": 1000}):
            found += page[key]
    return found


def _read_services(ec2: Any, names: Iterable[str]) -> Iterator[_link.Service]:
    """The services that this account sees, asked for by the region in their names."""
    by_region: dict[str, list[str]] = {}
    for name in sorted(names):
        if region := _link.parse_service_region(name):
            by_region.setdefault(region, []).append(name)
    for region, there in by_region.items():
        yield from _describe_services(ec2, there, {} if region == _region(ec2) else {"ServiceRegions": [region]})


def _describe_services(ec2: Any, names: Sequence[str], where: Mapping[str, Any]) -> Iterator[_link.Service]:
    """One bad name fails the call for all, so then each is asked for by itself."""
    try:
        details = ec2.describe_vpc_endpoint_services(ServiceNames=list(names), **where)["ServiceDetails"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "InvalidServiceName":
            raise
        if len(names) > 1:
            for name in names:
                yield from _describe_services(ec2, [name], where)
        return
    for detail in details:
        zones = frozenset() if where else frozenset(detail["AvailabilityZones"])
        yield _link.Service(name=detail["ServiceName"], zones=zones)


def _subnet(subnet: Mapping[str, Any]) -> _link.Subnet:
    return _link.Subnet(
        id=subnet["SubnetId"],
        vpc_id=subnet["VpcId"],
        cidr=subnet["CidrBlock"],
        zone=subnet["AvailabilityZone"],
        zone_id=subnet["AvailabilityZoneId"],
        free=subnet["AvailableIpAddressCount"],
        public=subnet["MapPublicIpOnLaunch"],
        owner=subnet["OwnerId"],
    )


def _group(group: Mapping[str, Any]) -> _link.SecurityGroup:
    sources: set[str] = set()
    exact: set[str] = set()
    for rule in group["IpPermissions"]:
        anything = rule["IpProtocol"] == "-1"
        if anything or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= _admission.PORT <= rule["ToPort"]):
            found = set(_admission.peers_of(rule))
            sources |= found
            exact |= found if rule.get("FromPort") == rule.get("ToPort") == _admission.PORT else set()
    return _link.SecurityGroup(
        id=group["GroupId"],
        vpc_id=group["VpcId"],
        name=group["GroupName"],
        sources=frozenset(sources),
        exact=frozenset(exact),
        owned=_link.OWNED.items() <= _tags(group).items(),
    )


def _read_endpoints(ec2: Any, vpc_ids: Sequence[str], names: set[str]) -> Iterator[_link.Endpoint]:
    filters = {"vpc-id": vpc_ids, "vpc-endpoint-type": ["Interface"]}
    found = _describe(ec2, "describe_vpc_endpoints", "VpcEndpoints", filters)
    ids = [i for e in found if e["ServiceName"] in names for i in e["NetworkInterfaceIds"]]
    filters = {"network-interface-id": sorted(ids)}
    interfaces = {
        i["NetworkInterfaceId"]: {
            "address": i["PrivateIpAddress"],
            "subnet_id": i["SubnetId"],
            "availability_zone": i["AvailabilityZone"],
            "network_interface_id": i["NetworkInterfaceId"],
        }
        for i in _describe(ec2, "describe_network_interfaces", "NetworkInterfaces", filters)
    }
    for endpoint in found:
        # AWS gives one name for the region and one for each zone; the zone's name makes the latter longer.
        dns: Mapping[str, str] = min(
            endpoint.get("DnsEntries", []), key=lambda entry: len(entry["DnsName"]), default={}
        )
        problem = endpoint.get("LastError", {})
        detail = [problem.get("Code"), problem.get("Message"), endpoint.get("FailureReason")]
        yield _link.Endpoint(
            id=endpoint["VpcEndpointId"],
            vpc_id=endpoint["VpcId"],
            service_name=endpoint["ServiceName"],
            subnets=frozenset(endpoint["SubnetIds"]),
            security_groups=frozenset(group["GroupId"] for group in endpoint["Groups"]),
            tags=_tags(endpoint),
            state=endpoint["State"].lower(),
            detail=": ".join(text for text in detail if text),
            dns_name=dns.get("DnsName", ""),
            hosted_zone_id=dns.get("HostedZoneId", ""),
            addresses=tuple(interfaces[i] for i in sorted(endpoint["NetworkInterfaceIds"]) if i in interfaces),
        )


def _tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def _list(route53: Any, name: str) -> Iterator[dict[str, Any]]:
    """The private zones called ``name``. Route 53 lists from the name on, so stop where others begin."""
    position = {"DNSName": name}
    while True:
        page = route53.list_hosted_zones_by_name(**position, MaxItems="100")
        for zone in page["HostedZones"]:
            if _zone.plain(zone["Name"]) != name:
                return
            if zone["Config"]["PrivateZone"]:
                yield zone
        if not page["IsTruncated"]:
            return
        position = {"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]}


def _read_records(route53: Any, zone_id: str) -> Iterator[_zone.Record]:
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id):
        for record in page["ResourceRecordSets"]:
            target = record.get("AliasTarget")
            alias = (
                _zone.Alias(dns_name=_zone.plain(target["DNSName"]), hosted_zone_id=target["HostedZoneId"])
                if target
                else None
            )
            yield _zone.Record(name=_zone.plain(record["Name"]), type=record["Type"], alias=alias, raw=record)


def read_zones_by_vpc(route53: Any, vpcs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each VPC (id to region) the zones that serve it, of whatever owner: their ids and names."""

    def read(vpc: tuple[str, str]) -> tuple[str, dict[str, str]]:
        position: dict[str, str] = {}
        found: dict[str, str] = {}
        while True:
            page = route53.list_hosted_zones_by_vpc(VPCId=vpc[0], VPCRegion=vpc[1], **position)
            found |= {zone["HostedZoneId"]: _zone.plain(zone["Name"]) for zone in page["HostedZoneSummaries"]}
            if not page.get("NextToken"):
                return vpc[0], found
            position = {"NextToken": page["NextToken"]}

    with _reading("Route 53"), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return dict(pool.map(read, vpcs.items()))


def _read_authorised(route53: Any, zone_id: str) -> Iterator[str]:
    """The VPCs of other accounts that may be associated, at the moment."""
    for page in route53.get_paginator("list_vpc_association_authorizations").paginate(HostedZoneId=zone_id):
        yield from (vpc["VPCId"] for vpc in page["VPCs"])


# --- changing


def poll(done: Callable[[], bool], timeout: float, pause: float = 0.5, longest: float = 5.0) -> bool:
    """Ask until it is done, ever less often; False at the timeout. All in seconds."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
    return True


class Sender:
    """Sends one call of a plan and waits for what the call asks for. Made for `_plan.send`; used by several threads."""

    #: A thing that was just made may stay unknown to AWS's next call for some seconds.
    VISIBLE_AFTER = 30.0

    def __init__(self, clients: Clients, timeout: float) -> None:
        self._clients = clients
        self._timeout = timeout
        self._made: set[str] = set()

    def __call__(self, call: Call, arguments: Mapping[str, Any]) -> str:
        try:
            reply = self._send(call, arguments)
            self._wait(call, arguments, reply)
        except ClientError as problem:
            error = problem.response["Error"]
            raise CallFailed(f"{error.get('Message', '')} ({error['Code']})", error["Code"]) from problem
        except BotoCoreError as problem:
            raise CallFailed(explain(problem), type(problem).__name__) from problem
        made = _dig(reply, _MADE.get(call.operation, ()))
        self._made.add(made)
        return made

    def _send(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        reply = self._once_visible(call, arguments)
        failed = [item["Error"] for item in reply.get("Unsuccessful", [])]
        if failed and "NotFound" not in failed[0]["Code"]:
            raise CallFailed(f"{failed[0]['Message']} ({failed[0]['Code']})", failed[0]["Code"])
        return reply

    def _once_visible(self, call: Call, arguments: Mapping[str, Any]) -> dict[str, Any]:
        method = getattr(self._clients.get(call.service, call.access), xform_name(call.operation))
        end = time.monotonic() + self.VISIBLE_AFTER
        while True:
            try:
                return dict(method(**arguments))
            except ClientError as error:
                if not self._too_early(call, error) or time.monotonic() > end:
                    return self._already(call, arguments, error)
            time.sleep(0.5)

    def _too_early(self, call: Call, error: ClientError) -> bool:
        """AWS does not know yet what this run has just made, or still holds a group of an endpoint that is just gone."""
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if call.operation == "DeleteSecurityGroup" and code == "DependencyViolation":
            return True
        return "NotFound" in code and any(made and made in text for made in self._made)

    def _already(self, call: Call, arguments: Mapping[str, Any], error: ClientError) -> dict[str, Any]:
        """A call whose answer was lost is refused when it is sent again: accept it if the first one did the work."""
        aws = self._clients.get(call.service, call.access)
        code = error.response["Error"]["Code"]
        found: list[dict[str, Any]] = []
        match call.operation, code:
            case "CreateSecurityGroup", "InvalidGroup.Duplicate":
                filters = {"vpc-id": [arguments["VpcId"]], "group-name": [arguments["GroupName"]]}
                groups = map(_group, _describe(aws, "describe_security_groups", "SecurityGroups", filters))
                found = [{"GroupId": group.id} for group in groups if group.owned]
            case "AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate":
                filters = {"group-id": [arguments["GroupId"]]}
                groups = map(_group, _describe(aws, "describe_security_groups", "SecurityGroups", filters))
                found = [{} for group in groups if _admission.sources_of(arguments) <= group.sources]
            case "CreateHostedZone", "HostedZoneAlreadyExists":
                zones = _list(aws, arguments["Name"])
                found = [{"HostedZone": z} for z in zones if z["CallerReference"] == arguments["CallerReference"]]
            case "AssociateVPCWithHostedZone", "ConflictingDomainExists":
                vpc = arguments["VPC"]
                page = aws.list_hosted_zones_by_vpc(VPCId=vpc["VPCId"], VPCRegion=vpc["VPCRegion"])
                found = [{} for z in page["HostedZoneSummaries"] if z["HostedZoneId"] == arguments["HostedZoneId"]]
            case operation, _gone if operation.startswith(("Delete", "Disassociate")) and code in _GONE:
                found = [{}]
        if not found:
            raise error
        return found[0]

    def _wait(self, call: Call, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        ready = True
        if call.until == "insync" and "ChangeInfo" in reply:
            time.sleep(FIRST_LOOK)
            ready = poll(lambda: self._insync(call, reply["ChangeInfo"]["Id"]), self._timeout)
        elif call.until == "deleted":
            ready = poll(lambda: self._deleted(arguments["VpcEndpointIds"]), self._timeout)
        if not ready:
            raise CallFailed(f"not {call.until} after {self._timeout:.0f} seconds", "Timeout")

    def _insync(self, call: Call, change_id: str) -> bool:
        try:
            change = self._clients.get("route53", call.access).get_change(Id=change_id.rsplit("/", 1)[-1])
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "AccessDenied":
                return True  # the change belongs to the zone's account; it cannot be watched from here
            raise
        return str(change["ChangeInfo"]["Status"]) == "INSYNC"

    def _deleted(self, ids: Sequence[str]) -> bool:
        left = _describe(self._clients.get("ec2"), "describe_vpc_endpoints", "VpcEndpoints", {"vpc-endpoint-id": ids})
        return all(endpoint["State"].lower() == "deleted" for endpoint in left)


def _dig(reply: Mapping[str, Any], path: Sequence[str]) -> str:
    value: Any = reply if path else ""
    for key in path:
        value = value[key]
    return str(value).rsplit("/", 1)[-1]
