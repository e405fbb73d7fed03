# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking, against servers on the loopback address that misbehave in ways the lab's do not."""

from __future__ import annotations

import contextlib
import datetime
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._probe import dns as _dns
from ansible_collections.astro.privatelink.plugins.module_utils._probe import look
from ansible_collections.astro.privatelink.plugins.module_utils._probe.model import Target, findings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "abc.external.astronomer.run"
BODY = b"404 page not found"
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)

Serve = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for HOST that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Test CA")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@contextmanager
def serving(serve: Serve) -> Iterator[int]:
    """A server that hands each connection to ``serve``, in a thread of its own."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the probe hung up
                serve(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def https(certificate: Path, *answers: bytes) -> Serve:
    """One answer for each request; after an empty one it hangs, after the last it hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            for answer in answers:
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    asked += tls.recv(4096)
                if not answer:
                    time.sleep(5)
                tls.sendall(answer)

    return serve


def filtering(serve: Serve, word: bytes) -> Serve:
    """A firewall: it looks for a name in the first packet, and cuts the connection off."""

    def filtered(connection: socket.socket) -> None:
        if word in connection.recv(4096, socket.MSG_PEEK):
            reset(connection)
        else:
            serve(connection)

    return filtered


def looked(port: int, certificate: Path, **more: Any) -> tuple[list[str], Any]:
    target = Target(
        "one", HOST, ("127.0.0.1",), port=port, timeout=1.5, ca_file=str(certificate), resolve=False, **more
    )
    seen = look.look(target)
    return [one.code for one in findings(target, seen)], seen


def hanging(_unused: socket.socket) -> None:
    time.sleep(5)


def speaking_mail(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("behave", "codes"),
    [
        ("good", []),
        ("filter", ["TLS_RESET_SNI"]),
        ("reset", ["TLS_FAILED"]),
        ("hang", ["TLS_TIMEOUT"]),
        ("mail", ["TLS_FAILED"]),
        ("silence", ["HTTP_NO_ANSWER"]),
        ("large too", []),
        ("large refused", []),
        ("large lost", ["LARGE_PACKET_HANG"]),
    ],
)
def test_what_stops_a_connection(certificate: Path, behave: str, codes: list[str]) -> None:
    good, silence = https(certificate, ANSWER), https(certificate, b"")
    serve = {
        "good": good,
        "silence": silence,
        "large too": https(certificate, ANSWER, ANSWER),
        "large refused": https(certificate, ANSWER, b"HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n"),
        "large lost": https(certificate, ANSWER, b""),
        "reset": reset,
        "hang": hanging,
        "mail": speaking_mail,
        "filter": filtering(good, HOST.encode()),
    }[behave]
    with serving(serve) as port:
        found, seen = looked(port, certificate)
    (reach,) = seen.reached
    assert found == codes
    last = (
        {"http"} if reach.tls else {"tls", "tcp"} if behave == "reset" else {"tls"}
    )  # a reset may come before the accept is seen
    assert list(reach.stages)[-1] in last
    assert sum(reach.stages.values()) <= reach.seconds + 0.002  # each is rounded


def test_another_answer_than_astros(certificate: Path) -> None:
    for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin", ANSWER.replace(b"page", b"cave")):
        with serving(https(certificate, answer)) as port:
            assert looked(port, certificate)[0] == ["HTTP_UNEXPECTED"]


def test_what_is_seen_of_a_good_connection(certificate: Path) -> None:
    with serving(https(certificate, ANSWER)) as port:
        (reach,) = looked(port, certificate)[1].reached
    assert (reach.source, reach.issuer, reach.status) == ("127.0.0.1", "Test CA", 404)
    assert reach.not_after.endswith("GMT")


