# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro API, and what deployment_access sends, beside Astro's own published description, where that is at hand.

`ASTRO_OPENAPI=FILE make test` runs it; FILE is what the API serves at /spec/v1.0. It is not a part of this project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from astro_alone import CLUSTER, Astro, astro_alone
from astrolab.astro.organization import DEPLOYMENT, WITHOUT_AGENTS
from test_astro_api import UPDATE, ask

PUBLISHED = os.environ.get("ASTRO_OPENAPI", "")
pytestmark = pytest.mark.skipif(not PUBLISHED, reason="ASTRO_OPENAPI does not name Astro's description of its API")
BASE = "/organizations/{organizationId}"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(PUBLISHED).read_text())
    return found


@pytest.fixture
def astro() -> Iterator[Astro]:
    with astro_alone() as started:
        yield started


def complaints(description: dict[str, Any], shape: dict[str, Any], content: Any) -> list[str]:
    """What is not as described. The lab leaves out of its answers what nobody here uses, so a lack is no complaint."""
    errors = jsonschema.Draft4Validator({**description, **shape}).iter_errors(content)
    return [f"{list(each.absolute_path)}: {each.message}" for each in errors if each.validator != "required"]


def answer(operation: dict[str, Any], status: int) -> Any:
    return operation["responses"][str(status)]["content"]["application/json"]["schema"]


@pytest.mark.parametrize(
    ("path", "described"),
    [
        (f"/clusters/{CLUSTER}", "/clusters/{clusterId}"),
        ("/deployments", "/deployments"),
        (f"/deployments/{DEPLOYMENT}", "/deployments/{deploymentId}"),
        (f"/deployments/{WITHOUT_AGENTS}", "/deployments/{deploymentId}"),
        (f"/deployments/{DEPLOYMENT}/agent-tokens", "/deployments/{deploymentId}/agent-tokens"),
        ("/deployments/nobody", "/deployments/{deploymentId}"),
    ],
)
def test_answers_are_as_astro_describes_them(
    astro: Astro, description: dict[str, Any], path: str, described: str
) -> None:
    status, content = ask(astro, path)
    operation = description["paths"][BASE + described]["get"]
    assert complaints(description, answer(operation, status), content) == []


def test_an_update_and_its_answer_are_as_astro_describes_them(astro: Astro, description: dict[str, Any]) -> None:
    operation = description["paths"][f"{BASE}/deployments/{{deploymentId}}"]["post"]
    kinds = description["components"]["schemas"]["UpdateDeploymentRequest"]["discriminator"]["mapping"]
    strict = jsonschema.Draft4Validator({**description, "$ref": kinds[UPDATE["type"]]})
    assert [each.message for each in strict.iter_errors(UPDATE)] == []
    status, content = ask(astro, f"/deployments/{DEPLOYMENT}", UPDATE)
    assert status == 200
    assert complaints(description, answer(operation, status), content) == []
