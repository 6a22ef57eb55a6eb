"""Evidence without secrets. What decides a handshake is kept; of the rest, what may be a secret is not.

A bug report is read by strangers, and nobody can list every name that a secret goes by. So values are not judged by their names
alone: literal values of directives that carry values (headers, variables, parameters, `env`) go unless they are plain words of
a protocol; comments and program text go altogether; tokens go from addresses, in the configuration and in log lines.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

from handclasp.app.redaction_text import GONE, looks_random, public_part, scrubbed, suspicious
from handclasp.model.evidence import Evidence
from handclasp.nginxconf.dump import is_dump, join_dump, split_dump
from handclasp.nginxconf.edit import TextEdit, edited, rename, replace_argument
from handclasp.nginxconf.tree import Directive, Source, decode, encode, walk
from handclasp.verdict.predict import Stage

# Settings of TLS and of the structure of a configuration: names of files, of servers, of protocols.
_KEPT = re.compile(
    r"(?:\w+_)?ssl_\w+|ssl|listen|server_name|include|location|server|http|stream|events|upstream|error_log|access_log|pid|user"
    r"|load_module|resolver|error_page|http2|http3|\w+_pass|root|alias|try_files|index|types|satisfy|allow|deny|internal|limit_(?:req|conn)\w*"
)
_VALUES = re.compile(
    r"(?:proxy|grpc)_set_header|add_header|add_trailer|(?:fastcgi|uwsgi|scgi)_param|set|env|(?:perl|js)_set|js_var|sub_filter"
    r"|secure_link\w*|auth_jwt\w*|userid\w*|return|rewrite|log_format|proxy_cookie\w*|proxy_pass_request\w*|default_type"
)
_PROGRAM = re.compile(r"\w+_by_lua|perl\w*|js_content")
_VARIABLES = re.compile(r"(?:\$\{\w+\}|\$\w+|[\s:;,/=-])*")
_PLAIN = re.compile(r"[A-Z]{1,12}|[a-z]{1,10}|-?\d{1,5}[a-z]?|/(?:[\w./-]|\$\w+|\$\{\w+\})*|(?:\w+/[\w.+-]+)", re.ASCII)
_WORDS = frozenset({
    "", "close", "upgrade", "keep-alive", "default", "always", "break", "last", "permanent", "redirect", "https", "http",
    "websocket", "identity", "gzip", "on", "off", "any", "all", "none", "nosniff", "deny", "sameorigin",
})  # fmt: skip
_OF_REQUEST = re.compile(r"\$\{?(?:http|arg|cookie|sent_http|upstream_http)_\w+|\$\{?(?:args|query_string|remote_passwd)")
_TABLE_WORDS = frozenset({"default", "hostnames", "volatile", "include", "ranges", "proxy", "delete"})
_SHORT = 4
_PLAIN_ENTRY = re.compile(r"\$\w+|\d{1,3}|[a-z_]{1,8}|")
_COMMENT = re.compile(r"#[^\n]*")


def redacted(evidence: Evidence) -> Evidence:
    """The same without secrets, as far as they can be told."""
    files = {path: public_part(content) if content else content for path, content in evidence.files.items()}
    return replace(
        evidence,
        files=files | _configuration(evidence),
        candidates={path: public_part(content) for path, content in evidence.candidates.items()},
        presented=public_part(evidence.presented) if evidence.presented else evidence.presented,
        upstream_chain=public_part(evidence.upstream_chain) if evidence.upstream_chain else evidence.upstream_chain,
        log_lines=tuple(map(scrubbed, evidence.log_lines)),
        location=scrubbed(evidence.location),
        answer=scrubbed(evidence.answer) if evidence.answer else evidence.answer,
        seen=tuple(
            replace(one, url=scrubbed(one.url), error=scrubbed(one.error) if one.error else None) for one in evidence.seen
        ),
    )


def _configuration(evidence: Evidence) -> dict[str, bytes | None]:
    """The files of the configuration, or the dump, by path."""
    if evidence.root is None:
        return {}
    tree = Stage(evidence).tree
    edits = [edit for item, parents in walk(tree.directives) for edit in _of_directive(item, parents)]
    for source in tree.sources.values():
        edits += _comments(source, tree.directives)
    texts = {path: source.text for path, source in tree.sources.items()} | edited(edits)
    content = evidence.files.get(evidence.root) or b""
    if is_dump(decode(content)):
        return {evidence.root: join_dump({path: encode(texts.get(path, "")) for path in split_dump(decode(content))})}
    return {path: encode(text) for path, text in texts.items() if path in evidence.files}


def _comments(source: Source, directives: tuple[Directive, ...]) -> Iterator[TextEdit]:
    """Every comment goes, and every Lua block's text; the lines stay where they are."""
    taken: dict[tuple[int, int], None] = {}
    for item, _ in walk(directives):
        if item.source is source:
            taken.update(((word.start, word.end), None) for word in item.words)
            if item.body is not None:
                taken[item.terminator + 1, item.close] = None
                yield TextEdit(source, item.terminator + 1, item.close, "\n" * item.body.count("\n"))
    at = 0
    for start, end in (*sorted(taken), (len(source.text), len(source.text))):
        for found in _COMMENT.finditer(source.text, at, start):
            yield TextEdit(source, found.start(), found.end(), "#")
        at = end


