# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees where something is too old: one message, before anything is asked or changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import botocore
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._aws import module
from running import COLLECTIONS, ROOT, run_module

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
INVENTORY = """
agent_vpcs:
  hosts:
    payments:
      ansible_connection: local
      privatelink_vpc_id: vpc-0aaaaaaaaaaaaaaaa
      privatelink_region: us-east-1
      privatelink_cluster_id: clmh1kd8v000108l3a9v7c5x2
      privatelink_service_name: com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0
      privatelink_agent_security_groups: [sg-0aaaaaaaaaaaaaaaa]
"""


@pytest.fixture(scope="module")
def old_python() -> str:
    """A Python 3.10, if there is one. A pyenv shim may lead nowhere."""
    code = "import sys; print(sys.executable)"
    for candidate in ("python3.10", *PYENV.glob("versions/3.10.*/bin/python")):
        asked = subprocess.run(["/usr/bin/env", candidate, "-c", code], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.strip()
    pytest.skip("there is no Python 3.10 here")


def playbook(tmp_path: Path, ansible_playbook: Path | str, *arguments: str) -> str:
    """What a run of preflight says. It fails, and what it says is not from AWS: nothing listens there."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    command = [ansible_playbook, "-i", inventory, "astro.privatelink.preflight", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout


def test_modules_that_run_with_an_old_python(old_python):
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    command = [
        "ansible",
        "localhost",
        "-m",
        "astro.privatelink.preflight",
        "-a",
        '{"region": "us-east-1", "fleets": []}',
    ]
    command += ["-e", f"ansible_python_interpreter={old_python}"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120).stdout
    assert "cannot run here and did nothing" in said
    assert f"({old_python}): 3.11 or newer is needed" in said


def test_an_ansible_that_runs_with_an_old_python(old_python, tmp_path):
    uv = [ROOT / ".venv/bin/uv", "--quiet", "--system-certs"]
    env = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    venv = tmp_path / "venv"
    subprocess.run([*uv, "venv", "--python", old_python, venv], check=True, env=env)
    subprocess.run([*uv, "pip", "install", "--python", venv, "ansible-core==2.17.7"], check=True, env=env)
    for step in sorted(
        path.stem for path in (ROOT / "plugins/action").glob("[!_]*.py")
    ):  # or Ansible fails before it can tell why
        code = f"import ansible_collections.astro.privatelink.plugins.action.{step}"
        subprocess.run([venv / "bin/python", "-c", code], check=True, env=env | {"PYTHONPATH": str(COLLECTIONS)})
    said = playbook(tmp_path, venv / "bin/ansible-playbook")
    assert said.count("fatal: ") == 1
    assert "cannot run here and did nothing" in said
    assert f"({venv}/bin/python): 3.11 or newer is needed" in said


@pytest.mark.parametrize(
    ("fake", "told"),
    [
        ((botocore, "__version__", "1.34.162"), "botocore 1.34.162: 1.35.0 or newer is needed."),
        ((module, "AMAZON_AWS", "9.5.0"), "amazon.aws 9.5.0: 10.1.0 or newer is needed."),
    ],
    ids=["botocore", "amazon.aws"],
)
@pytest.mark.parametrize("given", [{"module": "vpc_endpoint", "links": []}, {"module": "preflight", "fleets": []}])
def test_modules_on_what_is_too_old(lab, monkeypatch, given, fake, told):
    monkeypatch.setattr(*fake)
    lab.reset_calls()
    result = run_module(lab, region="us-east-1", **given)
    assert result["failed"]
    assert told in result["msg"]
    assert lab.calls()["total"] == 0
