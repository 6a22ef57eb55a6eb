"""What is unsafe in a PKI that exists: said before it is taken over, so that it is not carried along unseen."""

import re
from collections.abc import Iterator
from datetime import datetime

from handclasp.app.old_gaps import unknown_in
from handclasp.app.old_json import copying
from handclasp.app.old_keys import UNUSABLE
from handclasp.app.old_pki import OldCa, OldKey, OldPki, Unsafe
from handclasp.model.certificate import Certificate, KeyKind
from handclasp.model.finding import Severity
from handclasp.model.text import Text, plural
from handclasp.pki.serials import format_serial

_COPY = re.compile(rb"^\s*copy_extensions\s*=\s*(copy|copyall)\b", re.MULTILINE)
_WEAK_DIGESTS = frozenset({"md5", "md4", "md2", "sha1"})
_LEAST_BITS = {KeyKind.RSA: 2048, KeyKind.RSA_PSS: 2048, KeyKind.DSA: 2048, KeyKind.EC: 224}
_SHOWN = 5
_LOOK = Text(
    en="look at the certificates named below; here a profile decides, and requests decide nothing",
    zh="请检查下面列出的证书；在这里由模板决定扩展，请求不起作用",
)


def unsafe_in(pki: OldPki, now: datetime) -> tuple[Unsafe, ...]:
    """Everything that endangers, what is worst first."""
    found = [
        *_configs(pki),
        *_copying(pki),
        *(finding for ca in pki.cas for finding in _of_ca(ca, pki, now)),
        *_keys(pki),
        *_others(pki),
        *unknown_in(pki),
    ]
    order = list(Severity)
    return tuple(sorted(found, key=lambda one: order.index(one.severity)))


def _configs(pki: OldPki) -> Iterator[Unsafe]:
    for path, content in pki.configs.items():
        match = _COPY.search(content)
        if match:
            line = content[: match.start(1)].count(b"\n") + 1
            word = match[1].decode()
            yield Unsafe(
                slug="copy-extensions",
                severity=Severity.ERROR,
                where=f"{path}:{line}",
                what=Text(
                    en=f"copy_extensions = {word}: whoever wrote a request chose his own extensions, CA:TRUE included",
                    zh=f"copy_extensions = {word}：请求方可以自行决定扩展，包括 CA:TRUE",
                ),
                hint=_LOOK,
            )


def _copying(pki: OldPki) -> Iterator[Unsafe]:
    for path, profile in copying(pki.configs):
        yield Unsafe(
            slug="copy-extensions",
            severity=Severity.ERROR,
            where=path,
            what=Text(
                en=f"profile {profile} has copy_extensions: whoever wrote a request chose his own extensions",
                zh=f"配置 {profile} 启用了 copy_extensions：请求方可以自行决定扩展",
            ),
            hint=_LOOK,
        )


def _others(pki: OldPki) -> Iterator[Unsafe]:
    for one in pki.others:
        yield Unsafe(
            slug="other-ca",
            severity=Severity.WARNING,
            where=one.subject_text,
            what=Text(
                en="another root CA lies there, and is not taken over with this one",
                zh="那里还有另一个根 CA，不会随此 CA 一起接管",
            ),
            hint=Text(
                en="take it over by itself: handclasp import --ca ITS.crt --key ITS.key --label NAME",
                zh="请单独接管：handclasp import --ca ITS.crt --key ITS.key --label NAME",
            ),
        )


def _of_ca(ca: OldCa, pki: OldPki, now: datetime) -> Iterator[Unsafe]:
    yield from _strength(ca.certificate, now)
    yield from _crl(ca, pki.folder, now)
    yield from _issued(ca, {one.certificate.der for one in pki.cas})
    missing = [line.serial for line in ca.lines if line.serial not in ca.certificates]
    if missing:
        yield _about(
            "certificates-missing",
            Severity.WARNING,
            ca,
            Text(
                en=f"{len(missing)} {plural(len(missing), 'certificate is', 'certificates are')} known by serial only: "
                f"{_serials(missing)}",
                zh=f"{len(missing)} 份证书只知道序列号：{_serials(missing)}",
            ),
            Text(en="they can be listed and revoked, not renewed", zh="可以列出和吊销，但不能续期"),
        )


