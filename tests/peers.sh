#!/bin/sh
# Installs the Debian packages that are missing: `sh tests/peers.sh python|node|peers ...`.
# Says what it installs first, uses sudo only when not root, and does nothing when all is there.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
PYTHON=${PYTHON:-python3}

needs() { # group -> lines of a package, and a command or library that it brings
    case $1 in
    python) echo "python3 python3" ;;
    node) printf '%s\n' "nodejs node" "npm npm" ;;
    peers) printf '%s\n' "sip-tester sipp" "baresip-core baresip" "linphone-cli linphonec" \
        "kamailio kamailio" "chromium chromium" "libatomic1 libatomic.so.1" "iproute2 ip" "sox sox" "espeak-ng espeak-ng" ;;
    *) echo "peers.sh: no group named $1 (python, node, peers)" >&2; exit 2 ;;
    esac
}

have() {
    case $1 in
    *.so.*) ldconfig -p | grep -qF "$1" ;; # of playwright's driver
    *) command -v "$1" >/dev/null ;;
    esac
}

old() { echo "peers.sh: $1" >&2; exit 1; }

missing=
for group in "$@"; do
    list=$(needs "$group")
    while read -r package command; do
        have "$command" || missing="$missing $package"
    done <<EOT
$list
EOT
done
case " $* " in *" python "*)
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv" ;;
esac

if [ -n "$missing" ]; then
    echo "Installing Debian packages:$missing"
    command -v apt-get >/dev/null || old "this is no Debian; please install what matches:$missing"
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || old "not root and no sudo; as root run: apt-get install$missing"
        as_root=sudo
    fi
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    export DEBIAN_FRONTEND=noninteractive
    case " $missing " in *" kamailio "*) # the tests start it themselves; as a service it would take `make run`'s port
        if command -v systemctl >/dev/null; then $as_root systemctl mask kamailio.service >"$log" 2>&1 || true; fi ;;
    esac
    # shellcheck disable=SC2086  # both are lists of words
    { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; old "apt-get could not install:$missing"; }
fi

case " $* " in *" python "*)
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        old "Python 3.11 or newer is needed, $PYTHON is $("$PYTHON" -V); name another: make PYTHON=python3.12" ;;
esac
case " $* " in *" node "*)
    node -e 'process.exit(Number(parseInt(process.versions.node) < 18))' ||
        old "Node 18 or newer is needed to build the dashboard, this is $(node --version)" ;;
esac
