"""nginx refuses to start or to reload: each of its complaints, with what is in the file it complains about."""

import re
from collections.abc import Iterator

from handclasp.catalogue.stock_directives import right_name
from handclasp.diagnose.case import Case
from handclasp.diagnose.log_line import LineKind
from handclasp.diagnose.rule import Rule, finding, say
from handclasp.model.finding import Confidence, Finding, Where
from handclasp.model.nginx import StartFault
from handclasp.model.text import Text
from handclasp.nginxconf.tree import walk
from handclasp.pki.any_form import Form, look

_QUOTED = re.compile(r'"(?P<path>[^"]+)"')
_LOOSE = "directive-invalid-advice"
_NO_FILE = "No such file"
_MARK = b"\xef\xbb\xbf"
# A drive, or what nginx makes of a backslash in quotes: it reads \n, \t and \r as line end, tab and return.
_WINDOWS = re.compile(r'"[^"]*(?:[A-Za-z]:[\\/\n\t\r]|[\n\t\r]|\\)[^"]*"')
_OF_FILES = frozenset({"ca-file", "client-crl-file-format", "server-cert-key-mismatch"})

# In this order: the first whose directive and words fit names the cause.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (r"", r"\(13: Permission denied\)|Permission denied", "file-permission-denied"),
    (r"(proxy|grpc|uwsgi)_ssl_", r"^no \w+_ssl_trusted_certificate for ", "upstream-verify-without-trust-file"),
    (r"(proxy|grpc|uwsgi)_ssl_certificate", r"", "upstream-client-key-problems"),
    (r"ssl_verify_client", r"^no ssl_client_certificate", "verify-on-without-ca"),
    (r"ssl_(client|trusted)_certificate|\w+_ssl_trusted_certificate", r"^(SSL_CTX_load|SSL_load|cannot load)", "ca-file"),
    (r"(\w+_)?ssl_crl", r"^(X509_LOOKUP|cannot load)", "client-crl-file-format"),
    (r"ssl_certificate(_key)?", r"too (small|weak)\)", "server-cert-too-weak-to-load"),
    (r"ssl_certificate(_key)?", r"key values mismatch|_key\" is defined|^cannot load", "server-cert-key-mismatch"),
    (r"", r"^SSL_CTX_use_PrivateKey|^cannot load certificate key", "server-cert-key-mismatch"),
    (r"", r"^SSL_CTX_use_certificate|^SSL_CTX_set0_chain", "server-cert-too-weak-to-load"),
    (r"", r"^(SSL_CTX_load_verify|SSL_load_client_CA)", "ca-file"),
    (r"", r"^X509_LOOKUP_load_file|^cannot load CRL", "client-crl-file-format"),
    (r"", r"^no ssl_client_certificate", "verify-on-without-ca"),
    (r"", r"^no \w+_ssl_trusted_certificate for ", "upstream-verify-without-trust-file"),
    (r"", r" directive is not allowed here", "directive-wrong-context"),
)  # fmt: skip

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
        "{path} is written as on Windows: a byte-order mark before the first PEM block, or backslashes in the path",
        "{path} 是 Windows 的写法：首个 PEM 块之前有字节顺序标记，或路径中用了反斜杠",
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
    "directive-wrong-context": (
        "a directive stands where nginx does not allow it: client certificates are asked for before any location is known",
        "指令写在了 nginx 不允许的位置：请求客户端证书时还不知道会用哪个 location",
    ),
    _LOOSE: ("a directive or value that nginx does not take", "指令或取值不被 nginx 接受"),
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
    if slug in _OF_FILES and ((content or b"").startswith(_MARK) or _WINDOWS.search(fault.message)):
        return "windows-bom-crlf-path"
    if slug in _OF_FILES and _NO_FILE in fault.message:
        return "file-missing-in-container"
    if slug != "ca-file" or content is None:
        return "ca-file-not-pem" if slug == "ca-file" else slug
    if re.search(r"bad (end line|base64)|ASN1 lib", fault.message):
        return "ca-bundle-silently-partial"
    return "ca-file-trusted-certificate" if look(content).form is Form.TRUSTED else "ca-file-not-pem"


def cause_of_words(message: str, directive: str = "") -> str:
    """As `cause_of`, by the words alone; "ca-file" for the causes that only the file can tell apart."""
    for of_directive, words, cause in _CAUSES:
        if (not of_directive or re.fullmatch(of_directive + ".*", directive)) and re.search(words, message):
            return cause
    return _LOOSE


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
            yield finding(slug, _summary(slug, fault.message), where, *_evidence(case, fault))


def where_of(fault: StartFault) -> Where:
    """The place of a fault."""
    return Where.at(fault.origin if fault.origin.file else None, fault.directive)


def _summary(slug: str, message: str) -> Text:
    en, zh = _SAYS[slug]
    return say("nginx refuses to start: " + en, "nginx 拒绝启动：" + zh, path=path_in(message) or "?")


def _evidence(case: Case, fault: StartFault) -> Iterator[Text]:
    yield say("[emerg] {words}", "[emerg] {words}", words=fault.message)
    path = path_in(fault.message)
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
        at_request = line.context is not None and "upstream" in line.context  # a worker said it, of a file named by a variable
        if line.kind is not LineKind.START or line.message in explained or at_request:
            continue
        slug = cause_of_words(line.message)
        if slug in _OF_FILES and _NO_FILE in line.message:
            slug = "file-missing-in-container"
        slug = "ca-file-not-pem" if slug == "ca-file" else slug
        if slug in known:
            continue
        known.add(slug)
        where = Where(file=line.file, line=line.row) if line.file else Where(file=_config_file(case, path_in(line.message)))
        yield finding(
            slug, _summary(slug, line.message), where, say("{raw}", "{raw}", raw=line.raw), confidence=Confidence.LIKELY
        )


def _config_file(case: Case, path: str | None) -> str | None:
    """The file of the configuration that names a path."""
    if path is None or case.evidence.root is None:
        return None
    name = path.rpartition("/")[2]
    for item, _ in walk(case.stage.tree.directives):
        if any(argument.endswith(name) for argument in item.args):
            return item.source.file
    return None


CAUSES = tuple(dict.fromkeys((*_SAYS, *(cause for _, _, cause in _CAUSES if cause != "ca-file"))))
RULES = (Rule("start", CAUSES, check, before_start=True), Rule("start-logged", CAUSES, check_lines, before_start=True))
