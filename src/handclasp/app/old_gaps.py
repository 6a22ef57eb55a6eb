"""What cannot be known of a PKI that exists, or means more than one thing: lists that are not read, serials given twice."""

from collections.abc import Iterable, Iterator

from handclasp.app.old_json import Elsewhere, elsewhere
from handclasp.app.old_pki import OldCa, OldPki, Unsafe
from handclasp.model.certificate import Certificate
from handclasp.model.finding import Severity
from handclasp.model.text import Text, plural
from handclasp.pki.serials import format_serial

_SHOWN = 5
_STEP = Text(
    en='certificates that are known to you: --certificates FOLDER. Revocations: put "crl": {"enabled": true} into ca.json, '
    "restart step-ca,\n    curl --cacert root_ca.crt https://CA/1.0/crl -o step.crl     and give it with --crl step.crl",
    zh='您手头的证书：--certificates 目录。吊销记录：在 ca.json 中加入 "crl": {"enabled": true}，重启 step-ca，\n'
    "    curl --cacert root_ca.crt https://CA/1.0/crl -o step.crl     然后用 --crl step.crl 给出",
)
_CFSSL = Text(
    en="certificates: SELECT pem FROM certificates; into a file (psql -At, mysql -Nr), and --certificates FILE. Revocations:\n"
    "    cfssl crl -db-config FILE -ca ca.pem -ca-key ca-key.pem > cfssl.crl     and --crl cfssl.crl",
    zh="证书：把 SELECT pem FROM certificates; 的结果存入文件（psql -At，mysql -Nr），再用 --certificates 文件。吊销记录：\n"
    "    cfssl crl -db-config 文件 -ca ca.pem -ca-key ca-key.pem > cfssl.crl     再用 --crl cfssl.crl",
)
_XCA = Text(
    en="export in XCA: all certificates (PEM) for --certificates FILE, and the CA's CRL for --crl FILE",
    zh="请在 XCA 中导出：全部证书（PEM）用于 --certificates 文件，CA 的吊销列表用于 --crl 文件",
)
_NO_LIST = Text(en="give them with --certificates FOLDER", zh="用 --certificates 目录给出")


_HINTS = {"step-ca": _STEP, "cfssl": _CFSSL, "XCA": _XCA}


def unknown_in(pki: OldPki) -> Iterator[Unsafe]:
    """Each with how it becomes known."""
    for ca in pki.cas:
        yield from _doubles(ca)
    yield from _strangers(pki.strangers)
    files = (Elsewhere(one, "XCA" if one.endswith(".xdb") else "cfssl", one.rpartition(".")[2]) for one in pki.unread)
    for place in (*elsewhere(pki.configs), *files):
        yield _database(place, revocations_known=pki.cas[-1].crl is not None)


def _doubles(ca: OldCa) -> Iterator[Unsafe]:
    own = ca.certificate
    for serial in dict.fromkeys(one.serial for one in ca.twins):
        holders = [one.subject_text for one in (ca.certificates[serial], *ca.twins) if one.serial == serial]
        yield Unsafe(
            slug="serial-twice",
            severity=Severity.ERROR,
            where=own.subject_text,
            what=Text(
                en=f"{len(holders)} certificates have the serial {format_serial(serial)}: {_some(holders)}",
                zh=f"{len(holders)} 份证书的序列号都是 {format_serial(serial)}：{_some(holders)}",
            ),
            hint=Text(
                en="only the first is listed, and revoking it revokes them all: issue each holder a new one first "
                "(handclasp issue NAME)",
                zh="只列出第一份，吊销它等于吊销全部：请先为每个持有者签发新证书（handclasp issue NAME）",
            ),
        )
    if own.self_issued and own.serial in ca.certificates:
        yield Unsafe(
            slug="serial-of-ca",
            severity=Severity.ERROR,
            where=own.subject_text,
            what=Text(
                en=f"a certificate has the CA's own serial {format_serial(own.serial)}: "
                f"{ca.certificates[own.serial].subject_text}",
                zh=f"有证书与 CA 本身的序列号 {format_serial(own.serial)} 相同：{ca.certificates[own.serial].subject_text}",
            ),
            hint=Text(
                en="it cannot be revoked: nginx would take the CA for revoked, and refuse everybody. "
                "Move everybody to another CA, then: handclasp ca drop",
                zh="它不能吊销：nginx 会认为 CA 已被吊销，从而拒绝所有人。请把所有人迁移到另一个 CA，然后：handclasp ca drop",
            ),
        )


def _strangers(certificates: tuple[Certificate, ...]) -> Iterator[Unsafe]:
    if certificates:
        count = len(certificates)
        names = _some([one.subject_text for one in certificates])
        yield Unsafe(
            slug="issued-elsewhere",
            severity=Severity.WARNING,
            where=_some(list(dict.fromkeys(one.issuer_text for one in certificates))),
            what=Text(
                en=f"{count} of the certificates that were given {plural(count, 'is', 'are')} of another CA, "
                f"and not taken over: {names}",
                zh=f"给出的证书中有 {count} 份属于其他 CA，不会接管：{names}",
            ),
            hint=Text(
                en="import that CA too: handclasp import --ca ITS.crt --key ITS.key --label NAME",
                zh="也请导入那个 CA：handclasp import --ca ITS.crt --key ITS.key --label NAME",
            ),
        )


def _database(one: Elsewhere, *, revocations_known: bool) -> Unsafe:
    program = one.program
    if not one.kind:
        what = Text(en=f"{program} keeps no list of what it issued here", zh=f"{program} 在这里没有保存签发记录")
    elif revocations_known:
        what = Text(
            en=f"the database of {program} ({one.kind}) is not read: only certificates that lie there as files are known",
            zh=f"{program} 的数据库（{one.kind}）不会被读取：只知道以文件形式存在的证书",
        )
    else:
        what = Text(
            en=f"the database of {program} ({one.kind}) is not read, and no CRL was given: what was revoked there gets in",
            zh=f"{program} 的数据库（{one.kind}）不会被读取，也没有给出吊销列表：那里已吊销的证书仍可通过",
        )
    return Unsafe(
        slug="database-unreadable",
        severity=Severity.ERROR if one.kind and not revocations_known else Severity.WARNING,
        where=one.where,
        what=what,
        hint=_HINTS[program] if one.kind else _NO_LIST,
    )


def _some(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (f" (+{len(found) - _SHOWN})" if len(found) > _SHOWN else "")
