# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's API, as far as the acceptance needs it: objects by the beginning of their names, launches, runs, removal."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Row = dict[str, Any]
_ENDED = {"successful", "failed", "error", "canceled"}


class Wrong(Exception):
    """The controller, or what it ran, is not as it should be."""


class Api:
    def __init__(self, host: str, token: str, patience: float = 3600.0, pause: float = 2.0) -> None:
        self.host, self._token = host.rstrip("/"), token
        self.patience, self.pause = patience, pause

    def ask(self, method: str, path: str, content: object = None, text: bool = False) -> Any:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.host}/api/v2/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                said = answer.read().decode(errors="replace")
        except urllib.error.HTTPError as problem:
            said = problem.read(2000).decode(errors="replace")
            raise Wrong(f"{method} {path}: {problem.code} {said}") from problem
        except OSError as problem:
            raise Wrong(f"{method} {path}: {problem}") from problem
        return said if text else json.loads(said or "{}")

    def many(self, kind: str, **query: str) -> list[Row]:
        rows: list[Row] = []
        page = 1
        while True:
            asked = urllib.parse.urlencode({**query, "page_size": "100", "page": str(page)})
            answer = self.ask("GET", f"{kind}/?{asked}")
            rows += answer["results"]
            if not answer["next"]:
                return rows
            page += 1

    def one(self, kind: str, name: str) -> Row:
        rows = self.many(kind, name=name)
        if len(rows) != 1:
            raise Wrong(f"There are {len(rows)} {kind} with the name {name}.")
        return rows[0]

    def ended(self, kind: str, number: int) -> Row:
        """A run, once it is at its end."""
        until = time.monotonic() + self.patience
        while (run := self.ask("GET", f"{kind}/{number}/"))["status"] not in _ENDED:
            if time.monotonic() > until:
                raise Wrong(f"{run['name']} is {run['status']} after {self.patience:.0f} seconds.")
            time.sleep(self.pause)
        return dict(run)

    def output(self, number: int) -> str:
        return str(self.ask("GET", f"jobs/{number}/stdout/?format=txt", text=True))

    def gone(self, kind: str, row: Row) -> None:
        """Removes an object; a controller removes some a while after it has answered, and none that is in use."""
        until = time.monotonic() + min(self.patience, 120.0)
        while any(each["id"] == row["id"] for each in self.many(kind, id=str(row["id"]))):
            if time.monotonic() > until:
                raise Wrong(f"{row['name']} ({kind} {row['id']}) is still there. Remove it by hand.")
            try:
                self.ask("DELETE", f"{kind}/{row['id']}/")
            except Wrong:
                time.sleep(self.pause)
