"""Hand-written configurations that `nginx adopt` made this CA's: from then on each revocation reaches them.

Two files of ours lie in the folder beside the main file. people.conf says who is who, where the configuration asks. crl.sha256
names the CRLs that this nginx was given last: those lie in the home, and this is how a run knows that a reload is still owed.
"""

import contextlib
import hashlib
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from handclasp.app.apply import Proven, Prover, Way, apply_plan
from handclasp.app.apply_cast import Cast, Member, cast_of
from handclasp.app.apply_edits import plan_edits
from handclasp.app.apply_place import Place
from handclasp.app.apply_proof import SiteProver, key, spoken
from handclasp.app.apply_site import Leaving, SitesApplied
from handclasp.app.apply_state import Gear, Instance, now
from handclasp.app.guarded import member_of
from handclasp.app.home import FOLLOWED, Home
from handclasp.app.read_config import read_config
from handclasp.app.register import may_enter
from handclasp.app.site import LOG_FOLDER
from handclasp.model.errors import Bug, InputError, PolicyError, WorldError
from handclasp.model.finding import FileEdit
from handclasp.model.intent import SiteIntent, UpstreamIntent
from handclasp.model.nginx import EffectiveConfig, NginxVersion, VerifyClient
from handclasp.model.plan import Expect, Plan, ProbeStep, Who
from handclasp.model.probe import TlsVersion
from handclasp.nginxconf.effective import effective
from handclasp.nginxconf.people import people_map
from handclasp.nginxconf.select import select_server, sockets
from handclasp.nginxconf.tree import ConfigTree
from handclasp.verdict.predict import DEFAULT_VERSION

FOLDER = "handclasp"
"""Beside the main file: what Handclasp writes into a configuration that is somebody else's."""

_MOST_GOOD = 5
"""So many clients are asked for one that is let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One configuration, and the names of its servers that were adopted."""

    instance: Instance
    servers: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where what is ours in it lies; it has no sites of ours."""
        own = posixpath.join(self.instance.folder, FOLDER)
        return Place(instance=self.instance, sites=own, pki=own, logs=LOG_FOLDER, own=False)


class StrayedError(PolicyError):
    """A configuration was adopted once, and uses nothing of ours any more."""


def people_file(folder: str) -> str:
    """Who is who, for the configuration in a folder."""
    return posixpath.join(folder, FOLDER, "people.conf")


def followed(home: Home) -> tuple[Followed, ...]:
    """Every configuration that was adopted."""
    return msgspec.json.decode(home.store.value(FOLLOWED) or "[]", type=tuple[Followed, ...])


def forget(home: Home, config: str, server: str) -> bool:
    """No revocation goes to this server any more; whether any did."""
    with home.changing("forgetting a configuration"):
        before = followed(home)
        kept = tuple(_without(one, server) if one.instance.config == config else one for one in before)
        _save(home, tuple(one for one in kept if one.servers))
    return kept != before


@contextlib.contextmanager
def following(home: Home, gear: Gear, instance: Instance, server: str) -> Iterator[None]:
    """While a server is adopted: it is remembered before anything is changed, and forgotten again where nothing became ours."""
    known = next((one for one in followed(home) if one.instance == instance), None)
    new = known is None or server not in known.servers
    if new:
        with home.changing("noting a configuration"):
            others = tuple(one for one in followed(home) if one.instance.config != instance.config)
            _save(home, (*others, Followed(instance=instance, servers=(*(known.servers if known else ()), server))))
    stays = False
    try:
        yield
        stays = _is_ours(home, instance, _read(gear, instance))
    finally:
        if new and not stays:
            forget(home, instance.config, server)


def sites_of(gear: Gear, one: Followed) -> dict[str, SiteIntent]:
    """Its adopted servers as far as a proof can know them, by name; {} where the files cannot be read now."""
    if not gear.files.exists(one.instance.config):
        return {}
    try:
        return _sites(one, effective(_read(gear, one.instance), _version(gear)))
    except InputError:
        return {}  # whoever applies something there says what is wrong


def _version(gear: Gear) -> NginxVersion:
    """Of the nginx: it says which versions of TLS a server speaks by default, and so which are asked."""
    try:
        return gear.nginx.build().version
    except WorldError:
        return DEFAULT_VERSION  # where no nginx can be run none answers, and a revocation is published all the same


def apply_followed(
    home: Home, gear: Gear, one: Followed, *, leaving: Leaving, way: Way, wait: Callable[[], None]
) -> SitesApplied:
    """Give an adopted nginx the CRLs and the people of today, and prove that revoked clients are refused there.

    `wait` is called when nobody else changes this nginx.

    Raises:
        StrayedError: the configuration is gone, or uses nothing of ours.
        others as `apply.apply_plan`.
    """
    if not gear.files.exists(one.instance.config):
        raise StrayedError("was adopted, and is gone", where=one.instance.config, hint=_forgetting(one))
    work = SitesApplied()
    casts: list[Cast] = []

    def make_plan() -> Plan:
        wait()
        with home.changing("planning"):
            if leaving.publish is not None:
                leaving.publish()
            casts.append(cast_of(home, leaving=leaving.serials))
            plan = _files(home, gear, one)
        work.prover = _prover(gear, sites_of(gear, one), casts[-1], leaving)
        serving = gear.nginx.running(prefix=one.instance.prefix, config=one.instance.config)
        return replace(plan, probes=tuple(_steps(work.prover)) if serving else ())

    def prover(_plan: Plan) -> Prover:
        if work.prover is None:
            raise Bug("a plan was made without a prover")
        return work.prover

    work.applied = apply_plan(gear, one.instance, make_plan, prover, way)
    return work


def proof_of(home: Home, gear: Gear, one: Followed) -> tuple[Proven, ...]:
    """What revoked clients of the home, and good ones, get at its servers now."""
    prover = _prover(gear, sites_of(gear, one), cast_of(home), Leaving())
    return prover.after(tuple(_steps(prover)))


def _files(home: Home, gear: Gear, one: Followed) -> Plan:
    tree, folder = _read(gear, one.instance), one.instance.folder
    if not _is_ours(home, one.instance, tree):
        raise StrayedError(
            "was adopted, and asks neither our CRLs nor our people any more", where=tree.root, hint=_forgetting(one)
        )
    crl = home.layout.crl
    wanted = {f"{folder}/{FOLDER}/crl.sha256": f"{hashlib.sha256(home.files.read(crl)).hexdigest()}  {crl}\n"}
    if people_file(folder) in tree.sources:
        wanted = {people_file(folder): people_map(member_of(record) for record in may_enter(home)), **wanted}
    edits = (FileEdit(path=path, before=now(gear.files, path), after=text.encode()) for path, text in wanted.items())
    return plan_edits(gear, tuple(edit for edit in edits if edit.before != edit.after))


def _prover(gear: Gear, sites: dict[str, SiteIntent], cast: Cast, leaving: Leaving) -> SiteProver:
    made = SiteProver(door=gear.probe, sites=sites, cast=cast, at=gear.control.probe_at)
    if leaving.seen is not None:
        made.sessions.update(leaving.seen.sessions)
        made.let_in.update(leaving.seen.let_in)
    return made


def _steps(prover: SiteProver) -> Iterator[ProbeStep]:
    """The probes. Who may enter is the author's rule: a good client is one that is let in now."""
    for site, intent in prover.sites.items():
        for tls in spoken(intent):
            for member in prover.cast.good[:_MOST_GOOD]:
                step = _step(site, member, Who.GOOD, tls)
                if prover.after((step,))[0].ok:
                    yield step
                    break
            for member in prover.cast.revoked:
                yield _step(site, member, Who.REVOKED, tls)
                yield _step(site, member, Who.REVOKED, tls, resumed=True)


