# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only caller of Kubernetes APIs: reads objects, runs a command in a container, and sends what `twin` makes and removes.

The official client (the Python package ``kubernetes``) logs in, with all that kubectl knows of kubeconfig files; requests are sent
here, since each needs a time limit and a bound of its size. The package is imported when it is needed, and not before.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .._core.text import printable
from .choose import Chosen
from .login import bounded, fits
from .model import Cluster, Refused
from .script import PIECE, Ended

#: Seconds to connect, and to wait for an answer.
CONNECT, READ = 10.0, 30.0
#: Seconds that a kubeconfig file's plugin for credentials may take.
PLUGIN = 60.0
#: Most bytes of one answer of the API, and of what a command may write.
ANSWER, OUTPUT = 64_000_000, 1_000_000
#: Objects in one page of a list, and most pages of one.
PAGE, PAGES = 500, 500
_STDIN, _STDOUT, _STDERR, _ERROR = 0, 1, 2, 3
_LATE = -1
#: Whom a refusal names that came without a login. Nobody should get rights for that one.
_NOBODY = 'User "system:anonymous"'
_PROTOCOLS = "v5.channel.k8s.io,v4.channel.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where an API is, and how to log in: of a cluster that no kubeconfig file describes."""

    url: str
    ca: bytes
    token: str = field(repr=False)


