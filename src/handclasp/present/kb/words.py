"""The fixed words of the pages, in both languages."""

from handclasp.catalogue.cause import Status
from handclasp.catalogue.symptoms import SymptomKind
from handclasp.model.messages import languages, translate
from handclasp.model.text import Text

# The tag of a language in HTML where it is not the name of its file.
HTML_TAGS = {"zh": "zh-Hans"}


def language_names() -> dict[str, str]:
    """Every language of the pages by what its readers call it: what its file says for "English"."""
    return {lang: translate("English", lang) for lang in languages()}


def html_tag(lang: str) -> str:
    """What the attribute lang says."""
    return HTML_TAGS.get(lang, lang)


WORDS = {
    "site": Text(en="Handclasp knowledge base", zh="Handclasp 知识库"),
    "brand": Text(en="Handclasp", zh="Handclasp"),
    "tagline": Text(
        en="Every way client certificates and upstream verification fail in nginx: what is seen, why, and what cures it."
        " Figures are counts of runs on real nginx builds.",
        zh="nginx 双向认证与上游验证的各种失败：看到什么、为什么、怎么解决。所有数字都是在真实 nginx 版本上的实验次数。",
    ),
    "colon": Text(en=": ", zh="："),
    "skip": Text(en="Skip to the content", zh="跳到正文"),
    "home": Text(en="Start", zh="首页"),
    "symptoms": Text(en="By symptom", zh="按现象"),
    "causes": Text(en="By cause", zh="按原因"),
    "versions": Text(en="By version", zh="按版本"),
    "matrix": Text(en="The lab", zh="实验室"),
    "errors": Text(en="Errors", zh="错误"),
    "docs": Text(en="Documentation", zh="文档"),
    "docs-about": Text(
        en="Learn it, do a job, look something up, or understand why: four kinds of texts, and what the program says itself.",
        zh="入门学习、完成任务、查阅细节、理解原理：四类文档，以及由程序自身生成的内容。",
    ),
    "symptoms-about": Text(
        en="Everything that is seen: numbers, pages, log lines, refusals, holes.",
        zh="所有能看到的现象：编号、页面、日志行、拒绝启动、静默漏洞。",
    ),
    "causes-about": Text(en="Every root cause, by area.", zh="按类别列出的所有根本原因。"),
    "versions-about": Text(en="What differs between nginx and OpenSSL releases.", zh="nginx 与 OpenSSL 各版本之间的差异。"),
    "matrix-about": Text(
        en="Every cause, remedy and dead end with its count of runs.", zh="每个原因、处理方法和错误做法的实验次数。"
    ),
    "order-counted": Text(
        en="Most frequent in the lab first; what only shows another fault’s line comes last.",
        zh="按实验中出现的频率排序；只是借用其他错误日志行的排在最后。",
    ),
    "order-unmeasured": Text(
        en="Not measured: no build of the lab shows this. The one that fits best comes first.",
        zh="未测量：实验室的版本不会出现。最符合的排在最前。",
    ),
    "order-listed": Text(en="In the order to look; it is not counted.", zh="按检查的先后排列，不是次数统计。"),
    "languages": Text(en="Language", zh="语言"),
    "on-page": Text(en="On this page", zh="本页内容"),
    "glance": Text(en="At a glance", zh="概览"),
    "slug": Text(en="Address", zh="标识"),
    "area": Text(en="Area", zh="类别"),
    "side": Text(en="Side", zh="方向"),
    "side-client": Text(en="client → nginx", zh="客户端 → nginx"),
    "side-upstream": Text(en="nginx → upstream", zh="nginx → 上游"),
    "seen-on": Text(en="Seen on", zh="见于"),
    "usually": Text(en="What it usually means", zh="通常意味着"),
    "confused": Text(en="Easily confused with", zh="容易混淆"),
    "came-from": Text(en="Where it came from in the lab", zh="实验中的来源"),
    "by-build": Text(en="On which builds", zh="各版本中的出现情况"),
    "build": Text(en="Build", zh="版本"),
    "shown-by": Text(en="Shown by", zh="由其引起"),
    "not-shown": Text(en="not shown in any run", zh="没有实验出现"),
    "documentation": Text(en="Official documentation", zh="官方文档"),
    "threads": Text(en="Where people met it", zh="公开讨论"),
    "not-it": Text(en="Not it? What looks the same", zh="不是它？表现相同的还有"),
    "needs": Text(en="Needs", zh="前提"),
    "risk": Text(en="Mind", zh="注意"),
    "no-risk": Text(en="Nobody new is admitted, and nothing else changes.", zh="不会放进新的客户端，也不影响其他内容。"),
    "prove": Text(en="Verify", zh="检验"),
    "take-back": Text(en="Undo", zh="撤回"),
    "before": Text(en="Before you begin", zh="开始之前"),
    "written": Text(
        en="Tables and counts marked “generated” are made of the lab’s runs by a program; all other text is written.",
        zh="标有“由程序生成”的表格与次数来自实验记录，其余文字为编写的说明。",
    ),
    "generated-mark": Text(en="generated", zh="由程序生成"),
    "only-english": Text(en="This page is in English only.", zh="本页目前只有英文。"),
    "commands": Text(en="Commands", zh="命令"),
    "commands-about": Text(
        en="Every command with its options, from its own help.", zh="每个命令及其选项，取自命令自身的帮助。"
    ),
    "rules": Text(en="Rules of the doctor", zh="doctor 的规则"),
    "rules-about": Text(
        en="What the doctor looks at, in the order in which it tells its findings, and the causes each rule can name.",
        zh="doctor 检查的内容（按报告顺序），以及每条规则可以指出的原因。",
    ),
    "devices": Text(en="Devices and programs", zh="设备与程序"),
    "devices-about": Text(
        en="Where a client certificate goes, device by device: the command that makes the files, and what its owner does.",
        zh="客户端证书如何安装到各种设备：生成文件的命令，以及使用者的步骤。",
    ),
    "profiles": Text(en="Certificate profiles", zh="证书模板"),
    "profiles-about": Text(
        en="What each kind of certificate may be. A profile decides every extension; nothing is taken from a request.",
        zh="每类证书的规格。所有扩展都由模板决定，不取自请求。",
    ),
    "examples": Text(en="Examples", zh="示例"),
    "options": Text(en="Options", zh="选项"),
    "option": Text(en="Option", zh="选项"),
    "meaning": Text(en="Meaning", zh="含义"),
    "trouble": Text(en="Trouble", zh="常见问题"),
    "remove": Text(en="Remove it", zh="移除"),
    "rule": Text(en="Rule", zh="规则"),
    "looks-at": Text(en="Looks at", zh="检查内容"),
    "can-name": Text(en="Can name", zh="可指出的原因"),
    "any-cause": Text(en="any cause of the catalogue", zh="知识库中的任何原因"),
    "usage": Text(en="Usage", zh="用法"),
    "classics": Text(en="Most often asked", zh="最常见的问题"),
    "start-here": Text(en="Start here", zh="从这里开始"),
    "files": Text(en="Files", zh="文件"),
    "yes": Text(en="yes", zh="是"),
    "no": Text(en="no", zh="否"),
    "profile": Text(en="Profile", zh="模板"),
    "lifetime": Text(en="Lifetime, at most (days)", zh="有效期，上限（天）"),
    "names-allowed": Text(en="Names", zh="名称类型"),
    "keys": Text(en="Keys", zh="密钥"),
    "navigation": Text(en="Main", zh="主导航"),
    "search": Text(en="Search", zh="搜索"),
    "search-hint": Text(en="a log line, an error number, a page title, or words", zh="日志行、错误编号、页面标题或关键词"),
    "search-none": Text(en="Nothing fits. Try fewer words, or just the number.", zh="没有匹配的内容，可减少词语或只用编号。"),
    "noscript": Text(
        en="The search needs JavaScript; the lists do not. Your browser's own search works on them.",
        zh="搜索需要 JavaScript，列表不需要；可以用浏览器的页内查找。",
    ),
    "results": Text(en="Results", zh="搜索结果"),
    "means": Text(en="What it says", zh="含义"),
    "names": Text(en="Name by OpenSSL series", zh="各 OpenSSL 系列中的名称"),
    "number": Text(en="Number", zh="编号"),
    "symbol": Text(en="Symbol", zh="符号"),
    "text": Text(en="Text", zh="文字"),
    "behind": Text(en="What can be behind it", zh="可能的原因"),
    "no-cause": Text(
        en="No cause in this knowledge base shows it. OpenSSL defines it; nginx does not normally bring it up.",
        zh="本知识库中没有原因会产生它。OpenSSL 定义了它，但 nginx 的配置通常不会触发。",
    ),
    "picture": Text(en="The chain as nginx follows it, leaf first:", zh="nginx 所走的证书链，从叶证书开始："),
    "picture-of": Text(en="The chain as nginx follows it (OpenSSL 3.0), form", zh="nginx 所走的证书链（OpenSSL 3.0），变体"),
    "sent": Text(en="sent by the peer", zh="由对方发送"),
    "from-file": Text(en="from nginx's file", zh="来自 nginx 的文件"),
    "not-found": Text(en="looked for, not found", zh="需要但未找到"),
    "check": Text(en="How to tell", zh="如何判断"),
    "do": Text(en="What to do", zh="怎么处理"),
    "config": Text(en="Configuration", zh="配置"),
    "shell": Text(en="Commands", zh="命令"),
    "afterwards": Text(en="Afterwards", zh="之后"),
    "verify": Text(
        en="Check: `nginx -t`, reload, then the same request again; `handclasp doctor --prove` does it on a copy first.",
        zh="检验：`nginx -t`，重新加载，再发同样的请求；`handclasp doctor --prove` 会先在副本上验证。",
    ),
    "undo": Text(
        en="Undo: put the file back as it was and reload. Keep a copy before you change it.",
        zh="撤回：恢复原文件并重新加载。修改之前请先备份。",
    ),
    "dont": Text(en="What not to do", zh="不要这样做"),
    "shows": Text(en="How it shows itself", zh="表现"),
    "form": Text(en="Form", zh="变体"),
    "lab": Text(en="Measured", zh="实验结果"),
    "lab-none": Text(en="Not measured: the lab has no runs of it.", zh="未测量：实验室没有相关实验。"),
    "generated": Text(en="generated from the lab's runs", zh="由实验记录生成"),
    "reproduce": Text(en="Make it happen on a private nginx:", zh="在私有 nginx 上重现："),
    "next": Text(en="What may show itself after the fix", zh="修复后可能出现"),
    "notes": Text(en="Versions", zh="版本"),
    "references": Text(en="References", zh="参考"),
    "start": Text(en="nginx does not start", zh="nginx 无法启动"),
    "machine": Text(en="For programs", zh="供程序使用"),
    "cause": Text(en="Cause", zh="原因"),
    "seen": Text(en="Seen", zh="现象"),
    "runs": Text(en="Failed", zh="失败"),
    "controls": Text(en="Without the fault", zh="无此错误"),
    "best": Text(en="Remedies", zh="处理"),
    "worked": Text(en="worked", zh="正常"),
    "of": Text(en="of", zh="/"),
    "lab-intro": Text(
        en="Each cause is made to happen on every build; then every remedy and every tempting wrong fix is tried alone.",
        zh="在每个版本上重现每个原因，再逐一单独尝试每种处理方法和每种常见的错误做法。",
    ),
    "numbers-moved": Text(en="Numbers that mean different things", zh="含义随版本变化的编号"),
    "shown-on": Text(en="What each build showed", zh="各版本出现的现象"),
    "shown-on-about": Text(
        en="Broken runs of the lab that ended so, on each build. A dash: this build never showed it.",
        zh="实验中以此结束的失败次数，按版本列出。短横线表示该版本从未出现。",
    ),
    "by-notes": Text(en="What differs by version", zh="随版本不同之处"),
    "not-measured": Text(en="not measured", zh="未测量"),
    "look-alike": Text(en="can look like it", zh="表现可能相似"),
    "print-note": Text(en="Figures are counts of lab runs.", zh="数字为实验次数。"),
}

