"""systemd units as text: what runs by itself, with no more rights than it needs (systemd.exec(5))."""

from dataclasses import dataclass
from datetime import timedelta

from handclasp.model.messages import ENGLISH

NGINX_UNIT = "handclasp-nginx.service"

_SERVICE = """\
# Written by handclasp systemd; run that again instead of editing.
[Unit]
Description={description}
Documentation=man:systemd.timer(5)
After=network-online.target
{unit}
[Service]
Type={type}
ExecStart={command}
{more}User={user}
UMask=0077
Environment=LC_ALL=C.UTF-8
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths={home}
ProtectHome={protect_home}
PrivateTmp={private_tmp}
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RestrictAddressFamilies={families}
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
{tail}"""

_AFTER_CRLS = """\
# Written by handclasp systemd; run that again instead of editing.
[Unit]
Description=Gives every nginx of Handclasp fresh CRLs, and asks it
After=handclasp-crl.service

[Service]
Type=oneshot
ExecStart={command}
User={user}
UMask=0077
Environment=LC_ALL=C.UTF-8
NoNewPrivileges=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
TimeoutStartSec=15min
"""

_RENEWALS = ((timedelta(days=4), "daily"), (timedelta(), "*-*-* 00/4:00:00"))
"""When to renew what lives so long at least: its last third, in which it is due, has to be longer than a day and the delay."""

_ONCE = "TimeoutStartSec=15min\n"

_HOMES, _TEMPORARY = ("/home/", "/root/", "/run/user/"), ("/tmp/", "/var/tmp/")  # noqa: S108 - what systemd hides
_LASTING = """\
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
TimeoutStopSec=20
LimitNOFILE=16384
MemoryDenyWriteExecute=yes

[Install]
WantedBy=multi-user.target
"""

_TIMER = """\
# Written by handclasp systemd; run that again instead of editing.
[Unit]
Description={description}

[Timer]
OnCalendar={calendar}
RandomizedDelaySec=1h
Persistent=yes

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOrder:
    """For which home, run by whom. `passphrase_file`: becomes a credential, so that nobody but the unit sees it.

    `reload`: a command that makes nginx read new files, run with full rights after renewals and CRLs.
    `notify_file`: where notices go (see `handclasp notify`), in the language `lang`; None: no unit for that.
    `listen`: where `handclasp serve` takes connections; None: no unit for that.
    `nginx_user`: who gives every nginx its CRLs; None: no unit for that. `shortest_life`: of a certificate to renew.
    `network`: what renews and signs CRLs needs it, as the registry is not on this machine. `reads`: where the program lies.
    """

    program: str
    home: str
    user: str
    passphrase_file: str | None = None
    reload: str | None = None
    notify_file: str | None = None
    lang: str = ENGLISH
    listen: str | None = None
    nginx_user: str | None = None
    shortest_life: timedelta = timedelta.max
    network: bool = False
    reads: tuple[str, ...] = ()


def units(order: UnitOrder) -> dict[str, str]:
    """File names and contents: a service and a timer for renewals, for CRLs, and for notices."""
    often = next(how for life, how in _RENEWALS if order.shortest_life >= life)
    made = _pair(order, "renew", "Renew certificates of Handclasp that are due", ("renew", "--due"), often)
    made |= _pair(order, "crl", "Fresh CRLs of Handclasp", ("crl", "--refresh", "--no-reload"), "weekly")
    # A unit that may write to the home alone reaches no nginx, its folder, ports and workers: another one does.
    if order.nginx_user is not None:
        made[NGINX_UNIT] = _AFTER_CRLS.format(command=_command(order, ("crl", "--reload")), user=order.nginx_user)
    if order.notify_file is not None:
        spoken = () if order.lang == ENGLISH else ("--lang", order.lang)
        what = ("notify", "--to-file", order.notify_file, *spoken)
        made |= _pair(order, "notify", "Tell what of Handclasp ends soon", what, "*-*-* 08:00:00")
    if order.listen is not None:
        words = ("serve", "--listen", order.listen)
        made["handclasp-serve.service"] = _service(order, "serve", "OCSP, CRLs and CA certificates of Handclasp", words)
    return made


def _pair(order: UnitOrder, name: str, description: str, words: tuple[str, ...], calendar: str) -> dict[str, str]:
    timer = _TIMER.format(description=description, calendar=calendar)
    return {f"handclasp-{name}.service": _service(order, name, description, words), f"handclasp-{name}.timer": timer}


def _service(order: UnitOrder, name: str, description: str, words: tuple[str, ...]) -> str:
    lasting = name == "serve"
    more = []
    if order.passphrase_file and name != "notify":
        more.append(f"LoadCredential=handclasp-passphrase:{_quoted(order.passphrase_file)}")
    if order.reload and not lasting and name != "notify":
        # Not ExecStartPost: that is left out when one of many was not renewed, and nginx would never read the others.
        more.append(f"ExecStopPost=+{order.reload}")
    return _SERVICE.format(
        type="exec" if lasting else "oneshot",
        tail=_LASTING if lasting else _ONCE,
        description=description,
        command=_command(order, words),
        unit=f"Wants={NGINX_UNIT}\n" if name == "crl" and order.nginx_user else "",
        more="".join(f"{line}\n" for line in more),
        user=order.user,
        home=_quoted(order.home),
        protect_home=_protect_home(order),
        private_tmp="no" if any(path.startswith(_TEMPORARY) for path in _needed(order)) else "yes",
        families="AF_UNIX AF_INET AF_INET6" if lasting or name == "notify" or order.network else "AF_UNIX",
    )


def _needed(order: UnitOrder) -> tuple[str, ...]:
    """What a unit cannot do without."""
    return (order.home, order.program, *order.reads, *((order.notify_file,) if order.notify_file else ()))


def _protect_home(order: UnitOrder) -> str:
    """As much as leaves the program in sight, which is often installed for one account, and the CA, which is written to."""
    if order.home.startswith(_HOMES):
        return "no"
    return "read-only" if any(path.startswith(_HOMES) for path in _needed(order)) else "yes"


def _command(order: UnitOrder, words: tuple[str, ...]) -> str:
    return " ".join(_quoted(word) for word in (order.program, *words, "--home", order.home))


def _quoted(word: str) -> str:
    """A word of a unit file: percent signs doubled, quotes where there are blanks (systemd.service(5), COMMAND LINES)."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if any(sign in plain for sign in " \t'\"\\;"):
        return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return plain
