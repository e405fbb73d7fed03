#!/usr/bin/env bash
# Checks the rulebooks with ansible-rulebook, in a virtual environment of its own. That needs Java 17, which its rule engine runs on.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v java >/dev/null || { echo "There is no Java: the rulebooks were not checked." >&2; exit 1; }
[ -x .venv/rulebooks/bin/ansible-rulebook ] || {
    .venv/bin/uv venv --quiet --python .venv/bin/python .venv/rulebooks
    VIRTUAL_ENV="$PWD/.venv/rulebooks" .venv/bin/uv pip install --quiet --system-certs ansible-rulebook==1.3.2
}
PATH="$PWD/.venv/bin:$PATH" .venv/rulebooks/bin/python tests/rulebooks/check.py
