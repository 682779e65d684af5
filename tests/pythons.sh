#!/usr/bin/env bash
# Runs the unit tests on other Pythons, without torch: pythons.sh 3.10 3.13. A Python that this machine lacks is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

# pyenv has shims on the PATH for versions that are not selected: they fail, so each candidate is tried.
find_python() {
    local version=$1 candidate
    for candidate in "python$version" "$(pyenv root 2>/dev/null || true)"/versions/"$version".*/bin/python; do
        if "$candidate" -c "import sys, venv; sys.exit(sys.version_info[:2] != (${version/./, }))" 2>/dev/null; then
            "$candidate" -c "import sys; print(sys.executable)"
            return
        fi
    done
}

for version in "$@"; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        echo "Python $version: not on this machine, skipped"
        continue
    fi
    echo "Python $version: $python"
    environment=build/pythons/$version
    if [ pyproject.toml -nt "$environment/stamp" ]; then
        rm -rf "$environment"
        "$python" -m venv "$environment"
        install=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check)
        "${install[@]}" --upgrade 'pip>=25.1'
        "${install[@]}" --editable . --group unit
        touch "$environment/stamp"
    fi
    "$environment/bin/python" -m pytest -p no:cacheprovider --quiet tests/unit
done
