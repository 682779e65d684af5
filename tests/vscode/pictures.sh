#!/usr/bin/env bash
# Puts the pictures that the editor's tests took into docs/pictures, small: those that the READMEs show.
set -euo pipefail
cd "$(dirname "$0")"
PATH=$(./set-up.sh node):$PATH
mkdir -p ../../docs/pictures
node pictures.mjs ../../build/vscode ../../docs/pictures
