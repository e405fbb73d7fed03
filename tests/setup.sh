#!/usr/bin/env bash
# Sets up a checkout: .venv with the pinned tools, .collections with amazon.aws and this checkout under its own name.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}"

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "astro.privatelink needs Python 3.11 or newer to build and test; $PYTHON is $("$PYTHON" -V 2>&1). Say PYTHON=/path/to/python3.12 make ..." >&2
    exit 1
}
rm -rf .venv/ready .collections
[ -x .venv/bin/uv ] || {
    rm -rf .venv
    "$PYTHON" -m venv .venv || { echo "'$PYTHON -m venv' failed. On Debian and Ubuntu install python3-venv first." >&2; exit 1; }
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
}
export UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$PWD/.venv"
.venv/bin/uv pip sync --quiet --system-certs --compile-bytecode --allow-empty-requirements tests/requirements.txt

bundle=$(mktemp -d)
trap 'rm -rf "$bundle"' EXIT
.venv/bin/uv pip install --quiet --system-certs --no-deps --target "$bundle" -r tests/requirements-collections.txt
# kubernetes.core is there for its connection plugin, which a test uses as role verify's README says.
# awx.awx, whose modules tests ask about their parameters, was last in ansible 12.
.venv/bin/uv pip install --quiet --system-certs --no-deps --target "$bundle/12" ansible==12.3.0
for collection in "$bundle"/ansible_collections/{amazon/aws,kubernetes/core} "$bundle/12/ansible_collections/awx/awx"; do
    PATH="$PWD/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$PWD/.collections" ansible-galaxy collection install \
        --offline --no-deps "$collection" -p .collections >/dev/null
done
.venv/bin/python -m compileall -q .collections/ansible_collections/amazon/aws/plugins

mkdir -p .collections/ansible_collections/astro
ln -s ../../.. .collections/ansible_collections/astro/privatelink
touch .venv/ready
