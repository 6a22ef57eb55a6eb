"""Where sites are put: the private nginx of a home, or a configuration that was there before and is somebody else's."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from handclasp.app.apply_state import Gear, Instance
from handclasp.app.home import Home, Layout
from handclasp.app.mapped import MappedFiles
from handclasp.app.read_config import read_config
from handclasp.app.site import LOG_FOLDER, SiteOrder
from handclasp.model.control import PLAIN, NginxControl
from handclasp.model.errors import InputError, PolicyError
from handclasp.nginxconf.include import is_pattern, matching
from handclasp.nginxconf.parse import parse
from handclasp.nginxconf.render_main import STREAMS
from handclasp.nginxconf.render_words import server_name
from handclasp.nginxconf.tree import Document, decode, named
from handclasp.ports.files import FileReader

_ADOPTED = "adopted_configurations"
"""Setting: JSON list of the places outside the home, so that a revocation reaches them."""

_NO_FILE, _NO_FOLDER = frozenset({"", "off", "stderr"}), ("syslog:", "memory:", "/dev/", "/proc/")
"""Targets of a log that tell of no folder for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One nginx and the folders for what Handclasp adds to it.

    `own`: the main file is ours too, and so is everything in the folders. Elsewhere only files named handclasp-* are ours.
    `streams`: the folder for sites that pass bytes, "" where stream{} includes none; their names end in `stream_ending`.
    """

    instance: Instance
    sites: str
    pki: str
    logs: str
    own: bool
    control: NginxControl = PLAIN
    streams: str = ""
    stream_ending: str = ".stream"

    @property
    def memory(self) -> str:
        """The list of its sites."""
        return posixpath.join(self.instance.prefix if self.own else self.pki, "sites.json")

    @property
    def crl(self) -> str:
        """What its ssl_crl names."""
        return posixpath.join(self.pki, "crl.pem")

    def site(self, order: SiteOrder) -> str:
        """The file of one site."""
        folder, ending = (self.streams, self.stream_ending) if order.intent.stream else (self.sites, ".conf")
        return posixpath.join(folder, f"{'' if self.own else 'handclasp-'}{file_name(order)}{ending}")

    def log_folder(self, order: SiteOrder) -> str:
        """Where the logs of one site go."""
        return order.logs or self.logs

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders with files of ours, each once."""
        return tuple(dict.fromkeys(folder for folder in (self.sites, self.streams, self.pki) if folder))

    def ours(self, path: str) -> bool:
        """Whether a file in one of the folders is ours to remove."""
        name = posixpath.basename(path)
        return not name.startswith(".") and (self.own or name.startswith("handclasp-") or path.startswith(f"{self.pki}/"))


def kept_in_rollback(pki: str) -> Callable[[str, bool], bool]:
    """What a rollback leaves as it is today, in a folder of ours: CRLs, CAs, certificates and keys (see `apply.roll_back`).

    Trust, revocations and keys are not configuration: going back to a CA that was dropped, or to a key that was replaced
    because it was stolen, would be a hole. Keys that nobody needs then are taken away with their site. Nor is it configuration
    who is who (app.follow): whoever was revoked since stays unknown.
    """
    return lambda path, then: (
        path == f"{pki}/crl.pem" or (then and path.startswith(f"{pki}/") and path.endswith((".pem", ".key", "/people.conf")))
    )


def home_instance(layout: Layout) -> Instance:
    """The nginx of a home: never the system's."""
    prefix = layout.at("nginx")
    return Instance(prefix=prefix, config=posixpath.join(prefix, "nginx.conf"))


def private_place(home: Home) -> Place:
    """Where the nginx of this home has its sites."""
    instance = home_instance(home.layout)
    prefix = instance.prefix
    return Place(
        instance=instance,
        sites=f"{prefix}/sites",
        pki=f"{prefix}/pki",
        logs=f"{prefix}/logs",
        own=True,
        streams=f"{prefix}/{STREAMS}",
    )


def adopted_place(gear: Gear, folder: str, *, prefix: str) -> Place:
    """A configuration in `folder` (nginx.conf and what it includes), and the folder its http{} includes sites from.

    Raises:
        InputError: it cannot be read.
        PolicyError: neither http{} nor stream{} includes a folder that a site could go into.
    """
    found = place_beside(gear, Instance(prefix=prefix, config=posixpath.join(folder, "nginx.conf")))
    if found.sites == found.pki and not found.streams:
        raise no_folder(found)
    return found


def no_folder(place: Place) -> PolicyError:
    """What is said where http{} includes no folder."""
    return PolicyError(
        "http{} includes no folder that a site could be put into",
        where=place.instance.config,
        hint=f"add inside http{{}}:   include {place.instance.folder}/conf.d/*.conf;",
    )


