"""What the commands that change the private nginx share."""

from typing import TYPE_CHECKING

import click

from handclasp.cli.ca_options import world
from handclasp.cli.frame import Frame
from handclasp.model.command import word

if TYPE_CHECKING:
    from handclasp.app.apply import Applied
    from handclasp.app.apply_place import Place
    from handclasp.app.apply_site import SitesApplied
    from handclasp.app.site import SiteOrder
    from handclasp.wiring import World


config_dir_option = click.option(
    "--config-dir",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Put the site into the nginx whose nginx.conf is in this folder.  [default: a private nginx in the home]",
)


def open_world(
    frame: Frame, nginx_path: str | None = None, passphrase_file: str | None = None, passphrase_fd: int | None = None
) -> "World":
    """The world of this run."""
    return world(frame, passphrase_file=passphrase_file, passphrase_fd=passphrase_fd, nginx_path=nginx_path)


def free_listen(place: "Place", known: "tuple[SiteOrder, ...]", names: tuple[str, ...]) -> tuple[str, ...]:
    """Where this site listens already, else a free port on loopback; 443 for an nginx of somebody else."""
    from handclasp.wiring import free_port

    for order in known:
        if order.intent.server_names[0] == names[0]:
            return tuple(f"{address}:{port}" for address, port in order.intent.listen)
    return (f"127.0.0.1:{free_port()}",) if place.own else ("443",)


def show_plan(
    frame: Frame,
    here: "World",
    place: "Place",
    orders: "tuple[SiteOrder, ...]",
    *,
    force: bool = False,
    save: str | None = None,
) -> None:
    """Print what an apply would do, and keep it in a file if there is one to `save` to."""
    from handclasp.app.apply_cast import cast_of
    from handclasp.app.apply_certificates import identity_of, lacks_certificate
    from handclasp.app.apply_effect import DAYS, effect_of
    from handclasp.app.apply_saved import saved
    from handclasp.app.apply_site import Overlook, plan_sites
    from handclasp.present.effect_text import effect_text
    from handclasp.present.plan_text import plan_json, plan_text

    overlook = Overlook.EDITS if force else Overlook.NOTHING
    plan = plan_sites(here.ca, here.gear, orders, cast_of(here.ca), place, overlook=overlook)
    effect = effect_of(here.ca, here.gear, place, plan, orders)
    issues = [identity_of(order) for order in orders if lacks_certificate(here.ca, order)]
    if save:
        here.files.write(save, saved(here.ca, place, orders, plan, force=force), mode=0o600)
    if frame.json:
        frame.document("nginx-plan", {**plan_json(plan), "effect": effect, "issues": issues, "saved": save})
        return
    for name in issues:
        frame.out(f"issue a server certificate: {name}")
    frame.out(plan_text(plan))
    frame.out(effect_text(effect, DAYS, frame.lang))
    if save:
        frame.hint(f"next: handclasp nginx apply --plan {word(save)}     applies exactly this, or nothing")
    else:
        frame.hint("next: the same without --dry-run" if not plan.empty else "nginx has what the CA says")


def report_applied(frame: Frame, here: "World", place: "Place", done: "SitesApplied", *, verb: str = "Applied") -> None:
    """Say what was done and what was proven."""
    from handclasp.model.errors import Bug
    from handclasp.present.lingering_text import lingering_json, lingering_lines
    from handclasp.present.plan_text import plan_json, proven_json, proven_lines

    applied, orders, issued = done.applied, done.orders, list(done.issued)
    if applied is None:
        raise Bug("an apply came back without a result")
    instance = place.instance
    if frame.json:
        document = {
            "prefix": instance.prefix,
            "config": instance.config,
            "sites": [_site(order) for order in orders],
            "issued": issued,
            "recovered": applied.recovered,
            "changed": not applied.plan.empty,
            "started": applied.started,
            "reloaded": applied.reloaded,
            "serving": applied.serving,
            "lingering": lingering_json(applied.lingering),
            "proven": proven_json(applied.proven),
            **plan_json(applied.plan),
        }
        frame.document("nginx-apply", document)
        return
    if applied.recovered:
        frame.out(applied.recovered)
    for name in issued:
        frame.out(f"Issued a server certificate: {here.layout.identity(name)}")
    _headline(frame, applied, verb)
    for order in orders:
        frame.out(f"  {_url(order)}   at {', '.join(_site(order)['listen'])}")
    for line in proven_lines(applied.proven, frame.lang):
        frame.out(line)
    for line in lingering_lines(applied.lingering, frame.lang):
        frame.out(line)
    if not applied.serving:
        frame.hint("next: handclasp nginx apply --server-name NAME" if not orders else "next: handclasp nginx apply")
    elif not any(one.step.who == "good" for one in applied.proven):
        frame.hint("not proven: that a good client gets in, because no client certificate with its key is in this home")
        frame.hint("next: handclasp issue alice && handclasp nginx apply")
    else:
        frame.hint(_knock(here, orders, applied) if orders else "")


def _knock(here: "World", orders: "tuple[SiteOrder, ...]", applied: "Applied") -> str:
    """How a person comes in as the proof did."""
    from handclasp.app.apply_proof import LOOPBACK

    steps = {one.step.site: one.step for one in reversed(applied.proven) if one.step.who == "good" and one.step.identity}
    order = next((one for one in orders if one.intent.server_names[0] in steps), orders[0])
    step = steps.get(order.intent.server_names[0])
    name = (step.identity or "" if step else "alice").partition("#")[0]
    address, port = order.intent.listen[0]
    address = LOOPBACK.get(address, address)
    host = order.intent.server_names[0].replace("*", "www", 1)
    if order.intent.stream:
        cert, key = (word(here.layout.identity(name, file)) for file in ("chain.pem", "key.pem"))
        return f"next: openssl s_client -connect {address}:{port} -servername {host} -cert {cert} -key {key}"
    url = f"https://{host}{'' if port == 443 else f':{port}'}/"
    return f"next: handclasp probe {url} --connect {address}:{port} --identity {word(name)}"


def _headline(frame: Frame, applied: "Applied", verb: str) -> None:
    if applied.started:
        frame.out(f"{verb}: nginx was started.")
    elif applied.reloaded:
        frame.out(f"{verb}: nginx was reloaded.")
    else:
        frame.out("Nothing to change." if applied.plan.empty else f"{verb}; no nginx runs.")


def _site(order: "SiteOrder") -> "dict[str, list[str]]":
    listen = [f"{address}:{port}" for address, port in order.intent.listen]
    return {"server_names": list(order.intent.server_names), "listen": listen}


def _url(order: "SiteOrder") -> str:
    port = order.intent.listen[0][1]
    if order.intent.stream:
        return f"tls://{order.intent.server_names[0]}:{port}"
    return f"https://{order.intent.server_names[0]}{'' if port == 443 else f':{port}'}/"