def _step(site: str, member: Member, who: Who, tls: TlsVersion, *, resumed: bool = False) -> ProbeStep:
    label = f"{site}, {member.name}{' (revoked)' if who is Who.REVOKED else ''} {'resumed' if resumed else 'fresh'}, {tls}"
    expect = Expect.ADMITTED if who is Who.GOOD else Expect.REFUSED
    return ProbeStep(name=label, expect=expect, site=site, who=who, identity=key(member), tls=tls, resumed=resumed)


def _sites(one: Followed, config: EffectiveConfig) -> dict[str, SiteIntent]:
    """Nobody is on their lists: whom the author lets in is not known, so no session from before is missed."""
    found: dict[str, SiteIntent] = {}
    for name in one.servers:
        for socket in sockets(config):
            if socket.context != "http" or not socket.listen.ssl or socket.listen.quic or socket.listen.proxy_protocol:
                continue
            server = select_server(config, socket.address, socket.port, name)
            if server is None or server.verify_client.value is VerifyClient.OFF or socket.address.startswith("unix:"):
                continue
            listen = (*(found[name].listen if name in found else ()), (socket.address, socket.port))
            found[name] = SiteIntent(
                server_names=(name,),
                listen=listen,
                upstream=UpstreamIntent(url="http://127.0.0.1"),
                allow=(),
                tls="own",
                protocols=server.protocols.value,
            )
    return found


def _is_ours(home: Home, instance: Instance, tree: ConfigTree) -> bool:
    """Whether a configuration asks our people, or reads our CRLs."""
    if people_file(instance.folder) in tree.sources:
        return True
    return any(server.crl.value == home.layout.crl for server in effective(tree, DEFAULT_VERSION).servers)


def _read(gear: Gear, instance: Instance) -> ConfigTree:
    return read_config(gear.files, instance.config, instance.prefix)


def _without(one: Followed, server: str) -> Followed:
    return replace(one, servers=tuple(name for name in one.servers if name != server))


def _save(home: Home, known: tuple[Followed, ...]) -> None:
    with home.store.begin() as transaction:
        transaction.set_value(FOLLOWED, msgspec.json.encode(known).decode())


def _forgetting(one: Followed) -> str:
    server, config = one.servers[0], one.instance.config
    return f"if that is as it should be: handclasp nginx adopt {server} --config {config} --forget"
