# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of the collection. No image is built here: that needs a container engine and the network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from running import COLLECTIONS, ROOT

DEFINITION = ROOT / "extensions/patterns/privatelink/exec_env/execution-environment.yml"
REQUIREMENTS = (ROOT / "meta/ee-requirements.txt").read_text()


def builder(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ansible-builder")), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_it_finds_what_the_collection_needs(tmp_path):
    done = builder("introspect", str(COLLECTIONS), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    ours = {line.split("  #")[0] for kind in found.values() for line in kind if "astro.privatelink" in line}
    wanted = {line for line in REQUIREMENTS.splitlines() if not line.startswith("#")}
    assert wanted <= ours
    assert "openssh-clients [platform:rpm]" in ours


def test_the_definition_of_the_image_is_sound(tmp_path):
    """From a clone in which the collection was built, as docs/awx.md says."""
    definition = tmp_path / DEFINITION.relative_to(ROOT)
    definition.parent.mkdir(parents=True)
    definition.write_text(DEFINITION.read_text())
    (tmp_path / "astro-privatelink-1.2.3.tar.gz").write_text("the collection")
    done = builder("create", "-f", str(definition.relative_to(tmp_path)), "-c", "context", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "context/_build/collection/astro-privatelink-1.2.3.tar.gz").read_text() == "the collection"
    (collection,) = yaml.safe_load((tmp_path / "context/_build/requirements.yml").read_text())["collections"]
    (recipe,) = [path.read_text() for path in (tmp_path / "context").iterdir() if path.is_file()]
    copied = recipe.index(f"COPY _build/collection/astro-privatelink-*.tar.gz {collection['name']}")
    assert copied < recipe.index("RUN ansible-galaxy role install")
    assert "python3.12" in recipe


def test_a_misspelt_definition_would_be_refused(tmp_path):
    wrong = tmp_path / "execution-environment.yml"
    wrong.write_text(DEFINITION.read_text().replace("package_pip", "package_pipp", 1))
    assert builder("create", "-f", str(wrong), "-c", "context", cwd=tmp_path).returncode != 0


@pytest.mark.parametrize("package", ["boto3", "botocore", "dnspython", "kubernetes"])
def test_no_package_has_a_floor_above_what_is_tested(package):
    def version(text: str, operator: str) -> tuple[int, ...]:
        (found,) = re.findall(rf"^{package}{operator}([\d.]+)$", text, re.MULTILINE)
        return tuple(map(int, found.split(".")))

    tested = version((ROOT / "tests/requirements.txt").read_text(), "==")
    assert version(REQUIREMENTS, ">=") <= tested
