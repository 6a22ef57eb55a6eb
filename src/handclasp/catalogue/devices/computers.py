"""Computers and their browsers."""

from handclasp.catalogue.devices.device import BROWSER, CANCELLED, NOT_IN_BROWSERS, PASSWORD, Device, Form
from handclasp.model.card import Step
from handclasp.model.text import Text

_WIZARD = Step(
    text=Text(
        en="Double-click {p12}, choose Current User, and let Windows pick the store.",
        zh="双击 {p12}，选择“当前用户”，让 Windows 自动选择证书存储。",
    )
)
_WINDOWS_TRUST = Step(
    text=Text(
        en="For the server, in a command prompt; Windows shows the fingerprint, compare it with the one below:",
        zh="为信任服务器，在命令提示符中运行；Windows 会显示指纹，请与下方核对：",
    ),
    code="certutil -user -addstore Root root-ca.pem",
)
_WINDOWS_REMOVE = Text(
    en="Run certmgr.msc, Personal, Certificates: delete {name}.", zh="运行 certmgr.msc，在“个人”、“证书”中删除 {name}。"
)
_MACOS = Device(
    slug="macos",
    unread=NOT_IN_BROWSERS,
    title=Text(en="macOS", zh="macOS"),
    forms=(Form.P12_COMPAT, Form.MOBILECONFIG),
    steps=(
        Step(
            text=Text(
                en="Double-click {p12}; Keychain Access asks where to: choose the keychain login.",
                zh="双击 {p12}，“钥匙串访问”询问位置时选择“登录”钥匙串。",
            )
        ),
        PASSWORD,
    ),
    trust=(
        Step(
            text=Text(
                en="For the server: double-click root-ca.pem, keychain login, then set its Trust, SSL, to Always Trust. "
                "Compare the fingerprint below first.",
                zh="为信任服务器：双击 root-ca.pem 加入“登录”钥匙串，再把“信任”中的 SSL 设为“始终信任”。请先核对下方指纹。",
            )
        ),
    ),
    check=BROWSER,
    trouble=(
        CANCELLED,
        Text(
            en="Firefox has a store of its own: export --for firefox.",
            zh="Firefox 有自己的证书存储：请用 export --for firefox。",
        ),
    ),
    remove=Text(
        en="Keychain Access, login, My Certificates: delete {name}.", zh="在“钥匙串访问”、“登录”、“我的证书”中删除 {name}。"
    ),
)
_WINDOWS = Device(
    slug="windows",
    unread=NOT_IN_BROWSERS,
    title=Text(en="Windows 10 from 1709, 11, Server 2019 and later", zh="Windows 10（1709 起）、11、Server 2019 及以后"),
    forms=(Form.P12,),
    steps=(_WIZARD, PASSWORD),
    trust=(_WINDOWS_TRUST,),
    check=BROWSER,
    trouble=(
        CANCELLED,
        Text(
            en="'The password is incorrect' for the right one: this Windows is older. Use export --for windows-old.",
            zh="密码正确却提示密码不正确：这个 Windows 版本较旧。请用 export --for windows-old。",
        ),
        Text(
            en="Edge and Chrome use the store of Windows. Firefox has its own: export --for firefox.",
            zh="Edge 和 Chrome 使用 Windows 的证书存储。Firefox 有自己的存储：请用 export --for firefox。",
        ),
    ),
    remove=_WINDOWS_REMOVE,
)
_WINDOWS_OLD = Device(
    slug="windows-old",
    unread=NOT_IN_BROWSERS,
    title=Text(en="Windows 7 to 10 1703, Server 2008 to 2016", zh="Windows 7 至 10 1703、Server 2008 至 2016"),
    forms=(Form.P12_COMPAT,),
    steps=(_WIZARD, PASSWORD),
    trust=(_WINDOWS_TRUST,),
    check=BROWSER,
    trouble=(CANCELLED,),
    remove=_WINDOWS_REMOVE,
)
_FIREFOX = Device(
    slug="firefox",
    unread=NOT_IN_BROWSERS,
    title=Text(en="Firefox (Windows, macOS, Linux)", zh="Firefox（Windows、macOS、Linux）"),
    forms=(Form.P12,),
    steps=(
        Step(
            text=Text(
                en="Settings, Privacy & Security, View Certificates, Your Certificates, Import: choose {p12}.",
                zh="打开“设置”、“隐私与安全”、“查看证书”、“您的证书”，点“导入”并选择 {p12}。",
            )
        ),
        PASSWORD,
    ),
    trust=(
        Step(
            text=Text(
                en="For the server: the same window, Authorities, Import: root-ca.pem, 'identify websites'. Compare the "
                "fingerprint below first.",
                zh="为信任服务器：在同一窗口的“证书颁发机构”中导入 root-ca.pem，勾选“标识网站”。请先核对下方指纹。",
            )
        ),
    ),
    check=BROWSER,
    trouble=(CANCELLED,),
    remove=Text(
        en="The same window, Your Certificates: choose {name}, Delete.", zh="在同一窗口的“您的证书”中选 {name}，点“删除”。"
    ),
)
_CHROME_LINUX = Device(
    slug="chrome-linux",
    unread=NOT_IN_BROWSERS,
    title=Text(en="Chrome and Chromium on Linux", zh="Linux 上的 Chrome 和 Chromium"),
    forms=(Form.P12,),
    steps=(
        Step(
            text=Text(
                en="Make the store if there is none (package libnss3-tools or nss-tools):",
                zh="若还没有证书存储则先创建（软件包 libnss3-tools 或 nss-tools）：",
            ),
            code='[ -d "$HOME/.pki/nssdb" ] || { mkdir -p "$HOME/.pki/nssdb" && '
            'certutil -d "sql:$HOME/.pki/nssdb" -N --empty-password; }',
        ),
        Step(
            text=Text(en="Put the certificate into it; it asks for the password:", zh="导入证书，命令会询问密码："),
            code='pk12util -d "sql:$HOME/.pki/nssdb" -i {p12}',
        ),
        PASSWORD,
    ),
    trust=(
        Step(
            text=Text(en="For the server; compare the fingerprint below first:", zh="为信任服务器；请先核对下方指纹："),
            code='certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n {name}-ca -i root-ca.pem',
        ),
    ),
    check=BROWSER,
    trouble=(CANCELLED,),
    remove=Text(en="certutil -d sql:$HOME/.pki/nssdb -F -n {name}", zh="运行 certutil -d sql:$HOME/.pki/nssdb -F -n {name}"),
)

COMPUTERS = (_MACOS, _WINDOWS, _WINDOWS_OLD, _FIREFOX, _CHROME_LINUX)
