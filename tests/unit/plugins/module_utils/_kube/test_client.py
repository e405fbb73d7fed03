# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of an API stand for that are not those that were asked for; a real client asks a server of this test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._kube import client
from ansible_collections.astro.privatelink.plugins.module_utils._kube.choose import Chosen
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Cluster, Pod, Refused

POLICIES = "/apis/networking.k8s.io/v1/namespaces/airflow/networkpolicies"
PODS = "/api/v1/namespaces/airflow/pods"
JOBS = "/apis/batch/v1/namespaces/airflow/jobs"
POD = Chosen(slot="s", pod=Pod(namespace="airflow", name="worker-1"), container="worker")
Answers = Callable[[str], tuple[int, object]]


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts a server that answers paths, and gives its address."""
    servers = []

    def start(answers: Answers, headers: dict[str, str] | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, body = answers(self.path)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_DELETE = do_GET

            def log_message(self, *_told: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def config(place: Path, url: str, **user: object) -> Cluster:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
    }
    file = place / "config"
    file.write_text(yaml.safe_dump(content))
    return Cluster(kubeconfig=str(file))


def connect(place: Path, url: str) -> client.Client:
    cluster = config(place, url)
    return client.Client(client.configuration(cluster, str(place)), cluster)


def status(code: int, message: str) -> tuple[int, object]:
    return code, {"kind": "Status", "status": "Failure", "code": code, "message": message}


FORBIDDEN = 'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "airflow"'


@pytest.mark.parametrize(
    ("path", "answer", "finding"),
    [
        (PODS, status(401, "Unauthorized"), ("KUBE_LOGIN_REFUSED", "Unauthorized")),
        (PODS, status(403, FORBIDDEN.replace('"u"', '"system:anonymous"')), ("KUBE_LOGIN_REFUSED", "does not know who asks")),
        (PODS, status(400, "unable to parse requirement"), ("KUBE_API_FAILED", "check selector and context of privatelink_kubernetes")),
        (PODS, status(403, FORBIDDEN), ("KUBE_FORBIDDEN", "refuses to list pods in airflow")),
        ("/api/v1/pods", status(403, "no"), ("KUBE_FORBIDDEN", "refuses to list pods in all namespaces: no. Apply the ClusterRole")),
        (POLICIES, status(403, "no"), ("KUBE_FORBIDDEN", "list networkpolicies in airflow")),
        (f"{PODS}/worker-1", status(404, "not found"), ("KUBE_POD_GONE", "airflow/worker-1 is gone")),
        (PODS, (404, b"<html>nothing here</html>"), ("KUBE_API_FAILED", "answers 404: <html>nothing here</html>")),
        (PODS, (500, b"\x1b[2Joops"), ("KUBE_API_FAILED", "answers 500: [2Joops")),
        (PODS, (200, b"no json"), ("KUBE_API_UNREACHABLE", "its answer is not that of a Kubernetes API")),
        (PODS, (200, b"[" * 100_000), ("KUBE_API_UNREACHABLE", "its answer is not that of a Kubernetes API")),
        (PODS, (500, b"[" * 100_000), ("KUBE_API_FAILED", "answers 500: [[[")),
        (PODS, (200, []), ("KUBE_API_UNREACHABLE", "its answer is not that of a Kubernetes API")),
    ],
)  # fmt: skip
def test_other_answers(serve, tmp_path, path, answer, finding):
    with pytest.raises(Refused) as raised:
        connect(tmp_path, serve(lambda _path: answer)).get(path)
    assert str(raised.value).startswith(f"{finding[0]}: ")
    assert finding[1] in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (status(403, 'User "u" cannot create resource "pods/exec"'), "KUBE_FORBIDDEN", "refuses to create pods/exec in airflow"),
        (status(403, "no"), "KUBE_FORBIDDEN", "refuses to get pods/exec in airflow"),
        (status(404, "not found"), "KUBE_POD_GONE", "airflow/worker-1 is gone"),
        (status(500, "container not found"), "KUBE_EXEC_FAILED", "500, container not found"),
        (status(401, "Unauthorized"), "KUBE_LOGIN_REFUSED", "Unauthorized"),
    ],
)  # fmt: skip
def test_an_exec_that_is_refused(serve, tmp_path, answer, code, told):
    with pytest.raises(Refused) as raised:
        connect(tmp_path, serve(lambda _path: answer)).run(POD, ["true"], b"", 5.0)
    assert raised.value.code == code
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", JOBS, "refuses to create jobs in airflow"),
        ("DELETE", f"{JOBS}/probe-1", "refuses to delete jobs in airflow"),
    ],
)
def test_what_is_sent_and_refused(serve, tmp_path, method, path, told):
    with pytest.raises(Refused) as raised:
        connect(tmp_path, serve(lambda _path: status(403, "no"))).send(method, path, {})
    assert raised.value.code == "KUBE_FORBIDDEN"
    assert told in str(raised.value)
    connect(tmp_path, serve(lambda _path: (201, {}))).send(method, path, {})


def test_a_log_that_may_not_be_read_is_named(serve, tmp_path):
    with pytest.raises(Refused, match="refuses to get pods/log in airflow"):
        connect(tmp_path, serve(lambda _path: status(403, "no"))).text(f"{PODS}/worker-1/log")


def test_a_token_does_not_follow_to_another_place(serve, tmp_path):
    went: list[str] = []
    other = serve(lambda path: (went.append(path), (200, {"items": []}))[1])
    here = serve(lambda _path: (302, b""), {"Location": f"{other}/taken"})
    with pytest.raises(Refused, match="KUBE_API_UNREACHABLE"):
        connect(tmp_path, here).get(PODS)
    assert went == []


def test_pages_are_one_list(serve, tmp_path):
    def answers(path: str) -> tuple[int, object]:
        if "continue=more" in path:
            return 200, {"items": [3], "metadata": {}}
        return 200, {"items": [1, 2], "metadata": {"continue": "more"}}

    found = connect(tmp_path, serve(answers)).list(PODS, {"labelSelector": "app=a"})
    assert found["items"] == [1, 2, 3]


def test_a_list_that_never_ends_does(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "ANSWER", 5000)
    asked: list[str] = []
    page = {"items": [1, 2], "metadata": {"continue": "more"}}
    found = connect(tmp_path, serve(lambda path: (asked.append(path), (200, page))[1])).list(PODS)
    assert len(found["items"]) == 2 * len(asked) < 10


def test_a_list_of_empty_pages_without_end_is_no_list(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "PAGES", 5)
    asked: list[str] = []
    page = {"items": [], "metadata": {"continue": "more"}}
    with pytest.raises(Refused, match=r"KUBE_API_UNREACHABLE.*its list has no end"):
        connect(tmp_path, serve(lambda path: (asked.append(path), (200, page))[1])).list(PODS)
    assert len(asked) == 5


def test_an_answer_that_is_too_long_is_no_answer(serve, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "ANSWER", 1000)
    api = connect(tmp_path, serve(lambda _path: (200, b'{"items": "' + b"x" * 500_000 + b'"}')))
    with pytest.raises(Refused, match="KUBE_API_UNREACHABLE"):
        api.get(PODS)


def plugin(place: Path, url: str, script: str) -> Cluster:
    """A kubeconfig file whose plugin for credentials is a script for sh."""
    file = place / "plugin"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    said = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(file), "interactiveMode": "Never"}
    return config(place, url, exec=said)


def credential(**more: str) -> str:
    kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    return f"echo '{json.dumps({**kind, 'status': more})}'"


def test_a_plugin_for_credentials_is_run_and_may_not_take_for_ever(tmp_path, monkeypatch):
    url = "http://127.0.0.1:1"
    made = client.configuration(plugin(tmp_path, url, credential(token="of-it")), str(tmp_path))
    assert [each["value"] for each in made.auth_settings().values()] == ["Bearer of-it"]
    monkeypatch.setattr(client, "PLUGIN", 0.3)
    with pytest.raises(Refused, match=r"KUBE_CONFIG_UNREADABLE.* did not end within 0 seconds"):
        client.configuration(plugin(tmp_path, url, "sleep 3"), str(tmp_path))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("printf 'no\\033[31m\\007 way\\n' >&2; exit 3", "process returned 3. no[31m way"),
        ("echo garbage", "failed to decode process output"),
        ("echo '[1]'", "malformed response"),
        (credential(), "missing token"),
    ],
)
def test_a_plugin_that_fails_is_told_and_never_means_that_nobody_asks(tmp_path, capfd, script, told):
    """The client logs it, raw, and goes on without a login."""
    with pytest.raises(Refused, match=r"KUBE_CONFIG_UNREADABLE.*its plugin for credentials failed: ") as raised:
        client.configuration(plugin(tmp_path, "http://127.0.0.1:1", script), str(tmp_path))
    assert told in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("then", "told"), [("exit 4", "process returned 4"), ("sleep 3", "did not end within 0 seconds")]
)
def test_a_plugin_that_fails_in_the_middle_is_told(serve, tmp_path, monkeypatch, then, told):
    """A token that is over is fetched anew, by the plugin, before a request."""
    once = tmp_path / "once"
    over = credential(token="t", expirationTimestamp="2020-01-01T00:00:00Z")
    url = serve(lambda _path: (200, {"items": []}))
    cluster = plugin(tmp_path, url, f"[ -e {once} ] && {then}; touch {once}; {over}")
    api = client.Client(client.configuration(cluster, str(tmp_path)), cluster)
    monkeypatch.setattr(client, "PLUGIN", 0.5)
    with pytest.raises(Refused, match=rf"KUBE_CONFIG_UNREADABLE.*{told}"):
        api.get(PODS)


@pytest.mark.parametrize("token", ["very\nsecret", "very\x07secret", "very\u20acsecret"])
def test_a_token_that_no_request_can_carry_is_not_shown(serve, tmp_path, token):
    cluster = config(tmp_path, serve(lambda _path: (200, {"items": []})), token=token)
    api = client.Client(client.configuration(cluster, str(tmp_path)), cluster)
    for ask in (lambda: api.get(PODS), lambda: api.run(POD, ["true"], b"", 5), lambda: api.send("POST", JOBS, {})):
        with pytest.raises(Refused, match=r"KUBE_CONFIG_UNREADABLE.*the token has") as raised:
            ask()
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", "a: b", "{", "contexts: 7\ncurrent-context: x\n"])
def test_files_of_another_form(tmp_path, text):
    (tmp_path / "config").write_text(text)
    with pytest.raises(Refused, match="KUBE_CONFIG_UNREADABLE"):
        client.configuration(Cluster(kubeconfig=str(tmp_path / "config")), str(tmp_path))


def test_contexts_that_there_are(tmp_path):
    cluster = config(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(Refused, match=r"has no context other. It has: prod\."):
        client.configuration(Cluster(kubeconfig=cluster.kubeconfig, context="other"), str(tmp_path))
