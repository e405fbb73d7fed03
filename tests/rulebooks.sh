#!/usr/bin/env bash
# Checks the rulebooks' syntax with ansible-rulebook, in a virtual environment of its own. That needs Java 17, which its rule engine runs on.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v java >/dev/null || { echo "There is no Java: the rulebooks were not checked." >&2; exit 1; }
[ -x .venv/rulebooks/bin/ansible-rulebook ] || {
    .venv/bin/uv venv --quiet --python .venv/bin/python .venv/rulebooks
    VIRTUAL_ENV="$PWD/.venv/rulebooks" .venv/bin/uv pip install --quiet --system-certs ansible-rulebook==1.3.2
}
.venv/rulebooks/bin/python - extensions/eda/rulebooks/*.yml <<'END'
import sys

import yaml
from ansible_rulebook.rules_parser import parse_rule_sets
from ansible_rulebook.validators import Validate

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        book = yaml.safe_load(file)
    Validate.rulebook(book)
    rules = [rule.name for each in parse_rule_sets(book) for rule in each.rules]
    print(f"{name}: {len(rules)} rules")
END
