# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS client whose answers are prepared, and a clock that waiting moves on."""

from __future__ import annotations

from types import SimpleNamespace

from botocore.exceptions import ClientError


def refused(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Client:
    """Answers each method with its next prepared answer, and with the last one from then on; an exception is raised."""

    def __init__(self, **answers):
        self.answers = {name: list(queue) for name, queue in answers.items()}
        self.calls = []

    def __getattr__(self, name):
        def method(**arguments):
            self.calls.append((name, arguments))
            queue = self.answers[name]
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return method

    def get_paginator(self, name):
        return SimpleNamespace(paginate=lambda **arguments: [getattr(self, name)(**arguments)])


class Clock:
    """Stands still until somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