def test_a_certificate_that_nobody_trusts_names_its_issuer(certificate: Path) -> None:
    with serving(https(certificate, ANSWER)) as port:
        target = Target("one", HOST, ("127.0.0.1",), port=port, resolve=False)
        (one,) = findings(target, look.look(target))
    assert one.code == "TLS_UNTRUSTED"
    assert "Test CA" in one.seen


def test_a_connection_that_is_cut_off_while_it_is_made(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_unused: Any) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(look, "_connect", cut_off)
    assert looked(1, certificate)[0] == ["TLS_FAILED"]


@pytest.mark.parametrize(
    ("content", "text"), [(None, "No such file"), (b"", ""), (b"no certificate", ""), ("directory", "")]
)
def test_a_ca_file_that_cannot_be_used_is_named(certificate: Path, tmp_path: Path, content: Any, text: str) -> None:
    """What listens is Astro; the variable is wrong."""
    file = tmp_path / "ca.pem"
    if content == "directory":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    with serving(https(certificate, ANSWER)) as port:
        target = Target("one", HOST, ("127.0.0.1",), port=port, ca_file=str(file), resolve=False)
        (one,) = findings(target, look.look(target))
    assert one.code == "CA_FILE_UNUSABLE"
    assert f"privatelink_ca_file {file}" in one.seen
    assert text in one.seen


@pytest.mark.parametrize(
    "proxy", ["nowhere", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", ":3128", "127.0.0.1:1"]
)
def test_a_proxy_that_cannot_be_used_is_named(proxy: str) -> None:
    target = Target("one", HOST, ("127.0.0.1",), timeout=1.5, dial_through=proxy, resolve=False)
    (one,) = findings(target, look.look(target))
    assert one.code == "DIAL_THROUGH_UNUSABLE"
    assert f"privatelink_dial_through, {proxy!r}," in one.seen


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ["DIAL_THROUGH_UNUSABLE"]),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ["DIAL_THROUGH_UNUSABLE"]),
        (b"HTTP/1.1 502 Connection refused\r\n\r\n", ["TCP_REFUSED"]),
        (b"HTTP/1.1 503 No route to host\r\n\r\n", ["TCP_UNREACHABLE"]),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", ["TCP_TIMEOUT"]),
    ],
)
def test_what_a_proxy_says(certificate: Path, answer: bytes, codes: list[str]) -> None:
    def say(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with serving(say) as port:
        assert looked(port, certificate, dial_through=f"127.0.0.1:{port}")[0] == codes


def test_a_port_that_nobody_listens_on(certificate: Path) -> None:
    with serving(reset) as port:
        pass
    assert looked(port, certificate)[0] == ["TCP_REFUSED"]


@pytest.mark.parametrize(("status", "codes"), [(200, []), (500, ["AGENT_UNHEALTHY"])])
def test_the_agents_own_page(certificate: Path, status: int, codes: list[str]) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_unused: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as agent, serving(https(certificate, ANSWER)) as port:
        threading.Thread(target=agent.serve_forever, args=(0.01,), daemon=True).start()
        found, _unused = looked(port, certificate, health_url=f"http://127.0.0.1:{agent.server_port}/healthz")
        agent.shutdown()
    assert found == codes


# --- what surrounds an agent


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://me:secret@proxy:3128"}, ("HTTPS_PROXY", "proxy:3128")),
        ({"all_proxy": "proxy:3128"}, ("ALL_PROXY", "proxy:3128")),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".external.astronomer.run"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".internal"}, ("HTTPS_PROXY", "proxy:3128")),
    ],
)
def test_proxy_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], proxy: tuple[str, str] | None
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert look._proxy(HOST) == proxy


