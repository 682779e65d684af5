#!/usr/bin/env bash
# Tests the extension: its style and units, then what a person sees in the real editor.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$(./set-up.sh node):$PATH
(cd ../../vscode-extension && npm run --silent check && npm test --silent)

status=0
bin=$(./set-up.sh editor) || status=$?
if [ "$status" -eq 3 ] && [ -z "${CI:-}" ]; then
    echo "NOT TESTED: what the extension shows in the editor, for want of what is named above." >&2
    exit 0
fi
[ "$status" -eq 0 ] || exit "$status"
./node_modules/.bin/tsc --project .
rm -rf ../../build/vscode
exec node --test --test-concurrency=1 --test-reporter=spec "$@"
