#!/usr/bin/env bash
# Installs what the extension is built and tested with, once, outside the repository: set-up.sh node|editor
# It prints the folder of node's programs. Exit status 3: something is missing that it cannot install. Another browser than
# chromium on PATH is named by CHROMIUM.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/aotlens-tests
node_version=24
code_server_version=4.139.1
here=$(cd "$(dirname "$0")" && pwd)

missing() {
    echo "error: $1" >&2
    exit 3
}

# npm may wait for ever for an answer of the network: it gets fifteen minutes (code-server compiles for two to six), twice.
npm_patiently() {
    local limit=()
    command -v timeout >/dev/null && limit=(timeout 900)
    "${limit[@]}" npm "$@" --no-audit --no-fund --loglevel=error >&2 && return
    rm -rf node_modules
    "${limit[@]}" npm "$@" --no-audit --no-fund --loglevel=error >&2
}

# install FOLDER PACKAGE: a folder of its own for each, or they would not install.
install() {
    [ -e "$cache/$1/$2.installed" ] && return
    echo "installing $2 …" >&2
    rm -rf "${cache:?}/$1"
    mkdir -p "$cache/$1"
    echo '{"private": true}' >"$cache/$1/package.json"
    (cd "$cache/$1" && npm_patiently install "$2")
    touch "$cache/$1/$2.installed"
}

debian_packages() {
    local needed=()
    [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || needed+=(chromium)
    # code-server compiles a module against it.
    [ "$(uname)" != Linux ] || [ -e /usr/include/gssapi.h ] ||
        [ -e "$cache/code-server/code-server@$code_server_version.installed" ] || needed+=(libkrb5-dev)
    [ ${#needed[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || missing "the tests need Debian's packages ${needed[*]}, and there is no apt-get here"
    [ "$(id -u)" -eq 0 ] || missing "the tests need Debian's packages: sudo apt-get install ${needed[*]}"
    echo "installing ${needed[*]} …" >&2
    apt-get update -qq >&2 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${needed[@]}" >"$cache/apt.log" 2>&1 ||
        missing "apt-get install ${needed[*]} failed: $(tail -3 "$cache/apt.log")"
}

command -v npm >/dev/null || missing "npm is needed to build the extension (it comes with Node.js)"
mkdir -p "$cache"
exec 9>"$cache/lock"
command -v flock >/dev/null && flock 9

install node "node@$node_version"
bin=$cache/node/node_modules/node/bin
if [ "${1:-}" = editor ]; then
    debian_packages
    PATH=$bin:$PATH install code-server "code-server@$code_server_version"
    if [ ! -e "$here/node_modules/.package-lock.json" ] || [ "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]; then
        (cd "$here" && PATH=$bin:$PATH npm_patiently ci)
    fi
fi
echo "$bin"
