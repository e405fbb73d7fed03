# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces all that could say whose an answer was. What is not known to be harmless is replaced, always by the same thing.

Ids, accounts and addresses keep their shape, and ranges their size, so that answers can still be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

REMOVED = "removed"
_SECRET = re.compile(
    r"secret|token|password|signature|credential|authorization|userdata|private.?key|streamurl|accesskey|policy", re.I
)
#: Keys of AWS's answers that have words of its own below them.
_WORD_KEYS = """
Code State Status Type IpProtocol Protocol ResourceType ServiceType RegionName Region VPCRegion ServiceRegion ZoneName ZoneId
AvailabilityZone AvailabilityZoneId ZoneType OptInStatus IpAddressType DnsRecordIpType VpcEndpointType VpcEndpointState
VpcEndpointRegion Tenancy InstanceTenancy CidrBlockState Origin InterfaceType Attribute Action PaymentResponsibility ServiceCode
QuotaCode EvalActionName EvalDecision Scheme AvailabilityZones AvailabilityZoneIds
"""
#: Labels of names that everybody has.
_COMMON_LABELS = """
amazonaws com cn vpce elb internal compute ec2 amazon aws run astronomer external localhost default root net org arpa
"""
_WORDS, _LABELS = frozenset(_WORD_KEYS.split()), frozenset(_COMMON_LABELS.split())
_WORD = re.compile(r"[A-Za-z0-9_:*-]{1,40}")
_PLACE = re.compile(r"(?:[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d[a-z]?|[a-z]{3,4}\d-az\d|us-east-1)")
_ID = re.compile(r"\b([a-z][a-z-]*)-([0-9a-f]{17}|[0-9a-f]{8})\b(-[a-z0-9]{8}\b)?")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
_KEY = re.compile(r"\b(A[A-Z]{3})[A-Z0-9]{12,17}\b")
_ZONE = re.compile(r"\bZ[A-Z0-9]{8,31}\b")
_MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")
_IPV4 = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.]*\d)")
_IPV4_NAME = re.compile(r"\bip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\b")
_IPV6 = re.compile(r"(?<![0-9A-Za-z:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![0-9A-Za-z:])")
_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([^:\s]*):([^\s,'\"]+)")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_NAME = re.compile(r"(?:[A-Za-z0-9_*-]+\.)+[A-Za-z0-9_-]+\.?")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{3,}")
_QUOTED = re.compile(r"(?<![A-Za-z])'([^']+)'(?![A-Za-z])|\"([^\"]+)\"|\[([^\]]+)\]")
_KEPT = frozenset({"0.0.0.0", "10.0.0.0", "172.16.0.0", "192.168.0.0", "127.0.0.1", "255.255.255.255"})
_NUMBERS = re.compile(r"[-+]?\d{1,6}")

Steps = tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]


class Replacer:
    """One for a recording: what was replaced once is replaced by the same thing again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        number = self._numbered
        self._steps: Steps = (
            (_ARN, self._arn),
            (_UUID, lambda found: number("uuid", found[0], lambda n: f"00000000-0000-4000-8000-{n:012x}")),
            (_ID, self._id),
            (_KEY, lambda found: number("key", found[0], lambda n: f"{found[1]}{n:016d}")),
            (_ZONE, lambda found: number("zone", found[0], lambda n: f"Z{n:020d}")),
            (_ACCOUNT, lambda found: self._account(found[0])),
            (_MAC, lambda found: number("mac", found[0], lambda n: f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}")),
            (_IPV4_NAME, lambda found: "ip-" + self._address(".".join(found.groups())).replace(".", "-")),
            (_IPV4, lambda found: self._address(found[0])),
            (_IPV6, lambda found: self._address(found[0])),
        )

    def value(self, value: Any, key: str = "", words: frozenset[str] = frozenset()) -> Any:
        """`words` are those that the service's model has."""
        if isinstance(value, Mapping):
            return {
                str(name): self.value(each, str(name), words) for name, each in value.items() if name != "HTTPHeaders"
            }
        if isinstance(value, (list, tuple)):
            return [self.value(each, key, words) for each in value]
        if isinstance(value, date):
            return "2000-01-01T00:00:00Z"
        if value is None or isinstance(value, (bool, int, float)):
            return self._number(value)
        return self._string(str(value), key, words) if isinstance(value, str) else REMOVED

    def message(self, text: str) -> str:
        """Of an error: its words stay, for they are what is compared. Names are in quotes, have dots, or were met before."""
        told, done = "", 0
        for found in _QUOTED.finditer(text):
            told += (
                self._sentence(text[done : found.start()]) + found[0][0] + self._inside(found[0][1:-1]) + found[0][-1]
            )
            done = found.end()
        return told + self._sentence(text[done:])

    def _sentence(self, text: str) -> str:
        return self._tokens(text, (*self._steps, (_NAME, lambda found: self._dotted(found[0])), (_PART, self._met)))

    def _met(self, found: re.Match[str]) -> str:
        return self._known.get(("text", found[0]), self._known.get(("label", found[0].lower()), found[0]))

    def _number(self, value: Any) -> Any:
        known = isinstance(value, int) and not isinstance(value, bool) and _ACCOUNT.fullmatch(str(value))
        return int(self._account(str(value))) if known else value

    def _string(self, text: str, key: str, words: frozenset[str]) -> str:
        if not text or text in words or _PLACE.fullmatch(text) or _NUMBERS.fullmatch(text):
            return text
        if _SECRET.search(key) or "-----BEGIN" in text:
            return REMOVED
        if key in _WORDS and _WORD.fullmatch(text) and not self._telling(text):
            return text
        return self._inside(text)

    def _telling(self, text: str) -> bool:
        return self._tokens(text) != text

    def _inside(self, text: str) -> str:
        """A whole value: if nothing of it is of a known shape, it is a name."""
        told = self._tokens(text)
        if _all_replaced(text):
            return told
        if _NAME.fullmatch(text):
            return self._dotted(told)
        return self._numbered("text", text, lambda number: f"text-{number}")

    def _tokens(self, text: str, steps: Steps | None = None) -> str:
        """What is replaced is not looked at again; what is between goes to the next shape."""
        steps = self._steps if steps is None else steps
        if not steps or not text:
            return text
        (shape, shown), *rest = steps
        told, done = "", 0
        for found in shape.finditer(text):
            told += self._tokens(text[done : found.start()], tuple(rest)) + shown(found)
            done = found.end()
        return told + self._tokens(text[done:], tuple(rest))

    def _id(self, found: re.Match[str]) -> str:
        told = self._numbered("id", found[1] + found[2], lambda number: f"{number:0{len(found[2])}x}")
        return f"{found[1]}-{told}" + ("-00000000" if found[3] else "")

    def _account(self, account: str) -> str:
        return self._numbered("account", account, lambda number: f"{100000000000 + number}")

    def _address(self, text: str) -> str:
        """The network of 16 bits is replaced, and what is in it stays; a public address stands for itself alone."""
        try:
            address = ip_address(text)
        except ValueError:
            return text
        if isinstance(address, IPv6Address):
            return self._ipv6(address)
        if str(address) in _KEPT or address.is_link_local:
            return text
        if address.is_global or not address.is_private:
            return self._numbered("public", text, lambda number: f"203.0.113.{number % 256}")
        return self._private(address)

    def _private(self, address: IPv4Address) -> str:
        start, _dot, rest = str(address).partition(".")
        second, _dot, low = rest.partition(".")
        network = self._numbered("network", f"{start}.{second}", lambda number: f"10.{number % 256}")
        return f"{network}.{low}"

    def _ipv6(self, address: IPv6Address) -> str:
        if int(address) == 0 or address.is_link_local:
            return str(address)
        network, host = divmod(int(address), 1 << 64)
        told = self._numbered(
            "ipv6 network", str(network), lambda number: f"2001:db8:{number >> 8:x}:{(number & 255) << 8:x}:"
        )
        return told + (self._numbered("ipv6 host", str(host), lambda number: f":{number:x}") if host else ":")

    def _arn(self, found: re.Match[str]) -> str:
        partition, service, region, account, rest = found.groups()
        parts = re.split(r"([/:])", rest)
        told = [part if number < 1 or part in "/:" else self._part(part) for number, part in enumerate(parts)]
        owner = self._account(account) if _ACCOUNT.fullmatch(account) else account
        return f"arn:{partition}:{service}:{region}:{owner}:{''.join(told)}"

    def _part(self, part: str) -> str:
        if not part or part in ("*", "net", "app", "root"):
            return part
        return self._id(whole) if (whole := _ID.fullmatch(part)) else self._label(part)

    def _dotted(self, text: str) -> str:
        """Label by label, so that a name stays below that of its zone."""
        return ".".join(self._label(label) for label in text.split("."))

    def _label(self, label: str) -> str:
        known = label.lower() in _LABELS or label in ("", "*", "\\052") or _PLACE.fullmatch(label)
        if known or _ID.fullmatch(label.removesuffix("-00000000")) or label.startswith("ip-"):
            return label
        return self._numbered("label", label.lower(), lambda number: f"name{number}")

    def _numbered(self, kind: str, value: str, shown: Callable[[int], str]) -> str:
        if (kind, value) not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[kind, value] = shown(self._counts[kind])
        return self._known[kind, value]


def _all_replaced(text: str) -> bool:
    """Whether the whole of it has a shape that is replaced by one of the same shape."""
    shapes = (_ID, _ACCOUNT, _KEY, _ZONE, _MAC, _UUID, _ARN)
    if any(shape.fullmatch(text) for shape in shapes) or re.fullmatch(
        r"/hostedzone/Z[A-Z0-9]+|/change/C[A-Z0-9]+", text
    ):
        return not text.startswith("/change/")
    address, _slash, length = text.partition("/")
    try:
        ip_address(address)
    except ValueError:
        return False
    return not length or length.isdigit()