KINDS = {
    SymptomKind.VERIFY: Text(en="Verification errors", zh="验证错误"),
    SymptomKind.PAGE: Text(en="Error pages", zh="错误页面"),
    SymptomKind.LINE: Text(en="Other log lines and alerts", zh="其他日志行与警报"),
    SymptomKind.START: Text(en="nginx refuses to start", zh="nginx 拒绝启动"),
    SymptomKind.CLIENT: Text(en="What browsers, clients and other servers say", zh="浏览器、客户端和其他服务器的提示"),
    SymptomKind.HOLE: Text(en="Silent holes: no error, and that is the trouble", zh="静默漏洞：没有报错，这正是问题"),
}

AREAS = {
    "trust": Text(en="Trust", zh="信任"),
    "time": Text(en="Dates", zh="时间"),
    "purpose": Text(en="What a certificate may be used for", zh="证书用途"),
    "revocation": Text(en="Revocation", zh="吊销"),
    "files": Text(en="Files", zh="文件"),
    "protocol": Text(en="Protocol and strength", zh="协议与强度"),
    "name": Text(en="Names", zh="名称"),
    "identity": Text(en="nginx's own certificate to upstreams", zh="nginx 面向上游的证书"),
    "placement": Text(en="Directives and where they stand", zh="指令及其位置"),
    "several": Text(en="Several faults at once", zh="多个错误同时存在"),
    "client": Text(en="Clients", zh="客户端"),
    "topology": Text(en="What stands before nginx", zh="nginx 之前的设备"),
    "authorization": Text(en="Rules behind the verification", zh="验证之后的授权规则"),
    "headers": Text(en="Headers to the backend", zh="传给后端的请求头"),
    "sessions": Text(en="Session resumption", zh="会话恢复"),
    "running": Text(en="The running nginx", zh="运行中的 nginx"),
    "evidence": Text(en="Evidence", zh="证据"),
}

STATUS = {
    Status.REPRODUCED: Text(en="made to happen on real nginx", zh="已在真实 nginx 上重现"),
    Status.REPORTED: Text(en="known from reports", zh="来自公开报告"),
}
