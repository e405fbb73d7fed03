# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's resolver on the wire: what a VPC's resolver would put there for the same meaning."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from astrolab.faults import DnsFault, DnsKind, Faults
from astrolab.net import caching
from astrolab.net.resolver import PublicNames, Record, Reply, Resolver
from astrolab.net.translation import dns64

CLIENT = "10.10.1.9"
HOST = "c1.external.astronomer.run"
WORLD = PublicNames({HOST: (IPv4Address("203.0.113.10"),)})


def private(name: str, rdtype: str) -> Reply | None:
    """One zone with an alias to two addresses, one with a chain, one with more than a datagram holds."""
    known = name.lower().rstrip(".")
    answers = {
        HOST: tuple(Record(HOST, "A", 60, f"10.10.{number}.4") for number in (1, 2)),
        f"www.{HOST}": (Record(f"www.{HOST}", "CNAME", 60, f"{HOST}."), Record(HOST, "A", 60, "10.10.1.4")),
        f"many.{HOST}": tuple(Record(f"many.{HOST}", "A", 60, f"10.9.0.{number}") for number in range(100)),
    }
    records = answers.get(known, ())
    return Reply(zone="external.astronomer.run", exists=known in answers, records=records if rdtype == "A" else ())


def ask(
    name: str, rdtype: str = "A", fault: DnsFault | None = None, *, lookup: object = private, limited: bool = True
) -> dns.message.Message | None:
    faults = Faults(dns={"vpc-1": fault} if fault else {})
    resolver = Resolver("vpc-1", lambda _client: lookup, faults, IPv4Address("203.0.113.10"))  # type: ignore[arg-type, return-value]
    query = dns.message.make_query(name, rdtype, use_edns=False)
    wire = asyncio.run(resolver.answer(query.to_wire(), CLIENT, limited=limited))
    if wire is None:
        return None
    answer = dns.message.from_wire(wire)
    assert query.is_response(answer)
    return answer


def values(answer: dns.message.Message | None) -> list[str]:
    assert answer is not None
    return sorted(record.to_text() for rrset in answer.answer for record in rrset)  # their order changes, as in AWS


def test_all_addresses_with_the_letters_of_the_question() -> None:
    answer = ask(HOST.upper())
    assert values(answer) == ["10.10.1.4", "10.10.2.4"]
    assert answer is not None
    assert answer.answer[0].name.to_text() == f"{HOST.upper()}."
    assert answer.flags & dns.flags.RA
    assert not answer.flags & dns.flags.AA


def test_a_chain_is_told_link_by_link() -> None:
    assert values(ask(f"www.{HOST}")) == ["10.10.1.4", f"{HOST}."]


@pytest.mark.parametrize(("name", "rcode"), [(HOST, dns.rcode.NOERROR), (f"no.{HOST}", dns.rcode.NXDOMAIN)])
def test_nothing_is_told_with_the_zones_soa(name: str, rcode: dns.rcode.Rcode) -> None:
    answer = ask(name, "AAAA")
    assert answer is not None
    assert answer.rcode() == rcode
    assert answer.answer == []
    (authority,) = answer.authority
    assert (authority.name.to_text(), authority.rdtype) == ("external.astronomer.run.", dns.rdatatype.SOA)


def test_what_a_datagram_cannot_hold_is_asked_again_by_stream() -> None:
    short, whole = ask(f"many.{HOST}"), ask(f"many.{HOST}", limited=False)
    assert short is not None
    assert short.flags & dns.flags.TC
    assert values(short) == []
    assert len(values(whole)) == 100


def test_the_world_knows_its_names_and_the_empty_ones_above_them() -> None:
    known, above, unknown = (ask(name, lookup=WORLD) for name in (HOST, "external.astronomer.run", "example.org"))
    assert values(known) == ["203.0.113.10"]
    assert above is not None
    assert unknown is not None
    assert (above.rcode(), unknown.rcode()) == (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("split", ["10.10.1.4", "203.0.113.10"]), ("servfail", []), ("slow", ["10.10.1.4", "10.10.2.4"])],
)
def test_faults(kind: DnsKind, expected: list[str]) -> None:
    answer = ask(HOST, fault=DnsFault(kind, 0.01))
    assert values(answer) == expected
    assert answer is not None
    assert (answer.rcode() == dns.rcode.SERVFAIL) == (kind == "servfail")


def test_a_cache_keeps_what_it_was_told_and_counts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(caching.time, "monotonic", lambda: clock[0])
    replies = iter([("203.0.113.10", 20), ("10.10.1.4", 60)])

    def upstream(name: str, rdtype: str) -> Reply:
        if rdtype != "A":
            return Reply(zone="external.astronomer.run", exists=True, denied_for=5)
        address, ttl = next(replies)
        return Reply(zone="external.astronomer.run", exists=True, records=(Record(name, "A", ttl, address),))

    cache = caching.Cache(upstream)
    seen = []
    for clock[0] in (100.0, 107.5, 120.0):
        reply, nothing = cache(HOST, "A"), cache(HOST, "AAAA")
        assert reply is not None
        assert nothing is not None
        seen.append((reply.records[0].value, reply.records[0].ttl, nothing.denied_for))
    assert seen == [("203.0.113.10", 20, 5), ("203.0.113.10", 13, 5), ("10.10.1.4", 60, 5)]
    assert caching.Cache(lambda _name, _rdtype: None)(HOST, "A") is None


def test_silence_and_nonsense_get_no_answer() -> None:
    assert ask(HOST, fault=DnsFault("silent")) is None
    assert ask(HOST, lookup=lambda _name, _rdtype: None) is None
    resolver = Resolver("vpc-1", lambda _client: private, Faults(), IPv4Address("203.0.113.10"))
    assert asyncio.run(resolver.answer(b"nonsense", CLIENT, limited=True)) is None


def translated(name: str, rdtype: str) -> Reply | None:
    return dns64(private, name, rdtype)


def test_dns64_makes_ipv6_addresses_of_ipv4_ones_behind_the_same_chain() -> None:
    assert values(ask(HOST, "AAAA", lookup=translated)) == ["64:ff9b::a0a:104", "64:ff9b::a0a:204"]
    assert values(ask(f"www.{HOST}", "AAAA", lookup=translated)) == ["64:ff9b::a0a:104", f"{HOST}."]
    assert values(ask(HOST, lookup=translated)) == ["10.10.1.4", "10.10.2.4"]


def test_dns64_leaves_what_is_not_there_and_what_has_ipv6() -> None:
    missing = ask(f"no.{HOST}", "AAAA", lookup=translated)
    assert missing is not None
    assert missing.rcode() == dns.rcode.NXDOMAIN
    here = Reply(zone="example.org", exists=True, records=(Record("a.example.org", "AAAA", 60, "2001:db8::1"),))
    assert dns64(lambda _name, _rdtype: here, "a.example.org", "AAAA") == here
    empty = Reply(zone="example.org", exists=True)
    assert dns64(lambda _name, _rdtype: empty, "b.example.org", "AAAA") == empty
