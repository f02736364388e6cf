#!/bin/sh
# Writes requirements.lock and requirements-dev.lock anew: one file for every Python from 3.11 and every processor.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv

lock() { # file, groups ...
    out=$1
    shift
    "$tools/bin/uv" pip compile --quiet pyproject.toml "$@" --upgrade --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" -o "$out"
}
lock requirements.lock --group build
lock requirements-dev.lock --group dev
