"""A variant as a person would bring it to a diagnosis: configuration, files, what is sent, and the error log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handclasp.lab.results import Result
from handclasp.lab.scenario import Variant, main_visit
from handclasp.lab.setup import Setup, pems
from handclasp.model.errors import InputError
from handclasp.model.evidence import ENCRYPTED, Evidence, Request, Seen, Wish
from handclasp.model.nginx import NginxBuild
from handclasp.model.verdict import Side
from handclasp.pki.private_key import is_encrypted, spki_of_private_key_pem
from handclasp.ports.bench import FOLDER
from handclasp.ports.stage import PORTS, Play, Reload, Visit

PREFIX = "/etc/nginx"
# Fixed numbers for people, where the stage takes free ports: TLS servers first, then origins, then the closed one.
_NUMBERS = ("443", "8443", "9443", "8444", "8445", "9")
_IN_FRONT = "@ORIGIN@"
"""Where visitors of the client's side come first when something stands before nginx under test."""
_CONNECTION = re.compile(r"#\d+: \*(\d+) ")
# Of an exhibit whose nginx runs with older files than those on disk.
_RUNNING_FOR, _CHANGED_AGO = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """`files` are below PREFIX, keys included; chain and key of the client are "" when it sends nothing; `log` holds lines.

    `request` is what was asked and `answer` what came back: the title of the page, or the bare status. `unwelcome`: the client
    is one that should be refused. `seen` is the handshake with the address that visitors use, where that is not nginx's own.
    `reloaded`: files were replaced while nginx ran; `newer` are those it has not read yet.
    """

    label: str
    side: Side
    files: dict[str, bytes]
    client_chain: str
    client_key: str
    origin_chain: str
    server: str | None
    uri: str
    log: tuple[str, ...]
    request: Request | None = None
    answer: str | None = None
    unwelcome: bool = False
    seen: tuple[Seen, ...] = ()
    reloaded: bool = False
    newer: tuple[str, ...] = ()

    def evidence(self, *, at: datetime, build: NginxBuild | None = None, with_log: bool = True) -> Evidence:
        """The same as a diagnosis takes it: private keys only as the public keys they hold."""
        keys = {path: content for path, content in self.files.items() if path.endswith(".key")}
        words = tuple(line for content in self.files.values() if b"-----" not in content for line in content.splitlines())
        return Evidence(
            at=at,
            root=f"{PREFIX}/nginx.conf",
            prefix=PREFIX,
            files={path: content for path, content in self.files.items() if not path.endswith(".key")},
            keys={path: spki for path, content in keys.items() if (spki := _public_half(content, path, words))},
            unreadable={path: ENCRYPTED for path, content in keys.items() if is_encrypted(content)},
            build=build,
            side=self.side,
            server=self.server,
            location=self.uri,
            presented=self.client_chain.encode() if self.side is Side.CLIENT else None,
            upstream_chain=self.origin_chain.encode() if self.side is Side.UPSTREAM else None,
            log_lines=self.log if with_log else (),
            request=self.request,
            answer=self.answer if with_log else None,
            seen=self.seen if with_log else (),
            wish=Wish.REFUSED if self.unwelcome else Wish.ADMITTED,
            loaded=at - _RUNNING_FOR if self.reloaded else None,
            changed=dict.fromkeys(self.newer, at - _CHANGED_AGO),
        )


def _public_half(key: bytes, path: str, passwords: tuple[bytes, ...]) -> bytes | None:
    """What belongs to a private key; None when it is none, or no password at hand opens it."""
    try:
        return spki_of_private_key_pem(key, where=path, passwords=passwords)
    except InputError:
        return None


