#!/usr/bin/env bash
# Builds the site into docs/build/html: the pages of this directory, and the reference that antsibull-docs makes of the plugins.
set -euo pipefail
cd "$(dirname "$0")/.."
export ANSIBLE_COLLECTIONS_PATH="$PWD/.collections"
uv=.venv/bin/uv venv=.venv-docs pages=docs/build/pages
[ -x "$venv/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$venv"
"$uv" pip install --quiet --python "$venv/bin/python" -r docs/requirements.txt

rm -rf docs/build
mkdir -p "$pages/collections"
chmod go-w "$pages/collections" # antsibull-docs insists
cp -R docs/*.md docs/conf.py docs/images docs/static docs/iam "$pages"
"$venv/bin/antsibull-docs" collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$pages/collections" astro.privatelink
"$venv/bin/sphinx-build" --quiet -W --keep-going -b html "$pages" docs/build/html
echo "docs/build/html/index.html"
