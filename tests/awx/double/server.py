# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small double of a controller's API, for the objects of the pattern. README.md has each rule with its source."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from .jobs import Images, Jobs
from .notices import complaints
from .objects import JOBS, KINDS, UNIONS, Row, Store, Wrong

API = "/api/v2"
_MANAGED = (
    ("Amazon Web Services", "cloud", "aws", ["username"], ["password", "security_token"]),
    ("Machine", "ssh", "ssh", ["username"], ["password", "ssh_key_data"]),
    ("Source Control", "scm", "scm", ["username"], ["password", "ssh_key_data"]),
    ("Container Registry", "registry", "registry", ["host", "username"], ["password"]),
    ("Ansible Galaxy/Automation Hub API Token", "galaxy", "galaxy_api_token", ["url"], ["token"]),
)


@dataclass(frozen=True, kw_only=True)
class User:
    """Who a token belongs to: a system administrator, or the administrator of organizations (their names)."""

    name: str
    system: bool = False
    organizations: frozenset[str] = frozenset()


@dataclass
class Double:
    """A running double."""

    store: Store
    jobs: Jobs
    url: str = ""
    users: dict[str, User] = field(default_factory=dict)

    def one(self, kind: str, name: str) -> Row:
        (row,) = [row for row in self.store.of(kind) if row["name"] == name]
        return row