class Client:
    """The API of one cluster. Threads may share it."""

    def __init__(self, configuration: Any, cluster: Cluster, hint: str = "") -> None:
        """``hint`` is what to say of an API that does not answer."""
        from kubernetes.client.rest import RESTClientObject

        self._configuration, self._cluster, self._hint = configuration, cluster, hint
        self._pool = RESTClientObject(configuration).pool_manager

    def list(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """All pages of a list, as one."""
        items: list[Any] = []
        more = {"limit": str(PAGE)}
        for _page in range(PAGES):
            page = self.get(path, {**(query or {}), **more})
            items += page["items"] if isinstance(page.get("items"), list) else []
            meta = page.get("metadata")
            onward = meta.get("continue") if isinstance(meta, Mapping) else None
            if not onward or len(items) > ANSWER // 1000:
                return {**page, "items": items}
            more = {"limit": str(PAGE), "continue": str(onward)}
        raise self._unreachable("its list has no end")

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One object of the API. Raises Refused, `Missing` for what is not there."""
        raw = self.text(path, query, ANSWER)
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._unreachable("its answer is not that of a Kubernetes API")
        return found

    def text(self, path: str, query: Mapping[str, str] | None = None, most: int = OUTPUT) -> bytes:
        """The body of an answer; of a log the first ``most`` bytes."""
        import urllib3

        url = f"{self._configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        limits = urllib3.Timeout(connect=CONNECT, read=READ)
        until = time.monotonic() + READ * 4
        try:
            answer = self._pool.request(
                "GET",
                url,
                headers={"Accept": "application/json, */*", "User-Agent": "astro.privatelink", **self._login()},
                timeout=limits,
                retries=urllib3.Retry(2, redirect=0, status=0, backoff_factor=0.2),
                preload_content=False,
            )
            body = b""
            for part in answer.stream(65536, decode_content=True):
                body += part
                if len(body) > most or time.monotonic() > until:
                    break
            answer.release_conn() if len(body) <= most else answer.close()
        except urllib3.exceptions.HTTPError as problem:
            raise self._unreachable(_plain(problem)) from problem
        if answer.status != 200:
            raise self._refused(answer.status, body, "get", path)
        return body[:most]

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Makes or removes an object; that is sent once. Raises Refused, `Missing` for what is not there."""
        import urllib3

        kinds = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "astro.privatelink"}
        try:
            answer = self._pool.request(
                method,
                f"{self._configuration.host}{path}",
                body=json.dumps(body).encode(),
                headers={**kinds, **self._login()},
                timeout=urllib3.Timeout(connect=CONNECT, read=READ),
                retries=False,
                preload_content=False,
            )
            said = answer.read(OUTPUT)
            answer.close()
        except urllib3.exceptions.HTTPError as problem:
            raise self._unreachable(_plain(problem)) from problem
        if not 200 <= answer.status < 300:
            raise self._refused(answer.status, said, method.lower(), path)

    def run(self, there: Chosen, command: Sequence[str], stdin: bytes, longest: float) -> Ended:
        """Runs a command in a pod's container with exactly that input. ``longest`` are the seconds that it may take."""
        pod, container = f"{there.pod.namespace}/{there.pod.name}", there.container
        path = f"/api/v1/namespaces/{quote(there.pod.namespace)}/pods/{quote(there.pod.name)}/exec"
        query = [("container", container), *(("command", each) for each in command)]
        query += [(name, "true") for name in ("stdin", "stdout", "stderr")]
        until = time.monotonic() + longest
        with self._socket(path, urlencode(query)) as socket:
            written: dict[int, bytes] = {_STDOUT: b"", _STDERR: b"", _ERROR: b""}
            size = 0
            socket.settimeout(longest)
            for start in range(0, len(stdin), PIECE):
                socket.send_binary(bytes([_STDIN]) + stdin[start : start + PIECE])
            for channel, data in _messages(socket, until):
                size += len(data)
                if size > OUTPUT:
                    raise Refused("KUBE_EXEC_FAILED", pod=pod, detail="it writes too much")
                if channel in written:
                    written[channel] += data
                elif channel == _LATE:
                    raise Refused("KUBE_EXEC_FAILED", pod=pod, detail=f"it did not answer within {longest:.0f} seconds")
        return Ended(stdout=written[_STDOUT], stderr=written[_STDERR], status=written[_ERROR])

    @contextmanager
    def _socket(self, path: str, query: str) -> Iterator[Any]:
        import websocket
        from kubernetes.stream.ws_client import create_websocket

        url = f"{self._configuration.host}{path}?{query}"
        url = re.sub(r"^http", "ws", url)
        # The client gives no time limit, and its own functions for exec take none for the first answer.
        websocket.setdefaulttimeout(READ)
        headers = {"sec-websocket-protocol": _PROTOCOLS, **self._login()}
        try:
            socket = create_websocket(self._configuration, url, headers)
        except websocket.WebSocketBadStatusException as problem:
            body = getattr(problem, "resp_body", None) or b""
            raise self._refused(problem.status_code, body, "exec", path) from problem
        except (websocket.WebSocketException, OSError) as problem:
            raise self._unreachable(_plain(problem)) from problem
        try:
            yield socket
        except (websocket.WebSocketException, OSError) as problem:
            pod = path.split("/")[6]
            raise Refused(
                "KUBE_EXEC_FAILED", pod=pod, detail=f"the connection broke off: {_plain(problem)}"
            ) from problem
        finally:
            socket.shutdown()

    def _login(self) -> dict[str, str]:
        """The header that says who asks; a file's plugin for credentials may have to run for it. Raises Refused."""
        settings: list[Any] = []
        try:
            said = bounded(PLUGIN, lambda: settings.extend(self._configuration.auth_settings().values()))
        except Exception as problem:  # plugins of whatever make
            raise _unusable(self._cluster, _plain(problem)) from problem
        if said:
            raise _unusable(self._cluster, f"its plugin for credentials failed: {said[-1]}")
        found = {each["key"]: each["value"] for each in settings if each.get("in") == "header" and each.get("value")}
        if not all(fits(str(each)) for each in found.values()):
            raise _unusable(self._cluster, "the token has a line break or other characters that no token has")
        return found

    def _unreachable(self, detail: str) -> Refused:
        facts = {"cluster": self._cluster.label, "url": self._configuration.host, "detail": detail.rstrip(".")}
        return Refused("KUBE_API_UNREACHABLE", **facts, hint=self._hint or "kubectl has to reach it from there, too.")

    def _refused(self, status: int, body: bytes, verb: str, path: str) -> Refused:
        """What an answer stands for that is not the one that was asked for."""
        message = _message(body) or f"status {status}"
        what = _What.of(path, verb)
        facts = {"cluster": self._cluster.label, "detail": message.rstrip(".")}
        if status == 401 or (status == 403 and _NOBODY in message):
            return Refused("KUBE_LOGIN_REFUSED", **facts)
        if status == 403:
            return Refused(
                "KUBE_FORBIDDEN",
                **facts,
                verb=_verb(message) or what.verb,
                resource=what.resource,
                namespace=what.namespace or "all namespaces",
                kind="Role" if what.namespace else "ClusterRole",
            )
        if status == 404 and what.name:
            return Missing("KUBE_POD_GONE", pod=what.name, detail=facts["detail"])
        if verb == "exec":
            return Refused("KUBE_EXEC_FAILED", pod=what.name, detail=f"{status}, {facts['detail']}")
        return Refused("KUBE_API_FAILED", **facts, url=self._configuration.host, status=status)


class Missing(Refused):
    """There is no such object."""


@dataclass(frozen=True, kw_only=True)
class _What:
    """What a path of the API asks for."""

    verb: str
    resource: str
    namespace: str
    name: str

    @classmethod
    def of(cls, path: str, verb: str) -> _What:
        parts = path.strip("/").split("/")
        rest = (parts[3:] if parts[0] == "apis" else parts[2:]) or [path]
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else ""
        rest = rest[2:] if namespace else rest
        resource, name = "/".join([rest[0], *rest[2:3]]), rest[1] if len(rest) > 1 else ""
        if verb == "exec":
            return cls(verb="get", resource="pods/exec", namespace=namespace, name=f"{namespace}/{name}")
        named = f"{namespace}/{name}" if namespace else name
        known = {"post": "create", "delete": "delete"}.get(verb, "get" if name else "list")
        return cls(verb=known, resource=resource, namespace=namespace, name=named if name else "")


