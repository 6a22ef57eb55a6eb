"""What the CA's commands say, in English and Chinese: one catalogue, keyed by the message."""

from handclasp.model.text import Text

_WORDS: dict[str, Text] = {
    "ready": Text(en="Your certificate authority is ready.", zh="您的证书颁发机构已就绪。"),
    "nothing-to-do": Text(en="There is a CA here already; nothing to do.", zh="这里已有证书颁发机构，无需操作。"),
    "root-ready": Text(
        en="The root CA is ready. Keep this machine off the network.", zh="根证书颁发机构已就绪。请让这台机器远离网络。"
    ),
    "good-until": Text(en="  {label} good until {end}   {path}", zh="  {label} 有效期至 {end}   {path}"),
    "for-nginx": Text(
        en="  for nginx: ssl_client_certificate {bundle};\n             ssl_crl                {crl};",
        zh="  用于 nginx：ssl_client_certificate {bundle};\n              ssl_crl                {crl};",
    ),
    "passphrase-made": Text(
        en="nobody is here to choose a passphrase: one is made, in {path} (mode 0600); keep it away from the keys if you can",
        zh="没有可以询问口令的终端：已生成口令，存放于 {path}（权限 0600）；如有可能，请与密钥分开保存",
    ),
    "keep-safe": Text(
        en="keep safe: a backup (handclasp backup FILE), and the passphrase apart from it",
        zh="请妥善保管：备份（handclasp backup FILE），口令与备份分开存放",
    ),
    "issued": Text(en="{name}: {profile} certificate, good until {end}", zh="{name}：{profile} 证书，有效期至 {end}"),
    "serial": Text(en="  serial {serial}", zh="  序列号 {serial}"),
    "not-granted": Text(en="  not granted: {wish}", zh="  未准许：{wish}"),
    "resumed": Text(
        en="an interrupted run had signed it; its files are complete now", zh="它由一次中断的运行签发；现在文件已完整"
    ),
    "next-server": Text(
        en="next: ssl_certificate takes {chain}, ssl_certificate_key takes {key}",
        zh="下一步：ssl_certificate 用 {chain}，ssl_certificate_key 用 {key}",
    ),
    "next-client": Text(
        en="next: curl --cert {chain} --key {key} https://...",
        zh="下一步：curl --cert {chain} --key {key} https://...",
    ),
    "next-device": Text(
        en="for a phone or a browser: handclasp export {name} --for ios (or android, windows, macos, firefox ...)",
        zh="用于手机或浏览器：handclasp export {name} --for ios（或 android、windows、macos、firefox 等）",
    ),
    "own-key": Text(en="THE-KEY-OF-THE-REQUEST", zh="请求所用的私钥文件"),
    "renewed": Text(en="{name}: renewed, good until {end}   {path}", zh="{name}：已续期，有效期至 {end}   {path}"),
    "rekeyed": Text(
        en="{name}: new key and certificate, good until {end}   {path}", zh="{name}：新密钥和新证书，有效期至 {end}   {path}"
    ),
    "not-renewed": Text(en="{name}: NOT renewed: {why}", zh="{name}：未能续期：{why}"),
    "nothing-due": Text(en="Nothing is due.", zh="没有需要续期的证书。"),
    "next-renewed": Text(
        en="next: bring the new chain.pem to its place; when it is used, the old one may be revoked by its serial",
        zh="下一步：把新的 chain.pem 放到使用它的地方；启用之后，可按序列号吊销旧证书",
    ),
    "next-adopted": Text(
        en="next: {command}     its people.conf does not know new certificates yet",
        zh="下一步：{command}     其 people.conf 还不认识新证书",
    ),
    "next-rekeyed": Text(
        en="next: bring the new files to their place; if the old key was stolen: handclasp revoke {name} --serial {serial}",
        zh="下一步：把新文件放到使用它们的地方；若旧密钥被盗：handclasp revoke {name} --serial {serial}",
    ),
    "stale-bundles": Text(
        en="these bundles hold the former certificate and are put away in previous/; make new ones: {commands}",
        zh="以下设备包含的是先前的证书，已移入 previous/；请重新生成：{commands}",
    ),
    "would-revoke": Text(
        en="{name}: serial {serial} would be revoked ({reason})", zh="{name}：将吊销序列号 {serial}（{reason}）"
    ),
    "would-publish": Text(
        en="  CRL {number} of the {label} CA would list {count}", zh="  {label} CA 的第 {number} 号吊销列表将包含 {count} 项"
    ),
    "unheld": Text(
        en="{name}: the hold is lifted; serial {serial} is good again", zh="{name}：已解除暂停；序列号 {serial} 重新有效"
    ),
    "next-unheld": Text(
        en="next: handclasp nginx apply     nginx lets it in when it has the new CRL",
        zh="下一步：handclasp nginx apply     nginx 读入新的吊销列表后才会放行",
    ),
    "passphrase-changed": Text(
        en="Under the new passphrase: {count} CA key{s}. Old backups keep the old one.",
        zh="{count} 个 CA 私钥已改用新口令。旧备份仍使用旧口令。",
    ),
    "ca-line": Text(
        en="{label}  {state}, good until {end}, {for_whom}, {users} user{s}{key}",
        zh="{label}  {state}，有效期至 {end}，{for_whom}，{users} 个使用者{key}",
    ),
    "active": Text(en="active", zh="在用"),
    "retired": Text(en="retired", zh="已停签"),
    "dropped": Text(en="dropped", zh="已弃用"),
    "for-all": Text(en="for everything", zh="用于所有证书"),
    "for-some": Text(en="for {profiles}", zh="用于 {profiles}"),
    "key-elsewhere": Text(en=", key elsewhere", zh="，私钥不在此处"),
    "ca-made": Text(en="{label}: CA '{subject}', good until {end}", zh="{label}：CA“{subject}”，有效期至 {end}"),
    "ca-limits": Text(en="  held to: {limits}", zh="  限于：{limits}"),
    "next-apply": Text(
        en="next: handclasp nginx apply (or reload your nginx): it must know the new CA before its certificates are used",
        zh="下一步：handclasp nginx apply（或重新加载您的 nginx）：使用新证书之前，nginx 必须先认识新的 CA",
    ),
    "request-made": Text(
        en="The key stays here. Bring this request to the machine of the root: {path}",
        zh="私钥留在此处。请把这份请求带到根 CA 所在的机器：{path}",
    ),
    "next-sign": Text(
        en="there:  handclasp ca sign {file} -o reply.pem\nthen here:  handclasp ca accept reply.pem",
        zh="在那里：handclasp ca sign {file} -o reply.pem\n再回到这里：handclasp ca accept reply.pem",
    ),
    "ca-signed": Text(en="Signed '{subject}', good until {end}: {path}", zh="已签发“{subject}”，有效期至 {end}：{path}"),
    "next-accept": Text(
        en="next: bring {file} back, and there: handclasp ca accept {file}",
        zh="下一步：把 {file} 带回去，在那里运行：handclasp ca accept {file}",
    ),
    "accepted": Text(
        en="{label} can sign now. Its root is '{root}', SHA-256 {fingerprint}",
        zh="{label} 现在可以签发证书。其根为“{root}”，SHA-256 {fingerprint}",
    ),
    "compare": Text(
        en="compare that fingerprint with the root's machine: handclasp ca list -v     next: handclasp issue alice",
        zh="请与根 CA 机器上显示的指纹核对：handclasp ca list -v     下一步：handclasp issue alice",
    ),
    "succeeded": Text(en="{old} is followed by {new}", zh="{old} 由 {new} 接替"),
    "vouched": Text(
        en="the old root vouches for the new one until {end}: chain.pem of new certificates holds that too",
        zh="旧根为新根背书至 {end}：新证书的 chain.pem 中也包含它",
    ),
    "not-vouched": Text(
        en="the old root may not vouch for the new one (path length): bring the new root to clients and servers first",
        zh="旧根不能为新根背书（路径长度不允许）：请先把新根分发到客户端和服务器",
    ),
    "still-users": Text(en="still using the old CA: {count}", zh="仍有 {count} 个身份使用旧 CA："),
    "no-users": Text(en="Nobody uses {label} any more.", zh="已无人使用 {label}。"),
    "user-line": Text(en="  {name}  {profile}, until {until}{newer}", zh="  {name}  {profile}，至 {until}{newer}"),
    "user-newer": Text(en=" (has a newer one elsewhere)", zh="（已有其他 CA 的新证书）"),
    "revoke-failed": Text(
        en="{what} is recorded as revoked, and the proof FAILED ({seconds} s):",
        zh="{what} 已记录为吊销，但验证失败（{seconds} 秒）：",
    ),
    "revoke-failed-all": Text(
        en="{count} identities are recorded as revoked, and the proof FAILED ({seconds} s):",
        zh="{count} 个身份已记录为吊销，但验证失败（{seconds} 秒）：",
    ),
    "revoke-proven": Text(
        en="{what} is revoked: nginx refused it, fresh and resumed, {seconds} s after the order.",
        zh="{what} 已吊销：命令发出 {seconds} 秒后，nginx 已拒绝它的新握手和恢复的会话。",
    ),
    "revoke-proven-all": Text(
        en="{count} identities are revoked: nginx refused every one, fresh and resumed, {seconds} s after the order.",
        zh="{count} 个身份已吊销：命令发出 {seconds} 秒后，nginx 已拒绝其中每一个的新握手和恢复的会话。",
    ),
    "revoke-recorded": Text(
        en="{what} is recorded as revoked and on the published CRL ({seconds} s); the proof is not complete:",
        zh="{what} 已记录为吊销，并列入已发布的 CRL（{seconds} 秒）；验证尚不完整：",
    ),
    "revoke-recorded-all": Text(
        en="{count} identities are recorded as revoked and on the published CRL ({seconds} s); the proof is not complete:",
        zh="{count} 个身份已记录为吊销，并列入已发布的 CRL（{seconds} 秒）；验证尚不完整：",
    ),
    "next-under": Text(en="next: handclasp renew --under {label}", zh="下一步：handclasp renew --under {label}"),
    "next-drop": Text(en="next: handclasp ca drop {label}", zh="下一步：handclasp ca drop {label}"),
    "next-requests": Text(
        en="next, for each CA below it: handclasp ca request LABEL there, handclasp ca sign here; replies bring the new root",
        zh="下一步：在其下级 CA 所在的每台机器上运行 handclasp ca request LABEL，再在此处 handclasp ca sign：答复中带有新根",
    ),
    "next-successor": Text(
        en="next: handclasp ca rollover {label} (or ca request and ca retire, if the key above it is elsewhere)",
        zh="下一步：handclasp ca rollover {label}（如果上级密钥在别处，则用 ca request 和 ca retire）",
    ),
    "next-superseded": Text(
        en="next, when another CA has followed there: handclasp ca revoke SERIAL --reason superseded (see list --all)",
        zh="下一步（那里已有其他 CA 接替）：handclasp ca revoke SERIAL --reason superseded（见 list --all）",
    ),
    "is-retired": Text(
        en="{label} signs nobody new; what it signed stays good.", zh="{label} 不再签发新证书；已签发的仍然有效。"
    ),
    "is-dropped": Text(en="No longer trusted: {labels}", zh="不再受信任：{labels}"),
    "addresses": Text(en="  {kind}: {url}", zh="  {kind}：{url}"),
    "no-addresses": Text(en="Certificates name no addresses.", zh="证书中不写入任何地址。"),
    "next-addresses": Text(
        en="they go into certificates from now on; those issued before stay as they are",
        zh="从现在起写入新证书；此前签发的不变",
    ),
    "units-written": Text(en="  {path}", zh="  {path}"),
    "nginx-of-another": Text(
        en="{path} is not {user}'s: {unit} would fail there, and was left out",
        zh="{path} 不属于 {user}：{unit} 在那里会失败，因此没有写入",
    ),
    "nginx-user": Text(
        en="if whoever owns {home} may act as root here: handclasp systemd --home {home} --nginx-user root     (as root)\n"
        "else give the home to root: chown -R root: {home}; until then, after each timer, as root: handclasp crl --reload",
        zh="如果 {home} 的所有者可以在这里以 root 行事：\n"
        "handclasp systemd --home {home} --nginx-user root     （以 root 运行）\n"
        "否则把主目录交给 root：chown -R root: {home}；在此之前，每次定时任务之后以 root 运行：handclasp crl --reload",
    ),
    "next-units": Text(
        en="next: systemctl daemon-reload && systemctl enable --now {timers}",
        zh="下一步：systemctl daemon-reload && systemctl enable --now {timers}",
    ),
}


def say(lang: str, key: str, /, **values: object) -> str:
    """The message in that language, filled in. Values must have passed present.visible where they are foreign."""
    return _WORDS[key].in_language(lang).format(**values)


def keys() -> tuple[str, ...]:
    """Every message there is."""
    return tuple(_WORDS)
