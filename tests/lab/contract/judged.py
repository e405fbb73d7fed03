# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else in the double's place: CONTRACT_JUDGE is real, moto or ministack. CONTRACT_RECORDING keeps what is answered."""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from acceptance.waiting import Pace
from recording.recorder import Recorder
from recording.tidying import Tidy

JUDGE = os.environ.get("CONTRACT_JUDGE", "")
URL = os.environ.get("CONTRACT_URL") or None
RESET = os.environ.get("CONTRACT_RESET", "")
RECORDING = os.environ.get("CONTRACT_RECORDING", "")
RESULTS = os.environ.get("CONTRACT_RESULTS", "")
REAL = "real"

_outcomes: dict[str, str] = {}
_stays: list[str] = []


class Judge:
    """Keeps what is heard under the name of the test, and puts everything back after it."""

    def __init__(self, account: str) -> None:
        self.keys: dict[str, str] = {}
        self._account, self._test, self._nonce = account, "", secrets.token_hex(4)
        self._tidy: Tidy | None = None
        if JUDGE != REAL:
            self.keys = {"aws_access_key_id": account, "aws_secret_access_key": "none"}
        else:
            local = "127.0.0.1" in os.environ.get("AWS_ENDPOINT_URL", "")
            self._tidy = Tidy(Pace(often=0.05, patience=5) if local else Pace())
        self._ending = ExitStack()
        self._recorder = self._ending.enter_context(Recorder(Path(RECORDING))) if RECORDING else None

    def listen(self, session: Any) -> None:
        if self._recorder:
            self._recorder.listen(session)
        if self._tidy:
            self._tidy.listen(session)
            session.events.register("provide-client-params.route-53.CreateHostedZone", self._refer)
        if JUDGE == "moto":
            session.events.register("before-call", self._say_whose)

    def begin(self, test: str) -> None:
        self._test = test.partition("::")[2]
        if self._recorder:
            self._recorder.label = test
        if RESET:
            urllib.request.urlopen(urllib.request.Request(RESET, method="POST"), timeout=60).close()

    def end(self) -> None:
        if self._recorder:
            self._recorder.label = ""
        if self._tidy:
            self._tidy.away(_stays.append)

    def close(self) -> None:
        self._ending.close()

    def _refer(self, params: Any, **_unused: Any) -> Any:
        """An account takes a CallerReference once and for ever, even after its zone is gone."""
        if "CallerReference" in params:
            return {**params, "CallerReference": f"{self._nonce}-{self._test}-{params['CallerReference']}"[-128:]}
        return params

    def _say_whose(self, params: Any, **_unused: Any) -> None:
        """moto's keys say nothing about accounts."""
        params["headers"]["x-moto-account-id"] = self._account


def session() -> Any:
    return boto3.Session()


def name_of(item: pytest.Item) -> str:
    """File and test, without the path."""
    file, _unused, test = item.nodeid.partition("::")
    return f"{Path(file).name}::{test}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" or report.outcome != "passed":
        _outcomes[name_of(item)] = report.outcome


def pytest_sessionfinish() -> None:
    if RESULTS:
        Path(RESULTS).write_text(json.dumps({"outcomes": _outcomes, "stays": _stays}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nobody but the double has control paths, a clock and many accounts."""
    for item in items:
        if JUDGE and item.get_closest_marker("on_aws") is None:
            item.add_marker(pytest.mark.skip(reason=f"only the double can be asked, not {JUDGE}"))