def test_files_in_etc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hosts, resolv_conf = tmp_path / "hosts", tmp_path / "resolv.conf"
    monkeypatch.setattr(look, "HOSTS", str(hosts))
    monkeypatch.setattr(look, "RESOLV_CONF", str(resolv_conf))
    assert (look._pinned(HOST), look._resolv_conf()) == ((), ((), (), 1))
    hosts.write_text(f"10.1.1.1 other {HOST.upper()} # here\n# 10.2.2.2 {HOST}\n10.3.3.3\n")
    resolv_conf.write_text(
        "search a.example b.example.\nnameserver 10.0.0.2 ; first\nnameserver ::1\noptions ndots:5 timeout:1\nnameserver\n"
    )
    assert look._pinned(HOST) == ("10.1.1.1",)
    assert look._resolv_conf() == (("10.0.0.2", "::1"), ("a.example", "b.example"), 5)


def test_a_search_list_that_captures_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with naming(lambda query: answered(query, "203.0.113.10")) as server:
        resolv_conf = tmp_path / "resolv.conf"
        monkeypatch.setattr(look, "RESOLV_CONF", str(resolv_conf))
        monkeypatch.setattr(look, "lookup", lambda _server, host, timeout: _dns.lookup(server, host, timeout))
        monkeypatch.setattr(look, "_ask_system", lambda target: _dns.lookup(server, target.host, 1))
        resolv_conf.write_text("search corp.example\nnameserver 10.0.0.2\noptions ndots:5\n")
        target = Target("one", HOST, ("127.0.0.1",), port=1, timeout=1)
        codes = [one.code for one in findings(target, look.look(target))]
    assert codes == ["DNS_SEARCH_CAPTURES", "TCP_REFUSED"]


def test_an_old_answer_is_waited_for_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, right = _dns.Lookup("10.0.0.2", ("203.0.113.10",), ttl=0), _dns.Lookup("10.0.0.2", ("127.0.0.1",), ttl=60)
    answers = iter([old, right, right])  # the name server, the VPC's resolver, and the name server again
    monkeypatch.setattr(look, "RESOLV_CONF", str(tmp_path / "resolv.conf"))
    monkeypatch.setattr(look, "lookup", lambda *_unused, **_more: next(answers))
    systems = iter([old, right])
    monkeypatch.setattr(look, "_ask_system", lambda _target: next(systems))
    (tmp_path / "resolv.conf").write_text("nameserver 10.0.0.2\n")
    target = Target("one", HOST, ("127.0.0.1",), port=1, timeout=1, patience=5)
    seen = look.look(target)
    assert [one.code for one in findings(target, seen)] == ["DNS_WAS_STALE", "TCP_REFUSED"]
    assert seen.names is not None
    assert seen.names.waited >= 0.5


# --- name servers


Answer = Callable[[dns.message.Message], dns.message.Message]


@contextmanager
def naming(answer: Answer) -> Iterator[str]:
    """A name server for datagrams and streams at one port."""

    def stream(connection: socket.socket) -> None:
        (length,) = struct.unpack("!H", connection.recv(2))
        reply = answer(dns.message.from_wire(connection.recv(length))).to_wire()
        connection.sendall(struct.pack("!H", len(reply)) + reply)

    with serving(stream) as port:

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, asking = self.request
                reply = answer(dns.message.from_wire(wire))
                if len(reply.to_wire()) > 512:
                    reply.answer.clear()
                    reply.flags |= dns.flags.TC
                asking.sendto(reply.to_wire(), self.client_address)

        with socketserver.ThreadingUDPServer(("127.0.0.1", port), Datagram) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            try:
                yield f"127.0.0.1:{port}"
            finally:
                server.shutdown()


def answered(query: dns.message.Message, *addresses: str, kind: str = "A", alias: str = "") -> dns.message.Message:
    reply = dns.message.make_response(query)
    asked = query.question[0]
    if dns.rdatatype.to_text(asked.rdtype) == kind:
        owner = asked.name
        if alias:
            reply.answer.append(dns.rrset.from_text(owner, 300, "IN", "CNAME", f"{alias}."))
            owner = dns.name.from_text(alias)
        reply.answer.append(dns.rrset.from_text_list(owner, 60, "IN", kind, addresses))
    return reply


