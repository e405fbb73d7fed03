# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make awx-acceptance` on the double of a controller whose jobs run on the lab: the story, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
import yaml
from astrolab.astro.organization import DEPLOYMENT
from on_controller import ADMIN, IMAGE, Controller, controlled
from running import COLLECTIONS, ROOT

SECRETS = {"AWS_SECRET_ACCESS_KEY": "not-for-eyes-aws", "AWS_SESSION_TOKEN": "not-for-eyes-session"}


@pytest.fixture(scope="module")
def there(lab, tmp_path_factory) -> Iterator[Controller]:
    """A controller for the lab's VPCs, which the plugin finds by tags; agent hosts are written down beside it."""
    written = yaml.safe_load(lab.inventory.read_text())
    common = {**written["agent_vpcs"]["vars"], "harden_watch_timeout": 0, "teardown_drain": 0}
    local = ("ansible_connection", "ansible_python_interpreter")
    tagged = {"payments": {}, "ledger": {}, "analytics": {"via": "payments"}}
    for name, more in tagged.items():
        tags = {"agents": "true", **more}
        lab.client("ec2").create_tags(
            Resources=[lab.record.vpcs[name].id],
            Tags=[{"Key": f"astro.privatelink/{key}", "Value": value} for key, value in tags.items()],
        )
    with controlled(tmp_path_factory.mktemp("controller"), lab) as one:
        one.fleet.commit(
            {
                "inventory/agents.yml": yaml.safe_dump({"agent_hosts": written["agent_hosts"]}),
                "inventory/group_vars/agent_vpcs.yml": yaml.safe_dump(
                    {key: value for key, value in common.items() if key not in local}
                ),
            }
        )
        yield one


def accept(there: Controller, lab, **more: str) -> subprocess.CompletedProcess[str]:
    pattern = {"pattern_scm_url": there.fleet.url, "pattern_ee_image": IMAGE, "pattern_inventory_path": "inventory"}
    answers = {
        "survey_deployment_ids": DEPLOYMENT,
        "survey_agents_confirmed": "yes",
        "survey_allow_open": "yes",
        "survey_accept_gap": "yes",
        "survey_deployment_unrestricted": "yes",
    }
    files: Mapping[str, object] = {"pattern.yml": pattern, "answers.yml": answers}
    for name, content in files.items():
        (there.place / name).write_text(yaml.safe_dump(content))
    env = {
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
        "HOME": str(there.place),
        "PYTHONPATH": str(ROOT / "tests"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_PIPELINING": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "CONTROLLER_HOST": there.double.url,
        "CONTROLLER_OAUTH_TOKEN": ADMIN,
        "PATTERN": str(there.place / "pattern.yml"),
        "ANSWERS": str(there.place / "answers.yml"),
        "AWS_ACCESS_KEY_ID": "111111111111",
        **SECRETS,
        **{key: lab.env[key] for key in ("ASTRO_API_TOKEN", "ASTRO_ORGANIZATION_ID", "ASTRO_API_URL")},
    }
    command = [sys.executable, "-m", "awx"]
    return subprocess.run(
        command, env={**env, **more}, cwd=there.place, capture_output=True, text=True, check=False, timeout=900
    )


def left(there: Controller) -> list[str]:
    ran = ("project_updates", "inventory_updates", "jobs", "workflow_jobs", "workflow_job_nodes", "workflow_approvals")
    kinds = [kind for kind in there.double.store.rows if kind not in ran]
    return [row["name"] for kind in kinds for row in there.double.store.of(kind) if "acceptance" in row["name"]]


def test_objects_of_that_name_are_left_alone(there, lab):
    mine = there.double.store.make("organizations", name="privatelink-acceptance")
    done = accept(there, lab)
    assert (done.returncode, left(there)) == (1, ["privatelink-acceptance"])
    assert "there are objects of that name: privatelink-acceptance" in done.stderr
    there.double.store.remove(mine)


def test_the_whole_story_with_changes(there, lab):
    done = accept(there, lab, CHANGES="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Approving" in done.stdout
    assert "Accepted. Nothing is left on the controller." in done.stdout
    assert left(there) == []
    assert [secret for secret in SECRETS.values() if secret in there.images.kept + done.stdout + done.stderr] == []
    jobs = {row["name"].rpartition(" ")[2]: row for row in there.double.store.of("jobs") if row["job_type"] == "run"}
    assert {row["status"] for row in jobs.values()} == {"successful"}
    results = {name: row["artifacts"]["privatelink_result"] for name, row in jobs.items()}
    assert set(results) == {"preflight", "setup", "verify", "drift", "harden", "unharden", "teardown"}
    assert all(result["passed"] for result in results.values())
    assert results["harden"]["deployments"] == [{"name": "orders", "restricted": True, "changed": True}]
    assert lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []


def test_variables_of_hosts_can_be_read(there):
    """Ids are plain text in what a controller imports, not marked as unsafe."""
    assert '"privatelink_vpc_id": "vpc-' in there.images.synchronised[0]
    assert "__ansible_unsafe" not in "".join(there.images.synchronised)
