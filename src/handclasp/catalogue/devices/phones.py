"""Phones and tablets."""

from handclasp.catalogue.devices.device import NOT_IN_BROWSERS, PASSWORD, Device, Form
from handclasp.model.card import Step
from handclasp.model.text import Text

_IOS = Device(
    slug="ios",
    unread=NOT_IN_BROWSERS,
    title=Text(en="iPhone, iPad", zh="iPhone、iPad"),
    forms=(Form.MOBILECONFIG, Form.P12_COMPAT),
    steps=(
        Step(
            text=Text(
                en="Bring {name}.mobileconfig to the device (AirDrop, Files, mail to yourself) and open it there.",
                zh="把 {name}.mobileconfig 传到设备上（隔空投送、“文件”App 或发给自己的邮件），并在设备上打开。",
            )
        ),
        Step(
            text=Text(
                en="Settings, General, VPN & Device Management, {name}, Install; type the code of the device.",
                zh="打开“设置”、“通用”、“VPN 与设备管理”，选 {name}，点“安装”，输入设备锁屏密码。",
            )
        ),
        PASSWORD,
    ),
    trust=(
        Step(
            text=Text(
                en="Settings, General, About, Certificate Trust Settings: switch this CA on. Compare its fingerprint "
                "below first.",
                zh="打开“设置”、“通用”、“关于本机”、“证书信任设置”，启用此 CA。启用前请核对下方的指纹。",
            )
        ),
    ),
    check=Text(
        en="Open {url} in Safari: the page appears. Other apps can do this only if they support client certificates.",
        zh="用 Safari 打开 {url}：页面正常显示。其他 App 只有自身支持客户端证书时才能使用。",
    ),
    trouble=(
        Text(
            en="The profile is shown as not verified: the device does not know this CA. Its signature still proves "
            "that nobody changed it on the way, once the CA is trusted.",
            zh="描述文件显示“未验证”：设备还不认识此 CA。信任该 CA 之后，签名即可证明文件在途中没有被改动。",
        ),
        Text(
            en="The device refuses the profile: open {p12} instead; it holds the same certificate.",
            zh="设备拒绝描述文件：改为打开 {p12}，其中是同一份证书。",
        ),
    ),
    remove=Text(
        en="Settings, General, VPN & Device Management, {name}, Remove Profile.",
        zh="打开“设置”、“通用”、“VPN 与设备管理”，选 {name}，点“移除描述文件”。",
    ),
)

_ANDROID = Device(
    slug="android",
    unread=NOT_IN_BROWSERS,
    title=Text(en="Android", zh="Android"),
    forms=(Form.P12_COMPAT,),
    steps=(
        Step(
            text=Text(
                en="Copy {p12} to the phone. The phone needs a screen lock.", zh="把 {p12} 复制到手机。手机必须已设置锁屏。"
            )
        ),
        Step(
            text=Text(
                en="Settings, Security & privacy, More, Encryption & credentials, Install a certificate, VPN & app user "
                "certificate: choose {p12}. Makers name these pages differently; searching the settings for 'certificate' "
                "finds them.",
                zh="依次进入“设置”、“安全和隐私”、“更多”、“加密与凭据”、“安装证书”、“VPN 和应用用户证书”，选 {p12}。"
                "各厂商的菜单名称不同，可在设置中搜索“证书”。",
            )
        ),
        PASSWORD,
        Step(text=Text(en="Name it {name}.", zh="名称填 {name}。")),
    ),
    trust=(
        Step(
            text=Text(
                en="For the server: Install a certificate, CA certificate, root-ca.pem. Android warns, and it is right to: "
                "compare the fingerprint below first. Chrome then trusts it; most other apps do not.",
                zh="为信任服务器：“安装证书”、“CA 证书”，选 root-ca.pem。Android 会发出警告，这是应当的：请先核对下方指纹。"
                "之后 Chrome 信任它，大多数其他应用仍不信任。",
            )
        ),
    ),
    check=Text(
        en="Open {url} in Chrome, choose {name}: the page appears. Firefox for Android cannot do this by itself.",
        zh="用 Chrome 打开 {url}，选 {name}：页面正常显示。Android 版 Firefox 默认做不到。",
    ),
    trouble=(
        Text(
            en="'Wrong password' for the right one: the phone cannot read this container's algorithms. This bundle avoids "
            "that; a file made by `issue` without --legacy-p12 may show it.",
            zh="密码正确却提示密码错误：手机读不懂该文件所用的算法。本文件已避免此问题；"
            "未加 --legacy-p12 的 `issue` 所生成的文件可能遇到。",
        ),
    ),
    remove=Text(
        en="Settings, the same page, User credentials: {name}, Remove.",
        zh="在设置的同一页面进入“用户凭据”，选 {name}，点“移除”。",
    ),
)

PHONES = (_IOS, _ANDROID)
