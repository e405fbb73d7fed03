# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API that is a table of paths, for tests of what is read and sent."""

from __future__ import annotations

from ansible_collections.astro.privatelink.plugins.module_utils._kube.client import Missing
from ansible_collections.astro.privatelink.plugins.module_utils._kube.model import Refused


class Api:
    """Answers are objects, bytes of logs, or exceptions; several of one path come one after the other, the last one stays."""

    def __init__(self, **answers):
        self.answers = {path: list(each) if isinstance(each, tuple) else [each] for path, each in answers.items()}
        self.asked, self.sent = [], []

    def get(self, path, query=None):
        self.asked.append((path, dict(query or {})))
        each = self.answers.get(path, [Missing("KUBE_POD_GONE", pod=path, detail="not found")])
        answer = each.pop(0) if len(each) > 1 else each[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def list(self, path, query=None):
        found = self.get(path, query)
        return {"items": found} if isinstance(found, list) else found

    def text(self, path, query=None, most=0):  # noqa: ARG002
        return self.get(path, query)

    def send(self, method, path, body):
        self.sent.append((method, path, body))
        answer = self.answers.get(f"{method} {path}", [None])[0]
        if isinstance(answer, BaseException):
            raise answer


def forbidden(verb, resource, namespace="airflow"):
    facts = {"cluster": "c", "verb": verb, "resource": resource, "namespace": namespace, "detail": "no", "kind": "Role"}
    return Refused("KUBE_FORBIDDEN", **facts)
