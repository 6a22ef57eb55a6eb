"""A machine of its own for texts that are run as they stand: /etc, /var, /run, /srv, processes and network are private.

Namespaces with overlays of this machine's folders: what a script writes is gone with it, its ports are nobody else's, and
no packet leaves. The end of the script ends everything it started.
"""

import os
import subprocess
import sys
from pathlib import Path

VENV = Path(sys.executable).parent
PRIVATE = ("/etc", "/var", "/srv", "/opt")
ENTER = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
_BEGIN = f"""
mount -t tmpfs tmpfs /mnt
for place in {" ".join(PRIVATE)}; do
    mkdir -p "/mnt/upper$place" "/mnt/work$place"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=/mnt/upper$place,workdir=/mnt/work$place" "$place"
done
mount -t tmpfs tmpfs /run
ip link set lo up
rm -f /etc/nginx/sites-enabled/*
mkdir -p /var/log/nginx
"""
# A negative answer is an answer of these commands, and no reason to end a script; every other failure is.
_ANSWERS = f"""
mkdir /run/bin
cat >/run/bin/handclasp <<'END'
#!/bin/sh
case "$*" in
doctor*|predict*|"nginx check"*|"nginx observe"*|import*--report*) {VENV}/handclasp "$@" || [ $? -eq 1 ] ;;
*) exec {VENV}/handclasp "$@" ;;
esac
END
chmod 755 /run/bin/handclasp
"""


def run_on_a_machine(script: str, folder: Path, *, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """The script as root of that machine, in `folder`; the first command that fails ends it."""
    assert os.geteuid() == 0, "a machine of its own takes root: run the tests as root, or in a container of yours"
    inner = f"{{ {_BEGIN}{_ANSWERS} }} >&2\nset -eux\n{script}"
    environment = {
        "PATH": f"/run/bin:{VENV}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "HANDCLASP_HOME": str(folder / "home"),
    }
    return subprocess.run(
        [*ENTER, "sh", "-e", "-c", inner],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
