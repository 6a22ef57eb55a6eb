"""A rehearsal: the configuration as it will be runs in a sandbox, with an echo in place of each service, and is lied to.

What a service hears cannot be seen from outside. So each site is asked on the copy with every identity header forged, with a
good certificate and without one, and the echo tells what would have reached the service.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from handclasp.app.apply import Proven
from handclasp.app.apply_cast import Cast, Member
from handclasp.app.apply_proof import LOOPBACK, key
from handclasp.app.apply_stage import Planned
from handclasp.app.apply_state import Gear, Instance
from handclasp.app.crashpoint import crashpoint
from handclasp.app.mapped import MappedFiles
from handclasp.app.read_config import read_config_files
from handclasp.app.sandbox import RunningSandbox, SandboxTools, sandbox
from handclasp.model.errors import HandclaspError
from handclasp.model.intent import SiteIntent
from handclasp.model.plan import Expect, Plan, ProbeStep, Who
from handclasp.model.probe import ProbeRequest, ProbeResult
from handclasp.nginxconf.render_upstream import SPOKEN_HEADERS
from handclasp.nginxconf.render_upstream_tls import SECURE, parts
from handclasp.nginxconf.sandbox import SandboxPlan, UpstreamStub
from handclasp.nginxconf.sandbox_survey import absolute
from handclasp.nginxconf.sandbox_tables import FILES
from handclasp.nginxconf.tree import ConfigTree, walk
from handclasp.pki.serials import format_serial
from handclasp.pki.twin import OCTETS, empty_crl, key_from, pem_of_key, twin

_HEARD = b"upstream"
_SECRETS = ("_certificate_key", "_password_file", "_session_ticket_key")
_SERIAL = b"X-Client-Serial: "


def rehearsal_steps(sites: Iterable[SiteIntent], cast: Cast) -> tuple[ProbeStep, ...]:
    """What is asked on the copy: at each site that passes requests on, and at each of its paths."""
    return tuple(step for site in sites if site.upstream and not site.stream for step in _of_site(site, cast))


def _of_site(site: SiteIntent, cast: Cast) -> Iterator[ProbeStep]:
    name = site.server_names[0]
    for zone in site.zones:
        at = f"{name}{zone.path if zone.path != '/' else ''}, forged headers"
        for member in cast.of(site, zone.allow)[:1]:
            label, who = f"{at} with {member.name}'s certificate, on a copy", key(member)
            yield ProbeStep(name=label, expect=Expect.CLEARED, site=name, who=Who.GOOD, identity=who, path=zone.path)
        yield ProbeStep(name=f"{at} without certificate, on a copy", expect=Expect.CLEARED, site=name, path=zone.path)


def rehearse(gear: Gear, instance: Instance, sites: tuple[SiteIntent, ...], cast: Cast, plan: Plan) -> tuple[Proven, ...]:
    """Make the steps of the plan's rehearsal on a copy that is gone afterwards.

    The copy is run by the nginx of this machine, also where another one is reached by commands: its text is what is tried, and
    what is not known here is left out. A copy that cannot run says nothing against the configuration: then each step says why
    nothing was shown.
    """
    steps, tools = plan.rehearsal, gear.sandbox
    if not steps or tools is None:
        return ()
    known = {site.server_names[0]: site for site in sites}
    mark = f"forged-{tools.entropy.bytes(8).hex()}"
    try:
        copy = _copy(tools, gear, instance, sites, plan)
        at = MappedFiles(tools.files, gear.control.mounts).outside(f"{instance.notes}/rehearsal")
        with sandbox(tools, copy, at=at) as running:
            crashpoint("apply.rehearsing")
            if not running.runs:
                return _not_shown(steps, running.test.output.strip() or "nginx does not accept the copy")
            shown = tuple(_shown(running, known[step.site], step, cast, mark) for step in steps)
            by = f", by nginx {tools.nginx.build().version} of this machine"
            return tuple(replace(one, seen=one.seen + by) for one in shown) if gear.control.foreign else shown
    except HandclaspError as error:
        return _not_shown(steps, str(error))


def _not_shown(steps: tuple[ProbeStep, ...], why: str) -> tuple[Proven, ...]:
    return tuple(Proven(step=step, ok=True, seen=f"not shown: {why}") for step in steps)


def _shown(running: RunningSandbox, site: SiteIntent, step: ProbeStep, cast: Cast, mark: str) -> Proven:
    address, port = site.listen[0]
    host = site.server_names[0].replace("*", "handclasp-probe", 1)
    member = next((one for one in cast.good if key(one) == step.identity), None)
    request = ProbeRequest(
        address=LOOPBACK.get(address, address).strip("[]"),
        port=port,
        sni=host,
        host=host,
        path=step.path,
        identity=member.holds if member else None,
        headers=tuple(_forged(mark)),
    )
    ok, words = _heard(running.ask(request).result, mark, member)
    return Proven(step=step, ok=ok, seen=words)


def _forged(mark: str) -> Iterator[tuple[str, str]]:
    """Every header that tells who the client is, also as applications that read X_Client_DN for X-Client-DN would have it."""
    for name in SPOKEN_HEADERS:
        yield name, mark
        yield name.replace("-", "_"), mark


def _heard(seen: ProbeResult, mark: str, member: Member | None) -> tuple[bool, str]:
    lines = seen.body.splitlines()
    if lines[:1] != [_HEARD]:
        what = seen.title or seen.status or seen.alert or seen.error
        return True, f"the service heard nothing: {what}" if member is None else f"not shown: the copy answered {what}"
    believed = [line.partition(b":")[0].decode() for line in lines if mark.encode() in line]
    if believed:
        return False, f"the service was told the client's own {', '.join(believed)}"
    serial = next((line.removeprefix(_SERIAL).decode() for line in lines if line.startswith(_SERIAL)), "")
    if serial != (format_serial(member.serial) if member else ""):
        return False, f"the service was told the serial {serial or 'of nobody'}"
    return True, "the service was told nothing of it"


def _copy(tools: SandboxTools, gear: Gear, instance: Instance, sites: tuple[SiteIntent, ...], plan: Plan) -> SandboxPlan:
    planned = Planned(gear.files, plan.files)
    tree = read_config_files(planned, instance.config, instance.prefix).tree
    files = {path: planned.read(path) for path in _material(tree) if planned.exists(path)}
    stubs: dict[str, UpstreamStub] = {}
    lists: dict[str, list[bytes]] = {}
    echo = key_from(tools.entropy.bytes(OCTETS))
    for site in sites:
        upstream = site.upstream
        if upstream is None or upstream.trusted_certificate is None:
            continue
        scheme, host, port = parts(upstream.url)
        if scheme not in SECURE:
            continue
        certificate = twin(None, echo, (upstream.name or host,))
        stubs[f"{host}:{port}"] = UpstreamStub(chain=certificate, key=pem_of_key(echo))
        # Trust is not what is rehearsed here: the echo is believed, by this site and in the copy.
        lists.setdefault(absolute(tree, upstream.trusted_certificate), []).append(certificate)
        if upstream.crl is not None:
            lists.setdefault(absolute(tree, upstream.crl), []).append(empty_crl(certificate, echo))
    files.update((path, b"".join(blocks)) for path, blocks in lists.items())
    return SandboxPlan(tree=tree, files=files, upstreams=stubs, echo=SPOKEN_HEADERS, hears_all=True)


def _material(tree: ConfigTree) -> Iterator[str]:
    """The files that decide a handshake: no private key among them, the copy has its own."""
    for item, _ in walk(tree.directives):
        if item.name in FILES and item.args and "$" not in item.args[0] and not item.name.endswith(_SECRETS):
            yield absolute(tree, item.args[0])
