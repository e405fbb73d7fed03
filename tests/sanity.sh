#!/usr/bin/env bash
# ansible-test sanity, without containers: it wants a copy below ansible_collections/, with amazon.aws beside it.
# With the ansible-core of .venv, or with CORE=2.17 and the like with one in a virtual environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="$PWD/.venv${CORE:+/core-$CORE}"
[ -x "$venv/bin/ansible-test" ] || {
    export UV_PYTHON_DOWNLOADS=never
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python "$venv"
    .venv/bin/uv pip install --quiet --system-certs --compile-bytecode --python "$venv/bin/python" "ansible-core==$CORE.*"
}
root="$PWD/.venv/sanity" here=$PWD
copy="$root/ansible_collections/astro/privatelink"
rm -rf "$root/ansible_collections" && mkdir -p "$copy" "$root/ansible_collections/amazon" "$root/home/.ansible/test/cache"
git ls-files -z -co --exclude-standard | tar --null --no-recursion --ignore-failed-read -T- -cf- | tar -xf- -C "$copy"
ln -s "$here/.collections/ansible_collections/amazon/aws" "$root/ansible_collections/amazon/aws"

# ansible-test downloads a script that installs pip into its environments. Python brings pip along: this does the same offline.
for pip in 23_1_2 24_2 25_2; do # of ansible-core 2.17; 2.18 and 2.19; 2.20 and 2.21
    cat > "$root/home/.ansible/test/cache/get_pip_$pip.py" <<'PY'
import subprocess, sys
py = [sys.executable, "-m"]
subprocess.run([*py, "ensurepip", "--default-pip"], check=True)
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([*py, "pip", "install", "--disable-pip-version-check", *wanted]).returncode)
PY
done

cd "$copy"
git init -q . && git add -A
python=$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
HOME="$root/home" PATH="$venv/bin:$PATH" ansible-test sanity --color no --python "$python" "$@"
