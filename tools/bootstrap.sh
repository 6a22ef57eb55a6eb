#!/bin/sh
# Install what Handclasp needs, and only what is missing: system parts by apt, Python parts into .venv from the lock.
# A second run finds everything in place and returns at once. With the word "test" also what only the tests need.
set -eu
cd "$(dirname "$0")/.."

purpose=${1:-use}
say() { printf '%s\n' "bootstrap: $*" >&2; }
PATH="$PATH:/usr/sbin:/sbin"

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

has_stream_module() {
    for folder in /usr/lib/nginx/modules /usr/lib64/nginx/modules /etc/nginx/modules; do
        [ -e "$folder/ngx_stream_module.so" ] && return 0
    done
    nginx -V 2>&1 | grep -q -- '--with-stream\( \|$\)'
}

has_postgresql() {
    command -v initdb >/dev/null && return 0
    for folder in /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] && return 0
    done
    return 1
}

missing_packages() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv '
    command -v nginx >/dev/null || printf 'nginx '
    has_stream_module || printf 'libnginx-mod-stream '
    command -v openssl >/dev/null || printf 'openssl '
    command -v curl >/dev/null || printf 'curl '
    [ "$purpose" = test ] || return 0
    command -v cc >/dev/null || printf 'gcc libc6-dev '
    command -v ocsptool >/dev/null || printf 'gnutls-bin '
    command -v systemd-analyze >/dev/null || printf 'systemd '
    command -v faketime >/dev/null || printf 'faketime '
    command -v ip >/dev/null || printf 'iproute2 '
    command -v softhsm2-util >/dev/null || printf 'softhsm2 '
    has_postgresql || printf 'postgresql '
    command -v chromium >/dev/null || printf 'chromium '
    command -v patch >/dev/null || printf 'patch '
    command -v certutil >/dev/null || printf 'libnss3-tools '
    command -v keytool >/dev/null || printf 'default-jre-headless '
    command -v cfssl >/dev/null || printf 'golang-cfssl '
    command -v node >/dev/null || printf 'nodejs '
    command -v wget >/dev/null || printf 'wget '
    [ -x /usr/share/easy-rsa/easyrsa ] || printf 'easy-rsa '
    command -v apache2 >/dev/null || printf 'apache2 '
    command -v dovecot >/dev/null || printf 'dovecot-imapd '
    command -v postconf >/dev/null || printf 'postfix '
    command -v haproxy >/dev/null || printf 'haproxy '
}

install_packages() {
    if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null; then as_root="sudo"; else as_root="none"; fi
    if ! command -v apt-get >/dev/null || [ "$as_root" = none ]; then
        say "these parts are missing, and this user cannot install them here: $*"
        say "hint: install the Debian packages (or your system's equivalents) $*, then run the same command again."
        exit 5
    fi
    say "installing by apt: $*"
    # Debian starts a service when its package is installed. Handclasp runs a private nginx of its own: keep port 80 free.
    policy=/usr/sbin/policy-rc.d
    made_policy=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        $as_root chmod 755 "$policy"
        made_policy=yes
    fi
    failed=""
    # shellcheck disable=SC2086
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $* >/dev/null || failed=yes
    [ -z "$made_policy" ] || $as_root rm -f "$policy"
    if [ -n "$failed" ]; then
        say "apt could not install: $*"
        say "hint: run 'apt-get install $*' by hand to see why, then run the same command again."
        exit 5
    fi
}

python=$(find_python)
if [ -z "$python" ] && ! command -v python3 >/dev/null; then
    install_packages python3 python3-venv
    python=$(find_python)
fi
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed and was not found."
    say "hint: Debian 12 and newer have it; or name one: make PYTHON=/path/to/python3 ..."
    exit 5
fi
needed=$(missing_packages)
# shellcheck disable=SC2086
[ -z "$needed" ] || install_packages $needed

stamp=.venv/.handclasp-stamp
interpreter=$({ "$python" -c 'import sys; print(sys.version, sys.executable)'; pwd; } | sha256sum)
packages=$({ cat requirements.lock pyproject.toml hatch_build.py src/handclasp/adapters/*.c; command -v cc; } | sha256sum)
had=$(cat "$stamp" 2>/dev/null) || had=""
if [ "$had" != "$interpreter $packages" ]; then
    say "making .venv with $("$python" --version) and the packages of requirements.lock"
    case $had in "$interpreter "*) ;; *) "$python" -m venv --clear .venv ;; esac
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    printf '%s\n' "$interpreter $packages" >"$stamp"
    say "ready"
fi