def denied(query: dns.message.Message, rcode: dns.rcode.Rcode, ttl: int | None = None) -> dns.message.Message:
    """``ttl`` is for how long it may be kept, as the zone's SOA record says."""
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    if ttl is not None:
        soa = "ns.example. hostmaster.example. 1 7200 900 1209600 900"
        reply.authority.append(dns.rrset.from_text("external.astronomer.run.", ttl, "IN", "SOA", soa))
    return reply


@pytest.fixture(params=["dnspython", "plainly"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With dnspython, and as on a host that does not have it."""
    monkeypatch.setattr(_dns, "_ask", getattr(_dns, f"ask_{request.param}"))


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (lambda q: answered(q, "10.0.2.5", "10.0.1.5"), {"addresses": ("10.0.1.5", "10.0.2.5"), "ttl": 60}),
        (lambda q: answered(q, "10.0.1.5", alias="a.example"), {"addresses": ("10.0.1.5",), "aliases": ("a.example",)}),
        (lambda q: answered(q, "2001:db8::1", kind="AAAA"), {"addresses": ("2001:db8::1",)}),
        (lambda q: answered(q, *(f"10.0.0.{n}" for n in range(99))), {"problem": "", "ttl": 60}),
        (lambda q: denied(q, dns.rcode.NOERROR), {"problem": "DNS_NODATA", "ttl": None}),
        (lambda q: denied(q, dns.rcode.NXDOMAIN, 30), {"problem": "DNS_NXDOMAIN", "ttl": 30}),
        (lambda q: denied(q, dns.rcode.SERVFAIL), {"problem": "DNS_SERVFAIL", "detail": "SERVFAIL"}),
        (lambda q: denied(q, dns.rcode.REFUSED), {"problem": "DNS_SERVFAIL", "detail": "REFUSED"}),
    ],
    ids=["addresses", "alias", "IPv6", "over TCP", "nothing", "no such name", "failure", "refusal"],
)
def test_a_name_servers_answer(answer: Answer, wanted: dict[str, Any]) -> None:
    with naming(answer) as server:
        found = _dns.lookup(server, HOST, 2)
    assert {key: getattr(found, key) for key in wanted} == wanted


@pytest.mark.usefixtures("_both_ways")
def test_a_name_server_that_says_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        start = time.monotonic()
        found = _dns.lookup(f"127.0.0.1:{silent.getsockname()[1]}", HOST, 0.3)
    assert found.problem == "DNS_TIMEOUT"
    assert time.monotonic() - start < 1


def test_answers_that_make_no_sense_are_not_followed_for_ever() -> None:
    header = b"\0\0\x81\x80\0\0\0\1\0\0\0\0"
    for wire in (header, header + b"\xc0\x0c", header + b"\x3fabc", header + b"\0\0\1\0\1\0\0\0\x3c\0\x02ab"):
        with pytest.raises((ValueError, IndexError, struct.error)):
            _dns._parsed(wire)


def test_datagrams_that_answer_another_question_are_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            wire, asking = server.recvfrom(4096)
            right = answered(dns.message.from_wire(wire), "10.0.1.5").to_wire()
            for each in (b"", b"\0\0" + right[2:], right[:2] + b"\x01" + right[3:], right):
                server.sendto(each, asking)

        threading.Thread(target=answer, daemon=True).start()
        found = _dns.ask_plainly("127.0.0.1", server.getsockname()[1], HOST, 1, 2)
    assert found.records == (_dns.Record(1, 60, "10.0.1.5"),)


def test_without_dnspython_the_module_asks_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_unused: Any) -> None:
        raise ModuleNotFoundError("No module named 'dns'")

    monkeypatch.setattr(_dns, "ask_dnspython", missing)
    with naming(lambda query: answered(query, "10.0.1.5")) as server:
        assert _dns.lookup(server, HOST, 2).addresses == ("10.0.1.5",)
