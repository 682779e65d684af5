#!/usr/bin/env bash
# Builds build/aotlens.vsix, with the server in it, for this machine or for another platform: build.sh [darwin-arm64]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(../tests/vscode/set-up.sh node)
export PATH=$bin:$PATH
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
fi
target=$(../.venv/bin/python scripts/bundle_server.py "$@")
npm run --silent build
mkdir -p ../build
npm run --silent package -- --target "$target" --out ../build/aotlens.vsix