def _strength(one: Certificate, now: datetime) -> Iterator[Unsafe]:
    least = _LEAST_BITS.get(one.key_kind)
    if least is not None and one.key_bits < least:
        yield _weak(one, f"{one.key_kind} {one.key_bits}")
    if one.signature_digest in _WEAK_DIGESTS and not one.self_issued:
        yield _weak(one, one.signature_digest)
    if one.key_kind in UNUSABLE:
        yield Unsafe(
            slug="ca-key-unusable",
            severity=Severity.ERROR,
            where=one.subject_text,
            what=Text(
                en=f"its key is {one.key_kind.upper()}, which signs nothing here, and which TLS 1.3 does not know",
                zh=f"它的密钥是 {one.key_kind.upper()}：在这里不能签名，TLS 1.3 也不支持",
            ),
            hint=Text(
                en="what it issued is listed and renewed here; revoke it where the key is, then: "
                "handclasp ca accept CRL     or import again",
                zh="它签发的证书可以在这里列出和续期；吊销须在密钥所在处进行，然后：handclasp ca accept CRL     或重新导入",
            ),
        )
    if one.not_after <= now:
        yield Unsafe(
            slug="ca-expired",
            severity=Severity.ERROR,
            where=one.subject_text,
            what=Text(en=f"the CA ended on {one.not_after:%Y-%m-%d}", zh=f"CA 已于 {one.not_after:%Y-%m-%d} 到期"),
            hint=Text(en="nobody below it gets in; renew everybody here", zh="其下的证书都无法通过验证；请在这里全部续期"),
        )
    usage = one.key_usage
    for word, argument in (("keyCertSign", "key_cert_sign"), ("cRLSign", "crl_sign")):
        if usage is not None and argument not in usage:
            yield Unsafe(
                slug="ca-key-usage",
                severity=Severity.ERROR,
                where=one.subject_text,
                what=Text(en=f"the CA certificate lacks {word}", zh=f"CA 证书缺少 {word}"),
                hint=Text(
                    en="OpenSSL refuses what it signs: move everybody to a CA of this home",
                    zh="OpenSSL 会拒绝它签发的内容：请把所有人迁移到这里的 CA",
                ),
            )


def _weak(one: Certificate, what: str) -> Unsafe:
    return Unsafe(
        slug="ca-weak",
        severity=Severity.ERROR,
        where=one.subject_text,
        what=Text(en=f"the CA is weak: {what}", zh=f"CA 强度不足：{what}"),
        hint=Text(
            en="OpenSSL refuses it at security level 2; renew everybody here and drop this CA",
            zh="OpenSSL 在安全级别 2 下拒绝它；请在这里全部续期，然后弃用此 CA",
        ),
    )


def _crl(ca: OldCa, folder: str, now: datetime) -> Iterator[Unsafe]:
    fresh = Text(en="a fresh CRL is made here at once", zh="这里会立即签发新的吊销列表")
    if ca.crl is None:
        yield _about(
            "crl-missing",
            Severity.WARNING,
            ca,
            Text(en=f"there is no CRL of this CA in {folder}", zh=f"{folder} 中没有此 CA 的吊销列表"),
            fresh,
        )
        return
    if ca.crl.next_update is not None and ca.crl.next_update <= now:
        yield _about(
            "crl-expired",
            Severity.ERROR,
            ca,
            Text(
                en=f"its CRL expired on {ca.crl.next_update:%Y-%m-%d}: nginx with it refuses everybody (error 12)",
                zh=f"吊销列表已于 {ca.crl.next_update:%Y-%m-%d} 过期：使用它的 nginx 拒绝所有人（错误 12）",
            ),
            fresh,
        )
    lost = [line.serial for line in ca.lines if line.revoked_at and line.serial not in ca.crl.revoked and line.not_after > now]
    if lost:
        yield _about(
            "revocation-unpublished",
            Severity.ERROR,
            ca,
            Text(
                en=f"revoked in the index, but not in the CRL: {_serials(lost)} still {plural(len(lost), 'gets', 'get')} in",
                zh=f"索引中已吊销但不在吊销列表中：{_serials(lost)} 仍可通过",
            ),
            fresh,
        )


