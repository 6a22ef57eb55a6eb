"""handclasp nginx adopt."""

from typing import TYPE_CHECKING, Any

import click

from handclasp.cli.evidence_options import AbsolutePath
from handclasp.cli.frame import Frame, framed
from handclasp.cli.nginx.config_options import config_evidence, config_options

if TYPE_CHECKING:
    from handclasp.wiring import World


@click.command("adopt")
@click.argument("server")
@config_options
@click.option("--client-cert", type=AbsolutePath(), help="A client that must get in afterwards: its chain, PEM.")
@click.option("--client-key", type=AbsolutePath(), help="Its private key.")
@click.option("--without", multiple=True, metavar="ID", help="Leave this remedy out; repeatable.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Try every change on a sandboxed copy first.")
@click.option("--apply", is_flag=True, help="Change the files, reload that nginx, knock, or put all back.")
@click.option("--forget", is_flag=True, help="Change nothing: revocations do not go to this server any more.")
@framed
def command(
    frame: Frame,
    *,
    server: str,
    client_cert: str | None,
    client_key: str | None,
    without: tuple[str, ...],
    prove: bool,
    apply: bool,
    forget: bool,
    **options: Any,
) -> int:
    r"""Put a server that was written by hand right: whatever the doctor would change there, in one plan that says why.

    If its clients are those of this home's CA, names in maps and ifs become identities of the registry, and the CRL is the one
    that `handclasp revoke` writes. Sessions that would outlive a revocation are not made any more.

    The tree is edited in place, minimally: comments, order and everything that is not at fault stay. Nothing is changed without
    --apply; then the new files are tested, nginx is reloaded, strangers must be refused and the given client let in, or
    everything is put back. Exit code 1: something is left that no edit cures.

    Other servers stay as they are, but for the default server of its address, which decides about this one too.

    A server that was adopted is remembered: `handclasp revoke` reloads its nginx and proves the revocation there too. Clients
    that were issued or renewed since come in when adopt is run again.

    \b
    Examples:
      handclasp nginx adopt app.example.test --config /etc/nginx/nginx.conf
      handclasp nginx adopt app.example.test --config /etc/nginx/nginx.conf --without log-at-info --apply
      handclasp nginx adopt app.example.test --config /etc/nginx/nginx.conf --forget
    """
    from contextlib import nullcontext
    from dataclasses import replace

    from handclasp.app.doctor import examine
    from handclasp.app.follow import following
    from handclasp.app.home import registered
    from handclasp.app.takeover import registry_of, takeover
    from handclasp.cli.fixing import fix_it, target
    from handclasp.diagnose.concern import concerns
    from handclasp.model.errors import UsageError
    from handclasp.model.finding import Severity
    from handclasp.wiring import World

    world = World(frame.home, nginx_path=options["nginx_path"])
    if forget:
        return _forget(frame, world, server, options["config"])
    if (client_cert is None) != (client_key is None):
        raise UsageError("a client needs its certificate and its key", hint="give --client-cert and --client-key")
    instance = target(world, options, saved=None) if apply else None
    presented = world.files.read(client_cert) if client_cert else None
    before = replace(config_evidence(frame, options), server=server, presented=presented)
    key = world.files.read(client_key) if client_key else None
    registry = registry_of(world.ca) if registered(world.files, world.layout) else None
    taken = takeover(before, server, registry, frozenset(without))
    evidence, steps, agreed = taken.evidence, (before, taken.steps), lambda name: name not in without
    first = examine(evidence, world.sandbox_tools if prove else None, client_key=key, concerns=concerns)
    remembering = following(world.ca, world.gear, instance, server) if instance and registry else nullcontext()
    with remembering:
        fixed = fix_it(
            frame, world, evidence, first, key=key, prove=prove, agreed=agreed, instance=instance, taken=steps,
            concerns=concerns,
        )  # fmt: skip
    left = fixed.fixing.left.findings
    if frame.json:
        frame.document("nginx-adopt", {"config": evidence.root, "server": server, **fixed.fields})
    for finding in left if not frame.json else ():
        frame.out(f"left to you: {finding.summary.in_language(frame.lang)}  ({finding.cause})")
    return 1 if any(finding.severity is Severity.ERROR for finding in left) else 0


def _forget(frame: Frame, world: "World", server: str, config: str | None) -> int:
    from handclasp.app.follow import forget
    from handclasp.app.home import registered
    from handclasp.model.errors import UsageError

    if config is None:
        raise UsageError("--forget needs the configuration", hint="--config /etc/nginx/nginx.conf")
    known = registered(world.files, world.layout) and forget(world.ca, config, server)
    if frame.json:
        frame.document("nginx-adopt-forget", {"config": config, "server": server, "forgotten": known})
    elif known:
        frame.out(f"Forgotten: revocations do not go to {server} in {config} any more. Its files are as they were.")
    else:
        frame.out(f"Nothing to forget: {server} in {config} was not adopted from this home.")
    return 0 if known else 1
