#!/usr/bin/env bash
# Builds the source distribution, unpacks it elsewhere, builds a wheel from it and runs its unit tests there.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m build --no-isolation --sdist --outdir "$folder/dist" . >"$folder/log" || { cat "$folder/log"; exit 1; }
tar --extract --gzip --file "$folder"/dist/aotlens-*.tar.gz --directory "$folder"
cd "$folder"/aotlens-*/
"$python" -m build --no-isolation --wheel --outdir "$folder/dist" . >"$folder/log" || { cat "$folder/log"; exit 1; }
# The unpacked server comes first on the path, before the one that .venv has.
PYTHONPATH=$PWD/server "$python" -m pytest -p no:cacheprovider --quiet tests/unit