def configuration(cluster: Cluster, directory: str) -> Any:
    """How a kubeconfig file says to reach a cluster. Keys that are in it go into files of ``directory``, which the caller removes.

    Raises Refused. A plugin for credentials that the file names is run, as kubectl does.
    """
    from kubernetes.client import Configuration
    from kubernetes.config import list_kube_config_contexts, load_kube_config

    file = os.path.expanduser(cluster.kubeconfig) or None
    try:
        contexts, current = list_kube_config_contexts(file)  # which runs no plugin yet
        names = sorted(str(each["name"]) for each in contexts)
        if cluster.context and cluster.context not in names:
            raise Refused("KUBE_CONTEXT_UNKNOWN", file=_shown(cluster), context=cluster.context, contexts=names)
        made = Configuration()
        named = cluster.context or str((current or {}).get("name") or "")
        given = {"client_configuration": made, "persist_config": False, "temp_file_path": directory}
        if said := bounded(PLUGIN, lambda: load_kube_config(file, named, **given)):
            raise _unusable(cluster, f"its plugin for credentials failed: {said[-1]}")
    except Refused:
        raise
    except Exception as problem:  # ConfigException, files of any form, and plugins of whatever make
        raise _unusable(cluster, _plain(problem)) from problem
    return _bounded(made)


def _shown(cluster: Cluster) -> str:
    return cluster.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _unusable(cluster: Cluster, detail: str) -> Refused:
    return Refused("KUBE_CONFIG_UNREADABLE", file=_shown(cluster), detail=detail)


def at(server: Server, directory: str) -> Any:
    """How to reach a cluster whose address and login are known."""
    from kubernetes.client import Configuration

    made = Configuration()
    made.host = server.url.rstrip("/")
    made.api_key = {"authorization": f"Bearer {server.token}"}
    file = Path(directory) / f"ca-{abs(hash(server.ca)):x}.pem"
    file.write_bytes(server.ca)
    made.ssl_ca_cert = str(file)
    return _bounded(made)


@contextmanager
def installed() -> Iterator[None]:
    """Raises Refused where the client is missing. A second thread may get a package whose import fails: that shows later."""
    try:
        import kubernetes  # noqa: F401

        yield
    except ImportError as problem:
        import sys

        raise Refused("KUBE_CLIENT_MISSING", python=sys.executable, detail=_plain(problem)) from problem


def _bounded(made: Any) -> Any:
    made.host = str(made.host).rstrip("/")
    made.connection_pool_maxsize = 32
    return made


def _messages(socket: Any, until: float) -> Iterator[tuple[int, bytes]]:
    """What comes in, channel by channel, until the other side closes; `_LATE` if time is up. The client's own loop has no
    bounds."""
    import websocket

    while (left := until - time.monotonic()) > 0:
        socket.settimeout(left)
        try:
            kind, frame = socket.recv_data_frame(True)
        except websocket.WebSocketTimeoutException:
            break
        except (websocket.WebSocketConnectionClosedException, ssl.SSLEOFError):
            return
        if kind == websocket.ABNF.OPCODE_CLOSE:
            return
        if kind in {websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT} and frame.data:
            yield frame.data[0], bytes(frame.data[1:])
    yield _LATE, b""


def _message(body: bytes) -> str:
    """What a Status object says, or whatever else came."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return printable(body[:500].decode("utf-8", "replace")).strip()
    return printable(found.get("message", "")) if isinstance(found, Mapping) else ""


def _verb(message: str) -> str:
    """The verb that a refusal names: User "x" cannot create resource "pods/exec" in API group "" in the namespace "y"."""
    found = re.search(r"cannot ([a-z]{3,12}) resource", message)
    return found[1] if found else ""


def _plain(problem: BaseException) -> str:
    """An error's text without a request's address, which may be long."""
    reason = getattr(problem, "reason", None)
    text = str(reason if isinstance(reason, BaseException) else problem) or type(problem).__name__
    return printable(re.sub(r"<[^<>]{0,200} at 0x[0-9a-f]+>:? ?", "", text)).rstrip(".")


def token(presigned_url: str) -> str:
    """A bearer token of EKS: a signed request that EKS sends to STS to see who asks."""
    return "k8s-aws-v1." + base64.urlsafe_b64encode(presigned_url.encode()).decode().rstrip("=")
