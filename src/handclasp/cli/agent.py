"""handclasp agent."""

import signal
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.site_options import FILE
from handclasp.model.text import plural

if TYPE_CHECKING:
    from handclasp.app.agent import Worked
    from handclasp.app.post import Post

_CLOCKS_APART = 300.0


@click.command("agent")
@click.option("--server", required=True, metavar="URL", help="The API of `handclasp serve`.")
@click.option("--name", metavar="NAME", help="What the CA calls this host.  [default: the name in its certificate]")
@click.option("--cert", "chain", type=AbsolutePath(), required=True, help="The certificate of this host, with its chain.")
@click.option("--key", type=AbsolutePath(), required=True, help="Its key.")
@click.option("--ca", "trusted", type=AbsolutePath(), required=True, help="The CA certificates that the API is verified with.")
@click.option(
    "--config-dir", type=AbsolutePath(), default="/etc/nginx", show_default=True, help="The folder of nginx.conf here."
)
@click.option("--nginx", "nginx_path", type=FILE, help="The nginx binary.  [default: this machine's]")
@click.option("--every", type=click.FloatRange(0.2, 3600), default=5.0, show_default=True, help="Seconds between two looks.")
@click.option("--once", is_flag=True, help="Look once, and end.")
@framed
def command(
    frame: Frame,
    *,
    server: str,
    name: str | None,
    chain: str,
    key: str,
    trusted: str,
    config_dir: str,
    nginx_path: str | None,
    every: float,
    once: bool,
) -> int:
    r"""Serve on this nginx what the CA elsewhere says: fetch, apply, prove, report; and again.

    Orders are intents and tables; this host renders them itself, tests them with nginx -t, switches, reloads and knocks, and
    puts everything back if anything is not as it must be. Of each CA it holds a canary, a client that was revoked before it was
    handed out: nginx refusing that one as revoked proves the CRL. Keys never leave this host. While the CA cannot be reached,
    nginx goes on with what it has. Exit code 1 with --once: something is not proven.

    \b
    Examples:
      handclasp agent --server https://ca.example.test:8556 --cert chain.pem --key key.pem --ca bundle.pem
      handclasp agent --server https://ca.example.test:8556 --cert chain.pem --key key.pem --ca bundle.pem --once --json
    """
    from handclasp.wiring import World

    world = World(frame.home, nginx_path=nginx_path)
    post = world.post(server, name=name, chain=chain, key=key, trusted=trusted, config_dir=config_dir)
    with closing(post.desk):
        if once:
            done = _round(post, None, begun=False)
            _say(frame, done)
            served = done.applied is None or done.applied.serving
            return 0 if served and all(one.proven for one in done.crls) else 1
        return _rounds(frame, post, every)


def _rounds(frame: Frame, post: "Post", every: float) -> int:
    """Until SIGTERM or SIGINT, which end it between two rounds."""
    from handclasp.app.agent import serves
    from handclasp.cli.frame import report
    from handclasp.model.errors import HandclaspError

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    known: Worked | None = None
    complaint, served = "", None
    while not stop.is_set():
        try:
            serving = serves(post)
            if served is not None and served != serving:
                known = None  # nginx was started or stopped since: it is looked at anew
            done = _round(post, known, begun=served is False and serving)
        except HandclaspError as error:
            known = None
            if str(error) != complaint:  # the same thing is not said every few seconds
                report(error, ["--lang", frame.lang, *(["--json"] if frame.json else [])])
            complaint = str(error)
        else:
            if done.applied is not None or known is None or complaint or done.renewed or done.trusts:
                _say(frame, done)
            known, complaint = None if done.again else done, ""
            served = done.applied.serving if done.applied else served
        stop.wait(every)
    return 0


def _round(post: "Post", known: "Worked | None", *, begun: bool) -> "Worked":
    from handclasp.app.agent import work

    return work(post, known, begun=begun)


def _say(frame: Frame, done: "Worked") -> None:
    applied = done.applied
    if frame.json:
        from handclasp.present.hosts_text import crls_json
        from handclasp.present.plan_text import proven_json

        document = {
            "tag": done.tag,
            "changed": applied is not None and not applied.plan.empty,
            "reloaded": applied is not None and applied.reloaded,
            "serving": applied is not None and applied.serving,
            "certified": list(done.certified),
            "renewed": done.renewed,
            "proven": proven_json(applied.proven) if applied else [],
            "crls": crls_json(done.crls),
        }
        document |= {
            "clock_ahead_seconds": round(done.ahead.total_seconds()),
            "trusts": done.trusts,
            "stale": done.stale or None,
        }
        frame.document("agent", document)
        return
    if done.renewed:
        frame.out("The certificate of this host was renewed.")
    if done.trusts:
        frame.out("The CA has other certificates now: the file of --ca holds them.")
    if done.stale:
        frame.hint(f"the CA has other certificates now: put its bundle.pem in place of the file of --ca ({done.stale})")
    if abs(done.ahead.total_seconds()) > _CLOCKS_APART:
        frame.hint("the clock of this host and that of the CA are more than five minutes apart: timedatectl set-ntp true")
    for site in done.certified:
        frame.out(f"{site}: a new key, and a certificate for it")
    if applied is not None and not applied.serving:
        frame.out("The files are there; no nginx runs with them.")
        frame.hint("next: start nginx     (the agent proves it then)")
    elif applied is None or applied.plan.empty:
        frame.out("Nothing to change: the orders of the CA are in force.")
    else:
        probes = len(applied.proven)
        frame.out(f"The orders of the CA are in force: {probes} probe{plural(probes)} came out as intended.")
    from handclasp.present.hosts_text import crl_line

    for one in done.crls:
        frame.out(crl_line(one, frame.lang))