@contextmanager
def running(images: Images, place: Path, users: dict[str, User]) -> Iterator[Double]:
    """The double on a free port of loopback; ``users`` by their tokens."""
    store = Store()
    double = Double(store=store, jobs=Jobs(store, images, place), users=users)
    _fill(store)
    server = make_server("127.0.0.1", 0, _app(double), threaded=True, request_handler=_Quiet)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nobody reads a line for each request."""


def _fill(store: Store) -> None:
    """What a controller has from the beginning."""
    for name, kind, namespace, plain, secret in _MANAGED:
        fields = [*({"id": each} for each in plain), *({"id": each, "secret": True} for each in secret)]
        store.make(
            "credential_types", name=name, kind=kind, namespace=namespace, managed=True, inputs={"fields": fields}
        )
    galaxy = next(row for row in store.of("credential_types") if row["namespace"] == "galaxy_api_token")
    store.make("credentials", name="Ansible Galaxy", credential_type=galaxy["id"], managed=True)
    store.make("organizations", name="Default")


def _app(double: Double) -> Flask:
    app = Flask(__name__)
    app.url_map.strict_slashes = False

    @app.errorhandler(Wrong)
    def wrong(problem: Wrong) -> Any:
        return jsonify(problem.said), problem.status

    @app.after_request
    def about(response: Response) -> Response:
        response.headers["X-API-Product-Name"] = "AWX"
        response.headers["X-API-Product-Version"] = "24.6.1"
        return response

    @app.route(f"{API}/ping/")
    def ping() -> Any:
        return jsonify({"version": "24.6.1", "active_node": "double"})

    @app.route(f"{API}/<kind>/", methods=["GET", "POST"])
    def many(kind: str) -> Any:
        with double.store.lock:
            return Request(double).many(kind)

    @app.route(f"{API}/<kind>/<ref>/", methods=["GET", "PATCH", "DELETE"])
    def one(kind: str, ref: str) -> Any:
        with double.store.lock:
            return Request(double).one(kind, ref)

    @app.route(f"{API}/<kind>/<ref>/<sub>/", methods=["GET", "POST", "DELETE"])
    def below(kind: str, ref: str, sub: str) -> Any:
        with double.store.lock:
            return Request(double).below(kind, ref, sub)

    return app


class Request:
    """One request, with what its user may do."""

    def __init__(self, double: Double) -> None:
        self.store, self.jobs = double.store, double.jobs
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in double.users:
            raise Wrong(401, {"detail": "Authentication credentials were not provided."})
        self.user = double.users[token]

    # --- rights

    def _mine(self, number: Any) -> bool:
        names = [row["name"] for row in self.store.of("organizations") if row["id"] == number]
        return self.user.system or bool(set(names) & self.user.organizations)

    def _owner(self, row: Row) -> Any:
        """The organization that an object belongs to, as far as that decides about rights."""
        if row["type"] == "organization":
            return row["id"]
        if "organization" in row:
            return row["organization"]
        for name in ("inventory", "workflow_job_template", "unified_job_template"):
            if there := self.store.row_of(row, name):
                return self._owner(there)
        return None

    def may_see(self, row: Row) -> bool:
        if self.user.system or row["type"] in {"credential_type", *(KINDS[kind].type for kind in JOBS)}:
            return True
        if row["type"] in {"workflow_approval_template", "workflow_job_node"}:
            return True
        if row["type"] == "execution_environment" and row["organization"] is None:
            return True
        return self._mine(self._owner(row))

    def _may_write(self, kind: str, row: Row) -> None:
        free = kind in {"organizations", "credential_types"} and request.method == "POST"
        if self.user.system or kind == "workflow_approval_templates":
            return
        if free or kind == "credential_types" or not self._mine(self._owner(row)):
            raise Wrong(403, {"detail": "You do not have permission to perform this action."})

    # --- how objects look

    def show(self, row: Row) -> Row:
        kind = self.store.kind_of(row)
        url = f"{API}/{kind}/{row['id']}/"
        plain = {name: value for name, value in row.items() if not name.startswith("_")}
        there = {name: self.store.row_of(row, name) for name in KINDS[kind].refers}
        related = {name: f"{API}/{self.store.kind_of(each)}/{each['id']}/" for name, each in there.items() if each}
        related |= {
            sub: f"{url}{sub}/" for sub in (*KINDS[kind].lists, "survey_spec", "update", "launch", "hosts", "stdout")
        }
        summary: Row = {
            name: {"id": each["id"], "name": each["name"], "description": each["description"]}
            for name, each in there.items()
            if each
        }
        if "_credentials" in row:
            summary["credentials"] = [
                {"id": each["id"], "name": each["name"]} for each in self.store.listed(row, "credentials")
            ]
        return {**plain, "url": url, "related": related, "summary_fields": summary}

    # --- requests

    def many(self, kind: str) -> Any:
        if kind not in {*KINDS, *UNIONS}:
            raise Wrong(404, {"detail": "Not found."})
        if request.method == "POST":
            return self._made(kind, self._body())
        return self._page(self.store.found(kind, request.args.to_dict(), self.may_see))

    def _page(self, rows: list[Row]) -> Any:
        size, number = int(request.args.get("page_size", 25)), int(request.args.get("page", 1))
        part = rows[(number - 1) * size : number * size]
        query = "&".join(f"{key}={value}" for key, value in request.args.items() if key != "page")
        following = f"{request.path}?{query}&page={number + 1}" if number * size < len(rows) else None
        return jsonify(
            {"count": len(rows), "next": following, "previous": None, "results": [self.show(row) for row in part]}
        )

    @staticmethod
    def _body() -> Row:
        return dict(request.get_json(silent=True) or {})

    def _made(self, kind: str, given: Row) -> Any:
        blank = {"type": KINDS[kind].type, **dict.fromkeys(KINDS[kind].refers), **given}
        self._may_write(kind, blank | {"id": None})
        self._check(kind, given)
        row = self.store.make(kind, **given)
        if kind == "credentials":
            self._hide(row)
        shown = self.show(row)
        if kind == "projects" and row["scm_type"]:
            update = self.jobs.update_project(row)
            shown["summary_fields"]["current_update"] = {"id": update["id"]}
        return jsonify(shown), 201

    def _hide(self, row: Row) -> None:
        try:
            self.store.hide(row)
        except Wrong:
            self.store.remove(row)
            raise

    def _check(self, kind: str, given: Row, row: Row | None = None) -> None:
        whole = {**(row or {}), **given}
        if kind == "notification_templates" and (wrong := complaints(whole.get("messages"))):
            raise Wrong(400, {"messages": wrong})
        if kind == "job_templates" and whole.get("project") and whole.get("playbook"):
            project = self.store.get("projects", whole["project"])
            if project["scm_type"] and whole["playbook"] not in self.jobs.playbooks(project):
                raise Wrong(400, {"playbook": ["Playbook not found for project."]})

    def one(self, kind: str, ref: str) -> Any:
        row = self.store.named(kind, ref)
        if not self.may_see(row):
            raise Wrong(404, {"detail": "Not found."})
        if request.method == "GET":
            return jsonify(self.show(row))
        self._may_write(kind, row)
        if request.method == "DELETE":
            if kind in JOBS and not row["finished"]:
                raise Wrong(403, {"detail": "You do not have permission to perform this action."})
            self.store.remove(row)
            return "", 204
        given = self._body()
        self._check(kind, given, row)
        before = {name: row.get(name) for name in ("scm_type", "scm_url", "scm_branch", "credential")}
        self.store.change(row, given)
        if kind == "credentials":
            self.store.hide(row)
        shown = self.show(row)
        if kind == "projects" and before != {name: row.get(name) for name in before}:
            shown["summary_fields"]["current_update"] = {"id": self.jobs.update_project(row)["id"]}
        return jsonify(shown)

    def below(self, kind: str, ref: str, sub: str) -> Any:
        row = self.store.named(kind, ref)
        if not self.may_see(row):
            raise Wrong(404, {"detail": "Not found."})
        if sub == "survey_spec":
            return self._survey(row)
        if sub == "stdout":
            text = self.jobs.texts.get(row["id"], "")
            as_json = request.args.get("format") == "json"
            return jsonify({"content": text}) if as_json else Response(text, mimetype="text/plain")
        if sub == "workflow_nodes":
            rows = self.store.of("workflow_job_nodes")
            return self._page([each for each in rows if each["workflow_job"] == row["id"]])
        if sub in KINDS[kind].lists:
            return self._associated(kind, row, sub)
        if sub in {"hosts", "groups", "inventory_sources"} and kind == "inventories":
            return self._page([each for each in self.store.of(sub) if each["inventory"] == row["id"]])
        if request.method == "POST":
            return self._done(kind, row, sub)
        raise Wrong(404, {"detail": "Not found."})

    def _survey(self, row: Row) -> Any:
        if request.method == "POST":
            given = self._body()
            if not given.get("name") or not given.get("spec") or "description" not in given:
                raise Wrong(400, {"error": "'name', 'description' and 'spec' are needed in survey spec."})
            self.store.surveys[row["id"]] = given
            return jsonify({})
        if request.method == "DELETE":
            self.store.surveys.pop(row["id"], None)
            return jsonify({})
        return jsonify(self.store.surveys.get(row["id"], {}))

    def _associated(self, kind: str, row: Row, sub: str) -> Any:
        numbers = row[f"_{sub}"]
        if request.method == "GET":
            return self._page(self.store.listed(row, sub))
        self._may_write(kind, row)
        given = self._body()
        if given.get("disassociate"):
            numbers.remove(given["id"])
            return "", 204
        there = self.store.get(KINDS[kind].lists[sub], given["id"])
        if sub == "credentials":
            self._fits(row, there)
        if there["id"] not in numbers:
            numbers.append(there["id"])
        return "", 204

    def _fits(self, row: Row, credential: Row) -> None:
        kind = self.store.get("credential_types", credential["credential_type"])
        others = [each for each in self.store.listed(row, "credentials") if each["id"] != credential["id"]]
        if any(each["credential_type"] == credential["credential_type"] for each in others):
            raise Wrong(400, {"error": f"Cannot assign multiple {kind['name']} credentials."})
        if kind["kind"] not in {"ssh", "vault", "cloud", "net", "kubernetes"}:
            raise Wrong(400, {"error": f"Cannot assign a Credential of kind `{kind['kind']}`."})

    def _done(self, kind: str, row: Row, sub: str) -> Any:
        given = self._body()
        if kind == "job_templates" and sub == "launch":
            run = self.jobs.launch(row, given)
            return jsonify({**self.show(run), "job": run["id"], "ignored_fields": {}}), 201
        if kind == "workflow_job_templates" and sub == "launch":
            run = self.jobs.launch_workflow(row, given)
            return jsonify({**self.show(run), "workflow_job": run["id"]}), 201
        if sub == "update" and kind in {"projects", "inventory_sources"}:
            update = self.jobs.update_project if kind == "projects" else self.jobs.update_source
            return jsonify(self.show(update(row))), 202
        if sub == "create_approval_template":
            wanted = {name: given[name] for name in ("name", "description", "timeout") if name in given}
            made = self.store.make("workflow_approval_templates", **wanted)
            row["unified_job_template"] = made["id"]
            return jsonify(self.show(made)), 201
        if kind == "workflow_approvals" and sub in {"approve", "deny"}:
            self.jobs.decide(row, sub == "approve")
            return "", 204
        raise Wrong(404, {"detail": "Not found."})
