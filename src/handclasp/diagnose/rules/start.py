"""nginx refuses to start or to reload: each of its complaints, with what is in the file it complains about."""

import re
from collections.abc import Iterator

from handclasp.catalogue.stock_directives import right_name
from handclasp.diagnose import start_words
from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind, LogLine
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.diagnose.start_words import OF_FILES, cause_of_line, cause_of_words, file_missing, of_windows
from handclasp.model.evidence import ENCRYPTED, NO_KEY
from handclasp.model.finding import Confidence, Finding, Where
from handclasp.model.nginx import StartFault
from handclasp.model.text import Text
from handclasp.nginxconf.tree import walk
from handclasp.pki.any_form import Form, look

_QUOTED = re.compile(r'"(?P<path>[^"]+)"')
_LOOSE = "directive-invalid-advice"
_STARTING = ("nginx refuses to start: ", "nginx 拒绝启动：")
_RUNNING = (
    "a file that a variable names is loaded in each handshake, and fails: ",
    "变量所指的文件在每次握手时加载，而加载失败：",
)
_KEYS = "cannot load certificate key"
_MARK = b"\xef\xbb\xbf"

_SAYS: dict[str, tuple[str, str]] = {
    "verify-on-without-ca": (
        "ssl_verify_client asks for certificates, and no file says whose: ssl_client_certificate is missing",
        "ssl_verify_client 要求证书，但没有文件说明信任哪个 CA：缺少 ssl_client_certificate",
    ),
    "upstream-verify-without-trust-file": (
        "the upstream is to be verified, and no file says by which CA; nginx never uses the system's store",
        "要求验证上游，但没有文件说明用哪个 CA；nginx 从不使用系统证书库",
    ),
    "upstream-client-key-problems": (
        "the certificate that nginx is to show its upstream cannot be loaded",
        "nginx 要向上游出示的证书无法加载",
    ),
    "ca-file-not-pem": ("the CA file {path} holds no PEM certificate", "CA 文件 {path} 中没有 PEM 证书"),
    "ca-bundle-silently-partial": (
        "a certificate in the CA file {path} is damaged, so none of it is loaded",
        "CA 文件 {path} 中有一张证书损坏，整个文件都无法加载",
    ),
    "ca-file-trusted-certificate": (
        "the CA file {path} is an OpenSSL TRUSTED CERTIFICATE, which nginx cannot use to tell clients its CA names",
        "CA 文件 {path} 是 OpenSSL 的 TRUSTED CERTIFICATE，nginx 无法用它向客户端通告 CA 名称",
    ),
    "file-missing-in-container": ("{path} is not there for nginx to open", "nginx 打不开 {path}：文件不存在"),
    "file-permission-denied": ("nginx may not read {path}", "nginx 没有权限读取 {path}"),
    "windows-bom-crlf-path": (
        "{path} is written as on Windows: a byte-order mark at its beginning, or backslashes in the path",
        "{path} 是 Windows 的写法：文件开头有字节顺序标记，或路径中用了反斜杠",
    ),
    "client-crl-file-format": ("the CRL file {path} cannot be loaded", "吊销列表文件 {path} 无法加载"),
    "server-cert-key-mismatch": (
        "the server's certificate and key cannot be loaded, or do not belong together",
        "服务器证书和密钥无法加载，或两者不匹配",
    ),
    "server-cert-too-weak-to-load": (
        "the server's own certificate is too weak for OpenSSL's security level",
        "服务器自己的证书低于 OpenSSL 的安全级别",
    ),
    "client-ocsp-unreachable": (
        "the name in ssl_ocsp_responder is resolved at start, and it was not found",
        "ssl_ocsp_responder 中的域名在启动时解析，但没有找到",
    ),
    "directive-wrong-context": (
        "a directive stands where nginx does not allow it: client certificates are asked for before any location is known",
        "指令写在了 nginx 不允许的位置：请求客户端证书时还不知道会用哪个 location",
    ),
    _LOOSE: ("a directive or value that nginx does not take", "指令或取值不被 nginx 接受"),
}
_SHUT: dict[str, tuple[str, str]] = {
    ENCRYPTED: ("{path} is encrypted, and nginx has no password that opens it", "{path} 已加密，而 nginx 没有能打开它的口令"),
    NO_KEY: ("{path} holds no private key in PEM form", "{path} 中没有 PEM 格式的私钥"),
}
_FORMS: dict[Form, tuple[str, str]] = {
    Form.EMPTY: ("{path} is empty", "{path} 是空文件"),
    Form.DER_CERTIFICATE: ("{path} is a certificate in DER form", "{path} 是 DER 格式的证书"),
    Form.DER_CRL: ("{path} is a CRL in DER form", "{path} 是 DER 格式的吊销列表"),
    Form.PKCS7: ("{path} is a PKCS#7 bundle", "{path} 是 PKCS#7 证书包"),
    Form.PKCS12: ("{path} is a PKCS#12 file", "{path} 是 PKCS#12 文件"),
    Form.KEY: ("{path} holds a private key and no certificate", "{path} 中是私钥，没有证书"),
    Form.REQUEST: ("{path} is a certificate request, not a certificate", "{path} 是证书请求，不是证书"),
    Form.UTF16: ("{path} is written in UTF-16", "{path} 用 UTF-16 编码"),
    Form.RAGGED: ("the lines of the PEM blocks in {path} are broken up or indented", "{path} 中 PEM 块的行被破坏或缩进"),
}  # fmt: skip


