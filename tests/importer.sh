#!/usr/bin/env bash
# What Galaxy does with an artifact when it is published, in an environment that knows the other collections, as users have them.
# galaxy-importer calls an import with errors a success: here it fails, and with warnings as well.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv/importer
[ "$venv/ready" -nt .venv/ready ] && [ "$venv/ready" -nt tests/importer.sh ] || {
    export UV_PYTHON_DOWNLOADS=never
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python "$venv"
    # It insists on an attrs of its own; all else is as pinned.
    .venv/bin/uv pip install --quiet --system-certs --compile-bytecode --python "$venv/bin/python" \
        --constraints <(grep -v '^attrs==' tests/requirements.txt) galaxy-importer==0.4.44
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p "$site/ansible_collections"
    for namespace in amazon awx; do ln -s "$PWD/.collections/ansible_collections/$namespace" "$site/ansible_collections"; done
    touch "$venv/ready"
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH="$PWD/$venv/bin:$PATH" HOME="$work" GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=true
unset ANSIBLE_COLLECTIONS_PATH # the checkout itself must not be seen

ansible-galaxy collection build --output-path "$work" >/dev/null
cd "$work"
python -m galaxy_importer.main astro-privatelink-*.tar.gz >log 2>&1 || { cat log; exit 1; }
grep -q "Importer processing completed successfully" log || { cat log; exit 1; }
! grep -E "WARNING|ERROR" log
