#!/usr/bin/env bash
# The lowest versions that README promises, in .venv/lowest: a virtual environment, and collections/ with amazon.aws and this checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
lowest=.venv/lowest
[ "$lowest/ready" -nt tests/requirements-lowest.txt ] && [ "$lowest/ready" -nt tests/lowest.sh ] && exit

export UV_PYTHON_DOWNLOADS=never
rm -rf "$lowest"
.venv/bin/uv venv --quiet --python .venv/bin/python "$lowest"
.venv/bin/uv pip install --quiet --system-certs --compile-bytecode --python "$lowest/bin/python" -r tests/requirements-lowest.txt

# No release of PyPI's `ansible` carries amazon.aws 10.0; the first that carries 10.1.0 is this one.
bundle=$(mktemp -d)
trap 'rm -rf "$bundle"' EXIT
.venv/bin/uv pip install --quiet --system-certs --no-deps --python "$lowest/bin/python" --target "$bundle" ansible==12.0.0a5
collections="$lowest/collections/ansible_collections"
mkdir -p "$collections/amazon" "$collections/astro"
mv "$bundle/ansible_collections/amazon/aws" "$collections/amazon/aws"
"$lowest/bin/python" -m compileall -q "$collections/amazon/aws/plugins/module_utils"
ln -s ../../../../.. "$collections/astro/privatelink"
touch "$lowest/ready"