def cause_of(case: Case, fault: StartFault) -> str:
    """The cause of the catalogue for a complaint of nginx."""
    slug = cause_of_words(fault.message, fault.directive)
    content = case.evidence.files.get(path_in(fault.message) or "")
    if slug in OF_FILES and ((content or b"").startswith(_MARK) or of_windows(fault.message)):
        return "windows-bom-crlf-path"
    if slug == _LOOSE and "\ufeff" in fault.directive:
        return "windows-bom-crlf-path"
    if slug in OF_FILES and file_missing(fault.message):
        return "file-missing-in-container"
    if slug != "ca-file" or content is None:
        return "ca-file-not-pem" if slug == "ca-file" else slug
    if re.search(r"bad (end line|base64)|ASN1 lib", fault.message):
        return "ca-bundle-silently-partial"
    return "ca-file-trusted-certificate" if look(content).form is Form.TRUSTED else "ca-file-not-pem"


def path_in(message: str) -> str | None:
    """The file that a message is about."""
    found = _QUOTED.search(message)
    return found["path"] if found and found["path"].startswith("/") else None


def check(case: Case) -> Iterator[Finding]:
    """Every fault, in nginx's order."""
    told: set[tuple[str, Where]] = set()
    for fault in case.start_faults:
        slug, where = cause_of(case, fault), where_of(fault)
        if (slug, where) not in told:
            told.add((slug, where))
            yield finding(slug, _summary(slug, fault.message, fault.origin.file), where, *_evidence(case, fault))


def where_of(fault: StartFault) -> Where:
    """The place of a fault."""
    return Where.at(fault.origin if fault.origin.file else None, fault.directive)


def _summary(slug: str, message: str, file: str | None, *, running: bool = False) -> Text:
    """`file`: of the configuration, when the message is about none other. `running`: a worker said it in a handshake."""
    en, zh = _SAYS[slug]
    before = _RUNNING if running else _STARTING
    return say(before[0] + en, before[1] + zh, path=path_in(message) or file or "?")


def _evidence(case: Case, fault: StartFault) -> Iterator[Text]:
    yield say("[emerg] {words}", "[emerg] {words}", words=fault.message)
    path = path_in(fault.message)
    if path and case.evidence.unreadable.get(path) in _SHUT and _KEYS in fault.message:
        yield say(*_SHUT[case.evidence.unreadable[path]], path=path)
    content = case.evidence.files.get(path or "")
    if content is not None:
        form = _FORMS.get(look(content).form)
        if form:
            yield say(*form, path=path)
    right = right_name(fault.directive)
    if right:
        yield say("the directive is called {right}", "正确的指令是 {right}", right=right)


def check_lines(case: Case) -> Iterator[Finding]:
    """A refusal that the log shows and that these files do not explain: nginx saw other files, or had no right to read them."""
    explained = {fault.message for fault in case.start_faults}
    known = {cause_of(case, fault) for fault in case.start_faults}
    for line in case.logged:
        running = line.context is not None  # a worker said it, of a file named by a variable
        if line.kind is not LineKind.START or line.message in explained or (running and "upstream" in (line.context or "")):
            continue
        slug = cause_of_line(line.message) or _LOOSE
        if slug in known:
            continue
        known.add(slug)
        yield finding(
            slug,
            _summary(slug, line.message, line.file, running=running),
            _variable(case, line) if running else _told_place(case, line),
            say("{raw}", "{raw}", raw=line.raw),
            confidence=Confidence.LIKELY,
        )


def _told_place(case: Case, line: LogLine) -> Where:
    return Where(file=line.file, line=line.row) if line.file else Where(file=_config_file(case, path_in(line.message)))


def _variable(case: Case, line: LogLine) -> Where:
    """The directive with a variable by which a worker came to the file."""
    wanted = "ssl_certificate_key" if line.message.startswith(_KEYS) else "ssl_certificate"
    directives = (item for item, _ in walk(case.stage.tree.directives)) if case.evidence.root else ()
    found = next((item for item in directives if item.name == wanted and any("$" in one for one in item.args)), None)
    return Where.at(found.origin, wanted) if found else Where()


def explained(case: Case, line: LogLine) -> bool:
    """Whether a refusal in the log is one that these files give."""
    if line.kind is not LineKind.START:
        return False
    known = {cause_of(case, fault) for fault in case.start_faults}
    return line.message in {fault.message for fault in case.start_faults} or (cause_of_line(line.message) or _LOOSE) in known


def _config_file(case: Case, path: str | None) -> str | None:
    """The file of the configuration that names a path."""
    if path is None or case.evidence.root is None:
        return None
    name = path.rpartition("/")[2]
    for item, _ in walk(case.stage.tree.directives):
        if any(argument.endswith(name) for argument in item.args):
            return item.source.file
    return None


CAUSES = tuple(dict.fromkeys((*_SAYS, *start_words.CAUSES)))
RULES = (Rule("start", CAUSES, check, before_start=True), Rule("start-logged", CAUSES, check_lines, before_start=True))
