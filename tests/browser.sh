#!/usr/bin/env bash
# A browser for the tests of the report. Where root may install Debian's, it is; elsewhere these tests are skipped.
set -euo pipefail
for name in chromium google-chrome chromium-browser; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium, with which the report is tested."
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -qqy --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0
fi
echo "There is no Chromium here: the report's tests in a browser are skipped."
