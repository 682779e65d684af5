#!/usr/bin/env bash
# Installs Emacs with Eglot where apt-get can do it; elsewhere its test is skipped, or runs with the Emacs that is there.
set -euo pipefail
command -v emacs >/dev/null && exit 0
command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing emacs-nox and elpa-eglot …" >&2
apt-get update -qq >&2 || true
# From Emacs 29 on, Eglot is a part of it, and there is no package of that name.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq emacs-nox elpa-eglot >"$log" 2>&1 ||
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq emacs-nox >"$log" 2>&1 ||
    echo "Emacs was not installed: $(tail -1 "$log")" >&2
