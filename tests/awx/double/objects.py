# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a controller: what each kind has, refers to, and may not have twice. No HTTP, no jobs; README.md has the sources."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
ENCRYPTED = "$encrypted$"


class Wrong(Exception):
    """A request that is answered with a status other than 2xx."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(str(said))
        self.status, self.said = status, said


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``fields`` with their defaults, ``refers`` from a field to the kind it names, ``lists`` of associated objects,
    ``unique`` fields, ``named`` the reference whose name ends an object's named URL, ``needs`` fields that may not be missing."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    refers: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[str, ...] = ("name", "organization")
    named: str = "organization"
    needs: tuple[str, ...] = ("name",)


_TOLD = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
_ORGANIZATION = {"organization": "organizations"}
_PROMPTS: dict[str, Any] = {"job_type": "", "limit": "", "diff_mode": None, "extra_data": {}}
_ASKS = dict.fromkeys(
    [
        f"ask_{what}_on_launch"
        for what in ("job_type", "diff_mode", "limit", "instance_groups", "variables", "credential", "inventory")
    ],
    False,
)
KINDS: dict[str, Kind] = {
    "organizations": Kind(
        type="organization",
        refers={"default_environment": "execution_environments"},
        lists={
            "galaxy_credentials": "credentials",
            **_TOLD,
            "notification_templates_approvals": "notification_templates",
        },
        unique=("name",),
        named="",
    ),
    "credential_types": Kind(
        type="credential_type",
        fields={"kind": "cloud", "inputs": {}, "injectors": {}, "managed": False, "namespace": None},
        unique=("name", "kind"),
        named="",
    ),
    "credentials": Kind(
        type="credential",
        fields={"inputs": {}, "managed": False},
        refers={**_ORGANIZATION, "credential_type": "credential_types"},
        unique=("name", "organization", "credential_type"),
        named="",
        needs=("name", "credential_type"),
    ),
    "execution_environments": Kind(
        type="execution_environment",
        fields={"image": "", "pull": "", "managed": False},
        refers={**_ORGANIZATION, "credential": "credentials"},
        unique=("name",),
        named="",
        needs=("name", "image"),
    ),
    "projects": Kind(
        type="project",
        fields={
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "scm_revision": "",
            "status": "never updated",
        },
        refers={**_ORGANIZATION, "credential": "credentials", "default_environment": "execution_environments"},
        lists=_TOLD,
    ),
    "inventories": Kind(
        type="inventory",
        fields={"variables": "", "kind": "", "host_filter": None},
        refers=_ORGANIZATION,
        needs=("name", "organization"),
    ),
    "groups": Kind(
        type="group",
        fields={"variables": ""},
        refers={"inventory": "inventories"},
        lists={"hosts": "hosts"},
        unique=("name", "inventory"),
        named="inventory",
        needs=("name", "inventory"),
    ),
    "hosts": Kind(
        type="host",
        fields={"variables": "", "enabled": True},
        refers={"inventory": "inventories"},
        unique=("name", "inventory"),
        named="inventory",
        needs=("name", "inventory"),
    ),
    "inventory_sources": Kind(
        type="inventory_source",
        fields={
            "source": "",
            "source_path": "",
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
            "update_cache_timeout": 0,
            "status": "never updated",
        },
        refers={
            "inventory": "inventories",
            "source_project": "projects",
            "credential": "credentials",
            "execution_environment": "execution_environments",
        },
        lists={**_TOLD, "hosts": "hosts", "groups": "groups"},
        unique=("name", "inventory"),
        named="inventory",
        needs=("name", "inventory", "source"),
    ),
    "notification_templates": Kind(
        type="notification_template",
        fields={"notification_type": "", "notification_configuration": {}, "messages": None},
        refers=_ORGANIZATION,
        needs=("name", "organization", "notification_type"),
    ),
    "job_templates": Kind(
        type="job_template",
        fields={
            "job_type": "run",
            "playbook": "",
            "limit": "",
            "diff_mode": False,
            "extra_vars": "",
            "survey_enabled": False,
            **_ASKS,
        },
        refers={
            **_ORGANIZATION,
            "project": "projects",
            "inventory": "inventories",
            "execution_environment": "execution_environments",
        },
        lists={"credentials": "credentials", "instance_groups": "instance_groups", **_TOLD},
        needs=("name", "project"),
    ),
    "workflow_job_templates": Kind(
        type="workflow_job_template",
        fields={"extra_vars": "", "survey_enabled": False, "limit": None},
        refers={**_ORGANIZATION, "inventory": "inventories"},
        lists={**_TOLD, "notification_templates_approvals": "notification_templates"},
    ),
    "workflow_job_template_nodes": Kind(
        type="workflow_job_template_node",
        fields={"identifier": "", "all_parents_must_converge": False, **_PROMPTS},
        refers={"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        lists=dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
        unique=("identifier", "workflow_job_template"),
        named="",
        needs=("workflow_job_template",),
    ),
    "workflow_approval_templates": Kind(type="workflow_approval_template", fields={"timeout": 0}, unique=(), named=""),
    "schedules": Kind(
        type="schedule",
        fields={"rrule": "", "enabled": True, **_PROMPTS},
        refers={"unified_job_template": "unified_job_templates"},
        unique=("name", "unified_job_template"),
        named="",
        needs=("name", "rrule", "unified_job_template"),
    ),
    "instance_groups": Kind(type="instance_group", unique=("name",), named=""),
    # --- what ran, and runs
    "project_updates": Kind(type="project_update", refers={"project": "projects"}, unique=(), needs=()),
    "inventory_updates": Kind(
        type="inventory_update", refers={"inventory_source": "inventory_sources"}, unique=(), needs=()
    ),
    "jobs": Kind(
        type="job",
        fields={
            "artifacts": {},
            "extra_vars": "{}",
            "job_explanation": "",
            "job_type": "run",
            "diff_mode": False,
            "limit": "",
            "scm_revision": "",
        },
        refers={"job_template": "job_templates"},
        unique=(),
        needs=(),
    ),
    "workflow_jobs": Kind(
        type="workflow_job",
        fields={"extra_vars": "{}"},
        refers={"workflow_job_template": "workflow_job_templates"},
        unique=(),
        needs=(),
    ),
    "workflow_job_nodes": Kind(
        type="workflow_job_node",
        fields={"identifier": "", "do_not_run": False},
        refers={
            "workflow_job": "workflow_jobs",
            "job": "unified_jobs",
            "unified_job_template": "unified_job_templates",
        },
        unique=(),
        named="",
        needs=(),
    ),
    "workflow_approvals": Kind(
        type="workflow_approval",
        fields={"timeout": 0, "can_approve_or_deny": True},
        refers={"workflow_job": "workflow_jobs"},
        unique=(),
        needs=(),
    ),
}
#: Templates of all kinds share their ids, and so do jobs of all kinds.
TEMPLATES = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")
JOBS = ("project_updates", "inventory_updates", "jobs", "workflow_jobs", "workflow_approvals")
UNIONS = {"unified_job_templates": TEMPLATES, "unified_jobs": JOBS}
_RUNS = {"status": "new", "failed": False, "finished": None, "job_explanation": "", "result_traceback": ""}


class Store:
    """All objects. Not for several threads at once: hold ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows: dict[str, dict[int, Row]] = {kind: {} for kind in KINDS}
        self.hidden: dict[int, dict[str, str]] = {}  # secrets of credentials
        self.surveys: dict[int, Row] = {}
        self._next = 0

    # --- reading

    def of(self, kind: str) -> list[Row]:
        kinds = UNIONS.get(kind, (kind,))
        return [row for each in kinds for row in self.rows[each].values()]

    def get(self, kind: str, number: Any) -> Row:
        for row in self.of(kind):
            if row["id"] == int(number):
                return row
        raise Wrong(404, {"detail": "Not found."})

    def kind_of(self, row: Row) -> str:
        return next(kind for kind in KINDS if row["id"] in self.rows[kind] and KINDS[kind].type == row["type"])

    def named(self, kind: str, text: str) -> Row:
        """An object by its id, or by its named URL: NAME++NAME OF WHAT IT BELONGS TO."""
        if text.isdigit():
            return self.get(kind, text)
        name, _plus, rest = text.partition("++")
        owner = KINDS[kind].named if kind in KINDS else ""
        for row in self.of(kind):
            there = self.row_of(row, owner) if owner and rest else None
            if row.get("name") == name and (not rest or (there and there["name"] == rest.partition("++")[0])):
                return row
        raise Wrong(404, {"detail": "Not found."})

    def row_of(self, row: Row, reference: str) -> Row | None:
        kind = KINDS[self.kind_of(row)].refers.get(reference)
        return self.get(kind, row[reference]) if kind and row.get(reference) is not None else None

    def found(self, kind: str, query: Mapping[str, str], may_see: Callable[[Row], bool]) -> list[Row]:
        rows = [row for row in self.of(kind) if may_see(row)]
        every = {key: value for key, value in query.items() if key not in {"page", "page_size", "order_by"}}
        either = {key[4:]: value for key, value in every.items() if key.startswith("or__")}
        rest = {key: value for key, value in every.items() if not key.startswith("or__")}
        rows = [row for row in rows if all(self._matches(row, *item) for item in rest.items())]
        return [row for row in rows if not either or any(self._matches(row, *item) for item in either.items())]

    def _matches(self, row: Row, key: str, value: str) -> bool:
        head, _unused, rest = key.partition("__")
        if head not in row and any(KINDS[kind].type == row["type"] for kind in (*TEMPLATES, *JOBS)):
            return False  # of several kinds, some have it
        if head not in row:
            raise Wrong(400, {"detail": f"{row['type']} has no field named '{head}'"})
        if rest == "startswith":
            return str(row[head]).startswith(value)
        if rest:
            there = self.row_of(row, head)
            return there is not None and self._matches(there, rest, value)
        return ("" if row[head] is None else str(row[head])) == ("" if value in ("None", "null") else value)

    # --- writing

    def make(self, kind: str, /, **given: Any) -> Row:
        spec = KINDS[kind]
        missing = [name for name in spec.needs if given.get(name) in (None, "")]
        if missing:
            raise Wrong(400, {name: ["This field is required."] for name in missing})
        self._next += 1
        common = {"id": self._next, "type": spec.type, "name": "", "description": ""}
        refers = dict.fromkeys(spec.refers)
        runs = _RUNS if kind in JOBS else {}
        lists: dict[str, list[int]] = {f"_{name}": [] for name in spec.lists}
        row = {**common, **copy.deepcopy({**runs, **spec.fields}), **refers, **lists}
        self._take(kind, row, given)
        self.rows[kind][row["id"]] = row
        return row

    def change(self, row: Row, given: Mapping[str, Any]) -> Row:
        kind = self.kind_of(row)
        wanted = copy.deepcopy(row)
        self._take(kind, wanted, given)
        row.update(wanted)
        return row

    def _take(self, kind: str, row: Row, given: Mapping[str, Any]) -> None:
        spec = KINDS[kind]
        row.update(
            {name: copy.deepcopy(value) for name, value in given.items() if name in row and not name.startswith("_")}
        )
        for name, there in spec.refers.items():
            if row[name] in ("", None):
                row[name] = None
            elif not any(each["id"] == int(row[name]) for each in self.of(there)):
                raise Wrong(400, {name: [f'Invalid pk "{row[name]}" - object does not exist.']})
        others = [each for each in self.rows[kind].values() if each["id"] != row["id"]]
        if spec.unique and any(all(each[name] == row[name] for name in spec.unique) for each in others):
            names = ", ".join(spec.unique)
            raise Wrong(400, {"__all__": [f"{spec.type} with this ({names}) combination already exists."]})

    def remove(self, row: Row) -> None:
        """An object with all that belongs to it; what only refers to it loses the reference."""
        kind = self.kind_of(row)
        del self.rows[kind][row["id"]]
        self.hidden.pop(row["id"], None)
        self.surveys.pop(row["id"], None)
        belongs = {
            "organizations": (
                "credentials",
                "inventories",
                "projects",
                "notification_templates",
                "execution_environments",
            ),
            "inventories": ("groups", "hosts", "inventory_sources"),
            "workflow_job_templates": ("workflow_job_template_nodes", "schedules"),
            "job_templates": ("schedules",),
            "credential_types": ("credentials",),
        }.get(kind, ())
        for other, spec in KINDS.items():
            for each in list(self.rows[other].values()):
                for name, there in spec.refers.items():
                    if kind in UNIONS.get(there, (there,)) and each[name] == row["id"]:
                        each[name] = None
                        if other in belongs and each["id"] in self.rows[other]:
                            self.remove(each)
                for name, there in spec.lists.items():
                    if there == kind and row["id"] in each[f"_{name}"]:
                        each[f"_{name}"].remove(row["id"])

    def listed(self, row: Row, name: str) -> list[Row]:
        kind = KINDS[self.kind_of(row)].lists[name]
        return [self.get(kind, number) for number in row[f"_{name}"]]

    # --- credentials keep their secrets to themselves

    def secrets(self, row: Row) -> Iterable[str]:
        fields = self.get("credential_types", row["credential_type"])["inputs"].get("fields", [])
        return [each["id"] for each in fields if each.get("secret")]

    def hide(self, row: Row) -> None:
        """Secrets that came with a request go out of sight; the text $encrypted$ stands for the one that is there."""
        kept = self.hidden.setdefault(row["id"], {})
        for name in self.secrets(row):
            if name not in row["inputs"]:
                kept.pop(name, None)
            elif row["inputs"][name] != ENCRYPTED:
                kept[name] = row["inputs"][name]
            elif name not in kept:
                raise Wrong(400, {"inputs": [f"{ENCRYPTED} is a reserved keyword, and cannot be used for {name}."]})
            if name in row["inputs"]:
                row["inputs"][name] = ENCRYPTED

    def plain(self, row: Row) -> dict[str, str]:
        return {**row["inputs"], **self.hidden.get(row["id"], {})}