def _issued(ca: OldCa, imported: set[bytes]) -> Iterator[Unsafe]:
    rogue = [
        one
        for one in ca.certificates.values()
        if one.basic_constraints is not None and one.basic_constraints.ca and one.der not in imported
    ]
    known = [one for one in rogue if one.key_usage is None or "key_cert_sign" in one.key_usage]
    if known:
        names = ", ".join(f"{one.subject_text} ({format_serial(one.serial)})" for one in known[:_SHOWN])
        yield _about(
            "issued-ca",
            Severity.WARNING,
            ca,
            Text(
                en=f"it signed CA certificates, whose holders can make anybody a client: {names}",
                zh=f"它签发过 CA 证书，持有者可以让任何人成为客户端：{names}",
            ),
            Text(
                en="import each too, by its folder or its files: handclasp import --ca ITS.crt --key ITS.key --label NAME; "
                "or revoke it",
                zh="请逐个导入，给出其目录或文件：handclasp import --ca ITS.crt --key ITS.key --label NAME；或者吊销",
            ),
        )
    weak = [one for one in ca.certificates.values() if one.key_bits < _LEAST_BITS.get(one.key_kind, 0)]
    if weak:
        yield _about(
            "issued-weak",
            Severity.WARNING,
            ca,
            Text(
                en=f"certificates with short keys: {_serials([one.serial for one in weak])}",
                zh=f"密钥过短的证书：{_serials([one.serial for one in weak])}",
            ),
            Text(en="handclasp rekey NAME", zh="handclasp rekey NAME"),
        )


def _keys(pki: OldPki) -> Iterator[Unsafe]:
    for ca in pki.cas:
        if ca.key is not None:
            yield from _ca_key(ca.key)
    readable = [one.path for one in pki.loose if not one.encrypted and one.mode & 0o044]
    if readable:
        more = f" (+{len(readable) - _SHOWN})" if len(readable) > _SHOWN else ""
        names = ", ".join(readable[:_SHOWN]) + more
        yield Unsafe(
            slug="key-readable",
            severity=Severity.ERROR,
            where=pki.folder,
            what=Text(en=f"private keys that others on this machine can read: {names}", zh=f"本机其他用户可读的私钥：{names}"),
            hint=Text(en="chmod 600, and give their holders new keys", zh="chmod 600，并为其持有者更换密钥"),
        )


def _ca_key(key: OldKey) -> Iterator[Unsafe]:
    if key.mode & 0o044 and not key.encrypted:
        yield Unsafe(
            slug="ca-key-readable",
            severity=Severity.ERROR,
            where=key.path,
            what=Text(
                en=f"the CA key is in clear and others can read it (mode {key.mode:o})",
                zh=f"CA 私钥未加密且其他用户可读（权限 {key.mode:o}）",
            ),
            hint=Text(
                en="take it as stolen if strangers use this machine: then drop this CA when everybody is renewed",
                zh="若有外人使用这台机器，应视为已泄露：全部续期后弃用此 CA",
            ),
        )
    elif not key.encrypted:
        yield Unsafe(
            slug="ca-key-clear",
            severity=Severity.WARNING,
            where=key.path,
            what=Text(en="the CA key is not encrypted", zh="CA 私钥未加密"),
            hint=Text(
                en="it is encrypted here; afterwards destroy this file and its backups",
                zh="在这里会加密保存；之后请销毁此文件及其备份",
            ),
        )


def _about(slug: str, severity: Severity, ca: OldCa, what: Text, hint: Text) -> Unsafe:
    return Unsafe(slug=slug, severity=severity, where=ca.certificate.subject_text, what=what, hint=hint)


def _serials(serials: list[int]) -> str:
    more = f" (+{len(serials) - _SHOWN})" if len(serials) > _SHOWN else ""
    return ", ".join(format_serial(one) for one in serials[:_SHOWN]) + more
