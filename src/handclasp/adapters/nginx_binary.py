"""Finds an nginx binary and reads what it says of itself."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from handclasp.model.errors import WorldError
from handclasp.model.nginx import NginxBuild, NginxVersion

# Where distributions and nginx's own `make install` put the binary; often not in the PATH of an ordinary user.
_PLACES = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/nginx/sbin/nginx", "/opt/nginx/sbin/nginx")

_INSTALL = (
    "apt-get install nginx    (Debian, Ubuntu)\ndnf install nginx        (Fedora, RHEL)\napk add nginx            (Alpine)"
)


def find(path: str | None = None) -> str:
    """The absolute path of an nginx binary: `path` if given, else from PATH, else the usual places.

    Raises:
        WorldError: there is none; the hint names the package.
    """
    if path is not None:
        found = shutil.which(path)
        if found is None:
            raise WorldError("there is no nginx that can be run here", where=path, hint="check --nginx, or leave it out")
        return str(Path(found).absolute())
    found = shutil.which("nginx") or next((place for place in _PLACES if os.access(place, os.X_OK)), None)
    if found is None:
        raise WorldError(f"nginx is not installed (looked in PATH and in {', '.join(_PLACES)})", hint=_INSTALL)
    return str(Path(found).absolute())


def environment() -> dict[str, str]:
    """The environment nginx is run with.

    NGINX would make it believe that it inherits sockets from an upgraded binary. PATH is never absent: nginx writes its process
    title over the environment, and an empty one would cut the title by which a running instance is recognised.
    """
    inherited = {key: value for key, value in os.environ.items() if key != "NGINX"}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **inherited}


def run(argv: list[str], *, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself and capture its words.

    Raises:
        WorldError: it cannot be run, or does not end in `seconds`.
    """
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=environment(),
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise WorldError(f"{' '.join(argv)} did not end within {seconds:g} s") from None
    except OSError as error:
        raise WorldError(f"{argv[0]} cannot be run: {error.strerror}", hint=_INSTALL) from error


def describe(path: str) -> NginxBuild:
    """What `nginx -V` says. `dynamic_modules` are those whose file is there, without ".so" ("ngx_stream_module").

    Raises:
        WorldError: it does not run, or is not nginx.
    """
    return describe_argv([path])


def describe_argv(argv: list[str]) -> NginxBuild:
    """As `describe`, for a binary that is run through other words, such as `chroot FOLDER nginx`."""
    path = argv[-1]
    ran = run([*argv, "-V"], seconds=10)
    said = ran.stdout + ran.stderr
    version = re.search(r"nginx version: \S*?/(\d+\.\d+\.\d+)", said)
    if ran.returncode or not version:
        words = said.strip()[:500] or f"it says nothing (exit status {ran.returncode})"
        raise WorldError(f"this is no nginx, or it does not run: {words}", where=path, hint="check --nginx, or leave it out")
    # "running with" is there only when it differs from what nginx was built with, and then it is the one that verifies.
    openssl = re.search(r"running with OpenSSL (\S+)", said) or re.search(r"built with (?:OpenSSL|\w+SSL) (\S+)", said)
    modules, compiled_in = _modules_path(said), _defaults(said)
    return NginxBuild(
        path=path,
        version=NginxVersion.parse(version[1]),
        openssl=openssl[1].rstrip(")") if openssl else "0.0.0",
        modules_path=modules,
        dynamic_modules=tuple(sorted(file.stem for file in Path(modules).glob("*.so"))) if modules else (),
        stream="--with-stream" in said.split(),
        debug="--with-debug" in said.split(),
        prefix=compiled_in.prefix,
        config=compiled_in.config,
        access_log=compiled_in.access_log,
    )


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an nginx uses when neither -p nor -c is given, and where it logs requests when its configuration does not say."""

    prefix: str
    config: str
    access_log: str


def defaults(path: str) -> Defaults:
    """The prefix and main configuration file that were compiled in."""
    ran = run([path, "-V"], seconds=10)
    return _defaults(ran.stdout + ran.stderr)


def _defaults(said: str) -> Defaults:
    prefix = re.search(r"--prefix=(\S+)", said)
    folder = prefix[1].rstrip("/") if prefix else "/usr/local/nginx"
    config = re.search(r"--conf-path=(\S+)", said)
    log = re.search(r"--http-log-path=(\S+)", said)
    return Defaults(
        prefix=folder,
        config=str(Path(folder) / (config[1] if config else "conf/nginx.conf")),
        access_log=str(Path(folder) / (log[1] if log else "logs/access.log")),
    )


def _modules_path(said: str) -> str | None:
    explicit = re.search(r"--modules-path=(\S+)", said)
    if explicit:
        return explicit[1]
    prefix = re.search(r"--prefix=(\S+)", said)
    folder = Path(prefix[1] if prefix else "/usr/local/nginx") / "modules"
    return str(folder) if folder.is_dir() else None
