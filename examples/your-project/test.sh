#!/usr/bin/env bash
# Runs links.yml on a lab of its own: the plan, the run, and a second run that changes nothing.
set -euo pipefail
cd "$(dirname "$0")"
: "${LAB:=$HOME/.ansible/collections/ansible_collections/astro/privatelink/tests/lab/lab}"
export LAB_NAME="your-project-$$"

"$LAB" up --topology topology.yml
trap '"$LAB" down' EXIT
eval "$("$LAB" env)"
inventory=$("$LAB" inventory)

ansible-playbook -i "$inventory" links.yml --check --diff
ansible-playbook -i "$inventory" links.yml
again=$(ansible-playbook -i "$inventory" links.yml)
echo "$again"
grep -q 'payments .*changed=0 .*failed=0' <<<"$again"
echo "links.yml works"