def exhibit(variant: Variant, results: Sequence[Result] = (), build: str | None = None) -> Exhibit:
    """The exhibit of a variant; its log lines are those recorded on `build` (None: any), if they were."""
    setup = variant.make()
    play = setup.play(impostor=False)
    visit = next(act for act in play.acts if isinstance(act, Visit) and act.name == main_visit(setup))
    disk, newer, reloaded = _on_disk(play, visit)
    seen = next((result for result in results if _recorded(result, variant) and build in (None, result.build)), None)
    return Exhibit(
        label=variant.label,
        side=setup.side,
        files={f"{PREFIX}/{name}": _placed(content) for name, content in disk.items()},
        client_chain=visit.chain,
        client_key=visit.key,
        origin_chain=_origin_chain(setup),
        server=None,
        uri=visit.path,
        log=(*_since(seen.log, _before_reload(play, visit)), *_refusal(seen, setup)) if seen else (),
        request=_request(visit),
        answer=_answer(seen) if seen else None,
        seen=_seen(visit, seen) if seen else (),
        unwelcome=setup.unwelcome,
        reloaded=reloaded,
        newer=tuple(f"{PREFIX}/{name}" for name in newer),
    )


def _refusal(result: Result, setup: Setup) -> tuple[str, ...]:
    """Nginx's words at start where files alone do not show why: they are there, and not for it to read."""
    if not result.start or not setup.closed:
        return ()
    return tuple(line for line in result.start.splitlines() if "[emerg]" in line)


def _request(visit: Visit) -> Request:
    port = None if visit.port == _IN_FRONT else int(dict(zip(PORTS, _NUMBERS, strict=True))[visit.port])
    return Request(method=visit.method, plain=visit.plain, sni=None if visit.plain else visit.sni, host=visit.host, port=port)


def _seen(visit: Visit, result: Result) -> tuple[Seen, ...]:
    if visit.port != _IN_FRONT:
        return ()
    return (
        Seen(
            url=f"https://{visit.host}/", certificate=bool(visit.chain), sni=visit.sni is not None, asked=result.asked,
            tls="TLSv1.3", status=result.status, title=result.title,
        ),
    )  # fmt: skip


def _answer(result: Result) -> str | None:
    """The title of an error page, which begins with the status; where there is none, the status."""
    return result.title or (str(result.status) if result.status is not None else None)


def _on_disk(play: Play, until: Visit) -> tuple[dict[str, bytes], tuple[str, ...], bool]:
    """The files when that visit comes, those that nginx has not read, and whether any were replaced."""
    files, newer, reloaded = dict(play.subject), dict[str, None](), False
    for act in play.acts[: play.acts.index(until)]:
        if isinstance(act, Reload):
            files, reloaded = files | act.files, True
            newer = {} if act.taken else newer | dict.fromkeys(act.files)
    return files, tuple(newer), reloaded


def _before_reload(play: Play, until: Visit) -> int:
    """How many visits came before nginx last took new files: what it logged of them says nothing of how it runs now."""
    acts = play.acts[: play.acts.index(until)]
    last = max((at for at, act in enumerate(acts) if isinstance(act, Reload) and act.taken), default=0)
    return sum(isinstance(act, Visit) for act in acts[:last])


def _since(lines: tuple[str, ...], connections: int) -> tuple[str, ...]:
    """Without the lines of the first so many connections; nginx goes on counting when it reads new files."""
    return tuple(line for line in lines if not (found := _CONNECTION.search(line)) or int(found[1]) > connections)


def _recorded(result: Result, variant: Variant) -> bool:
    return (result.cause, result.form, result.kind, result.change) == (
        variant.scenario.cause,
        variant.form,
        variant.kind,
        variant.change,
    )


def _origin_chain(setup: Setup) -> str:
    conf = setup.play(impostor=False).origin.get("nginx.conf", b"")
    if setup.side is Side.CLIENT or b"@ORIGIN@ ssl" not in conf:
        return ""
    replaced = setup.origin_files.get("origin.pem")
    return replaced.decode() if replaced is not None else pems(setup.chain)


def unplaced(content: bytes) -> bytes:
    """The inverse of what makes a play's file an exhibit's: numbers and folder become marks again."""
    for mark, number in zip(PORTS, _NUMBERS, strict=True):
        content = re.sub(rb"(?<=127\.0\.0\.1:)" + number.encode() + rb"\b", mark.encode(), content)
    return content.replace(PREFIX.encode(), FOLDER.encode())


def _placed(content: bytes) -> bytes:
    for mark, number in zip(PORTS, _NUMBERS, strict=True):
        content = content.replace(mark.encode(), number.encode())
    return content.replace(FOLDER.encode(), PREFIX.encode())
