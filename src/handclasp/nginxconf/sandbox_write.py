"""Writes the copy: each directive as it was, or in the form that stays inside the sandbox."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from handclasp.nginxconf import sandbox_tables as tables
from handclasp.nginxconf.edit import spell
from handclasp.nginxconf.listen import listens
from handclasp.nginxconf.sandbox_survey import (
    PASSES,
    KeyPair,
    Socket,
    Target,
    absolute,
    block_targets,
    key_pairs,
    own_socket,
    parse_url,
    pass_target,
)
from handclasp.nginxconf.tree import ConfigTree, Directive, named

Lines = list[str]
_LITERAL = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)


@dataclass(slots=True)
class Writer:
    """One copy being written.

    `beside`: a second port for sockets that expect a PROXY line. `modules`: folder of each dynamic module that can be loaded.
    `present`: absolute paths of files and keys that are at hand. `twins`: paths of a certificate and key instead of those of a
    pair. `notes`: what was left out.
    """

    tree: ConfigTree
    prefix: str
    sockets: Mapping[Socket, int]
    stubs: Mapping[Target, int]
    drop: frozenset[str]
    keep_log_level: bool = False
    beside: Mapping[Socket, int] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    twins: dict[KeyPair, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    twin_of: dict[int, str] = field(default_factory=dict)
    stand_ins: dict[str, int] = field(default_factory=dict)

    def main(self, *, user: str | None, extra: list[str]) -> str:
        """The whole text; `extra` are servers of ours for http{}."""
        self._assign_twins()
        http = [line for block in named(self.tree.directives, "http") for line in self._http(block, extra)]
        stream = [line for block in named(self.tree.directives, "stream") for line in self._stream(block)]
        inner = [line for item in self.tree.directives if item.name not in tables.BLOCKS for line in self._item(item, ())]
        level = self._levels(self.tree.directives, "error")
        head = [f"user {user};"] if user else []
        head += self._modules(stream=bool(stream))
        head += ["worker_processes 1;", f"pid {self._at('run/nginx.pid')};", *level, "events { worker_connections 512; }"]
        return "\n".join([*head, *inner, *(http or self._bare(extra)), *stream]) + "\n"

    def _assign_twins(self) -> None:
        for pair, certificate, key in key_pairs(self.tree):
            twin = self.twins.get(pair)
            if twin:
                self.twin_of[id(certificate)], self.twin_of[id(key)] = twin

    def _modules(self, *, stream: bool) -> Lines:
        wanted = [item.args[0].rpartition("/")[2].removesuffix(".so") for item in named(self.tree.directives, "load_module")]
        if stream:
            wanted.append("ngx_stream_module")
        lines = []
        for name in dict.fromkeys(wanted):
            if name in tables.SAFE_MODULES and name in self.modules:
                lines.append(f"load_module {spell(self.modules[name] + '/' + name + '.so')};")
            elif name != "ngx_stream_module" or not stream:
                self.notes.append(f"load_module {name}: left out")
        return lines

    def _http(self, block: Directive, extra: list[str]) -> Lines:
        inner = self._block(block.block, (block,))
        upstreams = [f"upstream {name} {{ server 127.0.0.1:{port}; }}" for name, port in self.stand_ins.items()]
        return ["http {", *_indented([*self._defaults(), *self._levels(block.block), *inner, *upstreams, *extra]), "}"]

    def _bare(self, extra: list[str]) -> Lines:
        return ["http {", *_indented([*self._defaults(), *extra]), "}"]

    def _defaults(self) -> Lines:
        folders = [kind for kind in tables.TEMPORARY if f"{kind}_temp_path" not in self.drop]
        temporary = [f"{kind}_temp_path {self._at('run/' + kind)};" for kind in folders]
        return ["access_log off;", f"root {self._at('html')};", *temporary]

    def _stream(self, block: Directive) -> Lines:
        if "stream" in self.drop:
            self.notes.append("stream{}: this nginx has no stream module")
            return []
        return ["stream {", *_indented([*self._levels(block.block), *self._block(block.block, (block,))]), "}"]

    def _block(self, directives: tuple[Directive, ...], parents: tuple[Directive, ...]) -> Lines:
        return [line for item in directives for line in self._item(item, parents)]

    def _item(self, item: Directive, parents: tuple[Directive, ...]) -> Lines:
        """One directive as lines; [] when it is left out."""
        if item.name in self.drop or (item.name in tables.DROPPED) or tables.runs_code(item.name):
            if item.name not in tables.QUIET:
                self.notes.append(f"{item.name}: left out")
            return []
        if item.children is not None:
            return self._with_block(item, parents)
        special = _SPECIAL.get(item.name)
        if special is not None:
            return special(self, item, parents)
        if item.name in tables.FILES:
            return self._file(item)
        return [self._raw(item) + ";"]

    def _with_block(self, item: Directive, parents: tuple[Directive, ...]) -> Lines:
        inside = (*parents, item)
        if item.name in tables.DATA_BLOCKS:
            body = [self._raw(child) + ";" for child in item.block]
        elif item.name == "server" and len(parents) == 1:
            body = self._server(item, inside)
        elif item.name == "location":
            body = [*self._levels(item.block), *self._block(item.block, inside), *self._content(item)]
        elif item.name == "upstream":
            body = self._upstream(item, inside)
        else:
            body = self._block(item.block, inside)
        return [f"{self._raw(item)} {{", *_indented(body), "}"]

    def _server(self, item: Directive, inside: tuple[Directive, ...]) -> Lines:
        context = inside[0].name
        lines = [*self._levels(item.block), *self._block(item.block, inside)]
        if not named(item.block, "listen"):
            lines.insert(0, f"listen 127.0.0.1:{self.sockets[Socket(context, '*', 80)]};")
        if context == "http" and not named(item.block, "return"):
            lines += self._content(item)
        return lines

    def _content(self, block: Directive) -> Lines:
        """Any URI is answered with the one file there is, after access was checked; *_pass and return stay what they are."""
        if named(block.block, *PASSES, "return", "stub_status", "empty_gif"):
            return []
        if any(child.name == "try_files" and child.args[-1].startswith("@") for child in block.block):
            return []
        return ["try_files /index.html =404;"]

    def try_files(self, item: Directive, _: tuple[Directive, ...]) -> Lines:
        """A fallback to a named location stays, without the files before it."""
        # Files that are not there: the request goes where it goes for anything that is not a file.
        return [f"try_files /absent {spell(item.args[-1])};"] if item.args[-1].startswith("@") else []

    def listen(self, item: Directive, parents: tuple[Directive, ...]) -> Lines:
        """The same servers on loopback: sockets that were one stay one."""
        if "quic" in item.args:
            self.notes.append("listen ... quic: left out")
            return []
        options = [word for word in item.args[1:] if word in tables.LISTEN_OPTIONS]
        sockets = [Socket(parents[0].name, one.address, one.port) for one in listens(item.args, item.origin)]
        lines = [" ".join((f"listen 127.0.0.1:{self.sockets[socket]}", *options)) + ";" for socket in sockets]
        plain = [word for word in options if word != "proxy_protocol"]
        # A probe sends no PROXY line: it comes in by a second port of the same servers.
        beside = [self.beside[socket] for socket in sockets if socket in self.beside]
        return lines + [" ".join((f"listen 127.0.0.1:{port}", *plain)) + ";" for port in beside]

    def _upstream(self, item: Directive, inside: tuple[Directive, ...]) -> Lines:
        ports = {id(server): self._port(target) for server, target in block_targets(inside[0], item)}
        lines = []
        for child in item.block:
            if id(child) in ports:
                options = [word for word in child.args[1:] if not word.startswith(("resolve", "service=", "route=", "sid="))]
                lines.append(" ".join(("server", f"127.0.0.1:{ports[id(child)]}", *options)) + ";")
            else:
                lines += self._item(child, inside)
        return lines

    def _port(self, target: Target) -> int:
        inside = own_socket(target, tuple(self.sockets))
        return self.sockets[inside] if inside else self.stubs[target]

    def pass_on(self, item: Directive, parents: tuple[Directive, ...]) -> Lines:
        """The same request to a stub. An upstream{} keeps its name; its servers are replaced where they stand."""
        if not item.args:
            return [self._raw(item) + ";"]
        target = pass_target(item, parents)
        if target is None:
            return [self._raw(item) + ";"]
        url, port = parse_url(item.args[0]), self._port(target)
        scheme = f"{url.scheme}://" if url.scheme else ""
        if "$" in url.authority:
            self.notes.append(f"{item.name} {item.args[0]}: passed to a stand-in")
            default = "" if target.module in {"stream", "grpc"} else "http://"
            return [f"{item.name} {scheme or default}127.0.0.1:{port};"]
        rest = spell(scheme + "x" + url.rest).replace(scheme + "x", scheme + self._stand_in(parents[0].name, url.host, port), 1)
        return [f"{item.name} {rest};"]

    def _stand_in(self, context: str, host: str, port: int) -> str:
        """The host as it is, made an upstream{} of its own, so that $proxy_host and the name that is verified stay the same."""
        name = host.lower()
        usable = context == "http" and _LITERAL.fullmatch(name) and self.stand_ins.setdefault(name, port) == port
        return name if usable else f"127.0.0.1:{port}"

    def _file(self, item: Directive) -> Lines:
        """A directive whose argument is a file: the mirrored path, or that of a twin."""
        if id(item) in self.twin_of:
            return [f"{item.name} {self._at(self.twin_of[id(item)])};"]
        path = "".join(item.args[:1])
        if not path or path.startswith(("data:", "engine:", "store:", "$")):
            return [self._raw(item) + ";"]
        where = absolute(self.tree, path)
        if item.name in tables.OPTIONAL_FILES and where not in self.present:
            self.notes.append(f"{item.name}: left out, the file is not at hand")
            return []
        return [" ".join((item.name, self._at("root" + where), *(spell(word) for word in item.args[1:]))) + ";"]

    def _levels(self, directives: tuple[Directive, ...], default: str | None = None) -> Lines:
        """The error_log of a block: one, at the most talkative level of those there; in http{} and below only where one was."""
        if not self.keep_log_level:
            return [f"error_log {self._at('logs/error.log')} info;"] if default else []
        found = [_level(item) for item in named(directives, "error_log")]
        level = max(found, key=tables.LEVELS.index) if found else default
        return [f"error_log {self._at('logs/error.log')} {level};"] if level else []

    def _raw(self, item: Directive) -> str:
        text = item.source.text
        return " ".join(text[word.start : word.end] for word in item.words)

    def _at(self, path: str) -> str:
        return spell(f"{self.prefix}/{path}")


def _level(item: Directive) -> str:
    written = next((word for word in item.args[1:] if word in tables.LEVELS), "error")
    return "info" if written == "debug" else written


def _indented(lines: list[str]) -> Lines:
    return [f"    {line}" for line in lines]


_SPECIAL: Mapping[str, Callable[[Writer, Directive, tuple[Directive, ...]], Lines]] = {
    "listen": Writer.listen,
    "try_files": Writer.try_files,
    **dict.fromkeys(PASSES, Writer.pass_on),
}
