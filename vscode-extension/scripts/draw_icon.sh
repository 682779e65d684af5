#!/usr/bin/env bash
# Draws media/icon.png from media/icon.svg with Chromium.
set -euo pipefail
cd "$(dirname "$0")/../media"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
    --window-size=256,256 --screenshot="$PWD/icon.png" "file://$PWD/icon.svg" >/dev/null 2>&1