def _of_directive(item: Directive, parents: tuple[Directive, ...]) -> Iterator[TextEdit]:
    table = parents[-1] if parents and parents[-1].name in {"map", "geo", "split_clients"} else None
    plain = len(item.name) <= _SHORT or item.name in _TABLE_WORDS or _is_network(item.name)
    if table and _OF_REQUEST.search(" ".join(table.args)) and not plain:
        # a key of the table is what a client must send: a token, perhaps
        yield from rename(item, f"{'~' if item.name.startswith('~') else ''}{GONE}-{item.start}")
    wanted = _table(item, table) if table else _arguments(item)
    for number, (old, new) in enumerate(zip(item.args, wanted, strict=True)):
        if old != new:
            yield from replace_argument(item, number, new)


def _is_network(key: str) -> bool:
    """Whether an entry of a table is an address or a network, which no client must know."""
    try:
        ip_network(key, strict=False)
    except ValueError:
        return False
    return not key.isdecimal()


def _arguments(item: Directive) -> tuple[str, ...]:
    """The arguments of a directive, or of the opening line of a block, as they may be shown."""
    args = item.args
    if _PROGRAM.fullmatch(item.name) and item.children is None:
        return tuple(GONE for _ in args)
    if item.name == "if":
        return _condition(args)
    if _KEPT.fullmatch(item.name) or item.children is not None:
        return tuple(map(scrubbed, args))
    if _VALUES.fullmatch(item.name):
        return _values(item.name, args)
    named = suspicious(item.name) or any(map(suspicious, args))
    return tuple(GONE if _doubtful(one) and (named or looks_random(one)) else scrubbed(one) for one in args)


def _values(name: str, args: tuple[str, ...]) -> tuple[str, ...]:
    if name == "env":
        return tuple(f"{one.partition('=')[0]}={GONE}" if "=" in one else one for one in args)
    if args[:1] and args[0].lower() == "host":
        return tuple(map(scrubbed, args))
    first = 1 if len(args) > 1 else 0  # the name of the header, the variable, the status
    return (*args[:first], *(_literal(one, suspicious=any(map(suspicious, args[:first]))) for one in args[first:]))


def _literal(value: str, *, suspicious: bool) -> str:
    """A value: variables stay, and the words that protocols use; in a text with both, the text goes."""
    if value.lower() in _WORDS or _VARIABLES.fullmatch(value):
        return value
    if not suspicious and (_PLAIN.fullmatch(value) or "://" in value):
        return scrubbed(value)
    return re.sub(r"(\$\{\w+\}|\$\w+)|[^$\s]+", lambda found: found[1] or GONE, value) if "$" in value else GONE


def _doubtful(value: str) -> bool:
    return value.lower() not in _WORDS and not _VARIABLES.fullmatch(value) and not re.fullmatch(r"\d+[a-z]?|/\S*", value)


def _condition(args: tuple[str, ...]) -> tuple[str, ...]:
    """What an `if` compares something of the request with may be a token; what it compares a certificate with is not."""
    if not _OF_REQUEST.search(" ".join(args)) or len(args) < 2:
        return args
    return (*args[:2], *map(_compared, args[2:]))


def _compared(value: str) -> str:
    """What an `if` compares with, the bracket at its end included."""
    said = value.removesuffix(")")
    return value if len(said) <= _SHORT else f"{GONE}{value[len(said) :]}"


def _table(item: Directive, block: Directive) -> tuple[str, ...]:
    """An entry of a map: its value, unless it is one of a few plain words."""
    about_secrets = any(map(suspicious, block.args))
    return tuple(
        one if _PLAIN_ENTRY.fullmatch(one) else _literal(one, suspicious=about_secrets or looks_random(one))
        for one in item.args
    )