def place_beside(gear: Gear, instance: Instance) -> Place:
    """The folder of ours beside a configuration of somebody else, also when there is none for sites (`sites` is `pki` then).

    Raises:
        InputError: it cannot be read.
    """
    tree = read_config(gear.files, instance.config, instance.prefix)
    own = posixpath.join(instance.folder, "handclasp")
    document = parse(decode(gear.files.read(instance.config)), instance.config)
    sites = next(_included(instance, document, "http", (".conf",)), (own, ""))[0]
    documents = (parse(source.text, path) for path, source in tree.sources.items())
    streams, ending = next(
        (found for each in documents for found in _included(instance, each, "stream", (".stream", ".conf"))), ("", ".stream")
    )
    logs = _logs(gear, instance, document)
    return Place(instance=instance, sites=sites, pki=own, logs=logs, own=False, streams=streams, stream_ending=ending)


def _logs(gear: Gear, instance: Instance, document: Document) -> str:
    """Where this nginx has its logs: what it writes into today, it will be able to write into."""
    http = tuple(item for block in named(document.directives, "http") for item in block.block or ())
    for item in (*named(document.directives, "error_log"), *named(http, "error_log"), *named(http, "access_log")):
        target = item.args[0] if item.args else ""
        if target in _NO_FILE or target.startswith(_NO_FOLDER) or "$" in target:
            continue
        return posixpath.dirname(posixpath.join(instance.prefix, target))
    return posixpath.dirname(gear.nginx.build().access_log or "") or LOG_FOLDER


def _included(instance: Instance, document: Document, kind: str, endings: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The folders that a block of this kind includes files of ours from, with the ending that they must have."""
    for block in named(document.directives, kind):
        for include in named(block.block, "include"):
            pattern = posixpath.join(instance.folder, include.args[0]) if include.args else ""
            folder = posixpath.dirname(pattern)
            for ending in endings if is_pattern(pattern) else ():
                if matching(pattern, (f"{folder}/handclasp-site{ending}",)):
                    yield folder, ending


def commanded_place(gear: Gear, folder: str, control: NginxControl) -> Place:
    """As `adopted_place`, for an nginx that is reached by `control`; `folder` is as it is here.

    Paths of the place are those that nginx sees. Raises as `adopted_place`.
    """
    files = MappedFiles(gear.files, control.mounts)
    there = files.inside(folder)
    own = replace(gear, files=files, nginx=gear.commanded(control))
    # Relative paths, those of modules above all, are looked for below the prefix: of its own main file, the one compiled in.
    build = own.nginx.build()
    prefix = build.prefix if build.config == posixpath.join(there, "nginx.conf") else None
    return replace(adopted_place(own, there, prefix=prefix or there), control=control)


def known_place(home: Home, folder: str) -> Place | None:
    """The place that something was put into before, by the folder of its configuration as it is here, if commands reach it."""
    for place in adopted_places(home):
        here = MappedFiles(home.files, place.control.mounts).outside(place.instance.folder)
        if here == folder and place.control != PLAIN:
            return place
    return None


def gear_at(gear: Gear, place: Place) -> Gear:
    """The ports for a place: its files by the paths that its nginx sees, and that nginx itself."""
    if place.control == gear.control:
        return gear
    control = place.control
    return replace(gear, files=MappedFiles(gear.files, control.mounts), nginx=gear.commanded(control), control=control)


def adopted_places(home: Home) -> tuple[Place, ...]:
    """Every place outside the home that sites were put into."""
    return msgspec.json.decode(home.store.value(_ADOPTED) or "[]", type=tuple[Place, ...])


def note_place(home: Home, place: Place) -> None:
    """Remember a place outside the home, before anything is put there."""
    if place.own or place in adopted_places(home):
        return
    with home.changing("noting a configuration"), home.store.begin() as transaction:
        others = tuple(one for one in adopted_places(home) if one.instance != place.instance)
        transaction.set_value(_ADOPTED, msgspec.json.encode((*others, place)).decode())


def remembered(home: Home, place: Place | None = None) -> tuple[SiteOrder, ...]:
    """The sites that are applied in a place (None: the private one); InputError when the note of them is damaged."""
    where = place or private_place(home)
    return listed(MappedFiles(home.files, where.control.mounts), where)


def listed(files: FileReader, place: Place) -> tuple[SiteOrder, ...]:
    """The sites that the note in a place names; InputError when it is damaged."""
    path = place.memory
    if not files.exists(path):
        return ()
    try:
        return msgspec.json.decode(files.read(path), type=tuple[SiteOrder, ...])
    except msgspec.DecodeError as error:
        raise InputError(f"is not the list of sites that Handclasp wrote: {error}", where=path) from error


def file_name(order: SiteOrder) -> str:
    """A site's name as part of a file name."""
    return server_name(order.intent.server_names[0]).replace("*", "any")
