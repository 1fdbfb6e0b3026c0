#!/bin/sh
# browser.sh: have Debian's chromium, with which the tests open the pages that Podium writes.
#
# Optional: where it can't be installed, those tests are skipped and say so.
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No chromium: tests of pages will be skipped. For them: sudo apt-get install chromium" >&2
    exit 0
fi
echo "Installing chromium for the tests of pages …" >&2
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=120 chromium; } >/dev/null 2>&1 ||
    echo "chromium could not be installed; tests of pages will be skipped" >&2
