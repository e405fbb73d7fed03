#!/usr/bin/env bash
# ansible-test sanity, without containers: it wants a copy below ansible_collections/, with amazon.aws beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD/.venv/sanity" here=$PWD
copy="$root/ansible_collections/astro/privatelink"
rm -rf "$root/ansible_collections" && mkdir -p "$copy" "$root/ansible_collections/amazon" "$root/home/.ansible/test/cache"
git ls-files -z -co --exclude-standard | tar --null --no-recursion --ignore-failed-read -T- -cf- | tar -xf- -C "$copy"
ln -s "$here/.collections/ansible_collections/amazon/aws" "$root/ansible_collections/amazon/aws"

# ansible-test downloads a script that installs pip into its environments. Python brings pip along: this does the same offline.
for name in get_pip_24_2.py get_pip_25_2.py; do
    cat > "$root/home/.ansible/test/cache/$name" <<'PY'
import subprocess, sys
py = [sys.executable, "-m"]
subprocess.run([*py, "ensurepip", "--default-pip"], check=True)
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([*py, "pip", "install", "--disable-pip-version-check", *wanted]).returncode)
PY
done

cd "$copy"
git init -q . && git add -A
python=$("$here/.venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
HOME="$root/home" PATH="$here/.venv/bin:$PATH" ansible-test sanity --color no --python "$python" "$@"
