#!/usr/bin/env bash
# ansible-test sanity with every ansible-core that is supported and that supports the Python of .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
case $(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') in
    3.11) cores="2.17 2.18 2.19" ;;
    3.12) cores="2.17 2.18 2.19 2.20 2.21" ;;
    3.13) cores="2.18 2.19 2.20 2.21" ;;
    *) cores="2.20 2.21" ;;
esac
for core in $cores; do
    echo "== ansible-core $core"
    CORE=$core tests/sanity.sh
done
