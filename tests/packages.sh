#!/usr/bin/env bash
# Builds the source distribution, unpacks it elsewhere, builds a wheel from it, runs its unit tests there, and traces with
# the wheel in an environment of its own. `packages.sh tools` does the last with uvx and pipx too.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=$root/.venv/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m build --no-isolation --sdist --outdir "$folder/dist" . >"$folder/log" || { cat "$folder/log"; exit 1; }
tar --extract --gzip --file "$folder"/dist/aotlens-*.tar.gz --directory "$folder"
cd "$folder"/aotlens-*/
"$python" -m build --no-isolation --wheel --outdir "$folder/dist" . >"$folder/log" || { cat "$folder/log"; exit 1; }
# The unpacked server comes first on the path, before the one that .venv has.
PYTHONPATH=$PWD/server "$python" -m pytest -p no:cacheprovider --quiet tests/unit

# The project that is traced has its torch in a .venv, and aotlens is no part of that.
mkdir "$folder/project"
cp docs/examples/norm.py "$folder/project"
ln -s "$root/.venv" "$folder/project/.venv"
cd "$folder/project"
unset PYTHONPATH VIRTUAL_ENV CONDA_PREFIX
wheel=$(ls "$folder"/dist/*.whl)
version=$(basename "$wheel" | cut -d- -f2)
try() {
    [ "$("$@" --version)" = "aotlens $version" ] || { echo "error: $* --version is not $version"; exit 1; }
    # A finding is no error here: the status is that of the trace.
    "$@" trace norm.py >"$folder/log" 2>&1 && grep -q "RunningNorm .* traced" "$folder/log" || { cat "$folder/log"; exit 1; }
    echo "$1: aotlens $version is installed and traces"
}
"$python" -m venv "$folder/environment"
"$folder/environment/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
try "$folder/environment/bin/aotlens"
if [ "${1:-}" = tools ]; then
    "$folder/environment/bin/python" -m pip install --quiet --disable-pip-version-check uv pipx
    bin=$folder/environment/bin
    export PIPX_HOME=$folder/pipx
    try "$bin/uvx" --from "$wheel" aotlens
    try "$bin/pipx" run --spec "$wheel" aotlens
fi
