"""What the demonstration says, in two languages."""

from handclasp.model.demo import Act, Guest
from handclasp.model.text import Text

ACTS = {
    Act.AUTHORITY: (
        Text(en="A certificate authority", zh="证书颁发机构"),
        Text(
            en="A root CA, an issuing CA below it, and a CRL of each, as `handclasp init` makes them.",
            zh="一个根 CA、其下的一个签发 CA，以及各自的 CRL，与 `handclasp init` 所做的相同。",
        ),
    ),
    Act.IDENTITIES: (
        Text(en="Three identities", zh="三个身份"),
        Text(
            en="Two clients and a server, as `handclasp issue` makes them: key, certificate, chain, PKCS#12.",
            zh="两个客户端和一个服务器，与 `handclasp issue` 所做的相同：密钥、证书、证书链、PKCS#12。",
        ),
    ),
    Act.SERVER: (
        Text(en="A guarded nginx", zh="受保护的 nginx"),
        Text(
            en="`handclasp nginx apply` on loopback: proven by handshakes, or everything is put back.",
            zh="在回环地址上执行 `handclasp nginx apply`：要么经握手验证，要么全部恢复原状。",
        ),
    ),
    Act.PROBES: (
        Text(en="Who gets in", zh="谁能进入"),
        Text(
            en="Six clients knock, with TLS 1.2 and with TLS 1.3; what nginx answers, and what it logs:",
            zh="六个客户端分别用 TLS 1.2 和 TLS 1.3 访问。nginx 的回答及其日志中的记录：",
        ),
    ),
    Act.REVOCATION: (
        Text(en="bob's key is stolen", zh="bob 的密钥被盗"),
        Text(
            en="`handclasp revoke bob`; then he knocks again, with his TLS sessions from before and without.",
            zh="执行 `handclasp revoke bob`；然后 bob 再次访问，先用第 4 幕留下的 TLS 会话，再不用会话。",
        ),
    ),
    Act.INTERMEDIATE_ONLY: (
        Text(en="Broken: only the intermediate is trusted", zh="故障：只信任中间 CA"),
        Text(
            en="The file of ssl_client_certificate holds the intermediate, not the root. A good client knocks:",
            zh="ssl_client_certificate 的文件中只有中间 CA 而没有根 CA。一个合格的客户端来访：",
        ),
    ),
    Act.DEPTH: (
        Text(en="Broken: a longer chain than nginx follows", zh="故障：证书链长于 nginx 的验证深度"),
        Text(
            en="Two intermediates, every CA in the file, ssl_verify_depth at its default. A good client knocks:",
            zh="两个中间 CA，文件中 CA 齐全，而 ssl_verify_depth 保持默认值。一个合格的客户端来访：",
        ),
    ),
    Act.UPSTREAM: (
        Text(en="Broken: an upstream with a private CA", zh="故障：上游使用私有 CA"),
        Text(
            en="nginx is the client: proxy_ssl_verify is on, proxy_ssl_trusted_certificate holds another CA.",
            zh="nginx 是客户端：proxy_ssl_verify 已开启，而 proxy_ssl_trusted_certificate 的文件中是另一个 CA。",
        ),
    ),
}

GUESTS = {
    Guest.NOBODY: Text(en="nobody: no certificate", zh="没有证书的客户端"),
    Guest.ALICE: Text(en="alice", zh="alice"),
    Guest.BOB: Text(en="bob", zh="bob"),
    Guest.STRANGER: Text(en="mallory, of another CA", zh="mallory，来自另一个 CA"),
    Guest.EXPIRED: Text(en="carol, out of date", zh="carol，证书已过期"),
    Guest.WRONG_PURPOSE: Text(en="a server's certificate", zh="服务器用的证书"),
}

WORDS = {
    "until": Text(en="good until {day}", zh="有效期至 {day}"),
    "serves": Text(
        en="nginx {nginx} with OpenSSL {openssl} serves {url}", zh="nginx {nginx}（OpenSSL {openssl}）正在服务 {url}"
    ),
    "handshakes": Text(en="{good} of {all} handshakes came out as they must", zh="{all} 次握手中有 {good} 次符合预期"),
    "client": Text(en="client", zh="客户端"),
    "tls": Text(en="TLS", zh="TLS"),
    "session": Text(en="session", zh="会话"),
    "answer": Text(en="nginx answers", zh="nginx 的回答"),
    "logs": Text(en="nginx logs", zh="nginx 的日志"),
    "fresh": Text(en="fresh", zh="新建"),
    "resumed": Text(en="resumed", zh="恢复"),
    "not-resumed": Text(en="old one not taken", zh="旧会话未被接受"),
    "error": Text(en="(error {number})", zh="（错误 {number}）"),
    "revoked": Text(
        en="{name} is shut out {seconds} s after the order: {fresh} fresh, {resumed} with a session from before",
        zh="命令发出 {seconds} 秒后 {name} 已被拒之门外：新握手 {fresh}，使用旧会话 {resumed}",
    ),
    "unproven": Text(en="that {name} is shut out was NOT proven", zh="未能证实 {name} 已被拒之门外"),
    "doctor": Text(en="handclasp doctor says:", zh="handclasp doctor 的诊断："),
    "base64": Text(en="... {lines} lines of base64 ...", zh="……{lines} 行 base64……"),
    "patched": Text(
        en="the patch, applied to this very nginx: the same request gets {after}",
        zh="把补丁用在这个 nginx 上：同一请求得到 {after}",
    ),
    "no-patch": Text(en="nothing; there was no patch", zh="无；没有补丁"),
    "all": Text(
        en="Everything came out as it must, on a real nginx {nginx}, in {seconds} s.",
        zh="一切符合预期：真实的 nginx {nginx}，用时 {seconds} 秒。",
    ),
    "failed": Text(
        en="{failed} of the acts did NOT come out as they must, on nginx {nginx}.",
        zh="在 nginx {nginx} 上，有 {failed} 幕不符合预期。",
    ),
    "folder": Text(
        en="Everything below is measured on a real nginx, on loopback, in {folder}",
        zh="以下内容均在真实的 nginx 上测得，仅用回环地址，位于 {folder}",
    ),
    "gone": Text(en="nginx is stopped, and {folder} is gone.", zh="nginx 已停止，{folder} 已删除。"),
    "kept": Text(en="It goes on running. Visit it:", zh="它继续运行。访问方式："),
    "browser": Text(
        en="browser   import {p12} (password in {password}),\n          trust {root} for web sites, then open {url}",
        zh="浏览器    导入 {p12}（密码在 {password} 中），\n          将 {root} 设为受信任的网站根证书，然后打开 {url}",
    ),
    "stop": Text(en="stop it   {command}", zh="停止      {command}"),
}
