"""Where a certificate goes: which files each kind of device or program reads, and what its owner has to do.

In the steps {name} is the identity, {p12} the container's file name, {host} stands for the server.
Containers: what a device's importer reads decides (a wrong choice shows there as "wrong password").
"""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.errors import UsageError
from handclasp.model.text import Text


class Form(StrEnum):
    """Files of a bundle."""

    P12 = "p12"
    P12_LEGACY = "p12-legacy"
    MOBILECONFIG = "mobileconfig"
    PEM = "pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One target of `handclasp export --for`."""

    slug: str
    title: str
    forms: tuple[Form, ...]
    steps: tuple[Text, ...]


_PASSWORD = Text(
    en="Type the password from password.txt. Send it to the owner by another way than the file.",
    zh="输入 password.txt 中的密码。密码要通过与文件不同的渠道交给使用者。",
)
_RESTART = Text(
    en="Close every window of the browser and open https://{host}/ again; choose {name} when asked.",
    zh="关闭浏览器的所有窗口，重新打开 https://{host}/，提示选择证书时选 {name}。",
)

DEVICES = (
    Device(
        slug="ios",
        title="iPhone, iPad",
        forms=(Form.MOBILECONFIG, Form.P12_LEGACY),
        steps=(
            Text(
                en="Send {name}.mobileconfig to the device (AirDrop, mail to yourself, or a download) and open it there.",
                zh="把 {name}.mobileconfig 传到设备上（隔空投送、邮件或下载），并在设备上打开。",
            ),
            Text(
                en="Settings, Profile Downloaded, Install. It is not signed; iOS shows that in red, and it is all right.",
                zh="打开“设置”中的“已下载描述文件”，点“安装”。描述文件未签名，会显示为红色，这是正常的。",
            ),
            _PASSWORD,
            Text(
                en="Safari uses it at once. Apps do so only if they support client certificates.",
                zh="Safari 立即可用。其他应用只有自身支持客户端证书时才能使用。",
            ),
        ),
    ),
    Device(
        slug="macos",
        title="macOS",
        forms=(Form.P12_LEGACY, Form.MOBILECONFIG),
        steps=(
            Text(
                en="Double-click {p12}; Keychain Access asks where to: choose the keychain login.",
                zh="双击 {p12}，“钥匙串访问”询问位置时选择“登录”钥匙串。",
            ),
            _PASSWORD,
            _RESTART,
        ),
    ),
    Device(
        slug="windows",
        title="Windows 10, 11, Server 2019 and later",
        forms=(Form.P12,),
        steps=(
            Text(
                en="Double-click {p12}, choose Current User, and let Windows pick the store.",
                zh="双击 {p12}，选择“当前用户”，让 Windows 自动选择证书存储。",
            ),
            _PASSWORD,
            Text(
                en="Edge and Chrome use the store of Windows. Firefox has its own: export --for firefox.",
                zh="Edge 和 Chrome 使用 Windows 的证书存储。Firefox 有自己的存储：请用 export --for firefox。",
            ),
            _RESTART,
        ),
    ),
    Device(
        slug="windows-old",
        title="Windows 7 to 10 1703, Server 2008 to 2016",
        forms=(Form.P12_LEGACY,),
        steps=(
            Text(
                en="Double-click {p12}, choose Current User, and let Windows pick the store.",
                zh="双击 {p12}，选择“当前用户”，让 Windows 自动选择证书存储。",
            ),
            _PASSWORD,
            _RESTART,
        ),
    ),
    Device(
        slug="android",
        title="Android",
        forms=(Form.P12_LEGACY,),
        steps=(
            Text(
                en="Copy {p12} to the phone. Settings, Security, Encryption and credentials, Install a certificate, "
                "VPN and app user certificate.",
                zh="把 {p12} 复制到手机。依次进入“设置”、“安全”、“加密与凭据”、“安装证书”、“VPN 和应用用户证书”。",
            ),
            _PASSWORD,
            Text(
                en="The phone needs a screen lock. Chrome asks for the certificate; apps do so only if they support it.",
                zh="手机必须设置锁屏。Chrome 会提示选择证书；其他应用只有自身支持时才能使用。",
            ),
        ),
    ),
    Device(
        slug="firefox",
        title="Firefox",
        forms=(Form.P12,),
        steps=(
            Text(
                en="Settings, Privacy and Security, View Certificates, Your Certificates, Import: choose {p12}.",
                zh="打开“设置”、“隐私与安全”、“查看证书”、“您的证书”，点“导入”并选择 {p12}。",
            ),
            _PASSWORD,
            _RESTART,
        ),
    ),
    Device(
        slug="chrome-linux",
        title="Chrome and Chromium on Linux",
        forms=(Form.P12,),
        steps=(
            Text(
                en="pk12util -d sql:$HOME/.pki/nssdb -i {p12}    (packages: libnss3-tools, nss-tools)",
                zh="pk12util -d sql:$HOME/.pki/nssdb -i {p12}    （软件包：libnss3-tools 或 nss-tools）",
            ),
            _PASSWORD,
            _RESTART,
        ),
    ),
    Device(
        slug="curl",
        title="curl",
        forms=(Form.PEM,),
        steps=(
            Text(
                en="curl --cert chain.pem --key key.pem https://{host}/",
                zh="curl --cert chain.pem --key key.pem https://{host}/",
            ),
            Text(
                en="If the server's certificate is of this CA too, add --cacert root-ca.pem. Never use -k: it checks nothing.",
                zh="如果服务器证书也由本 CA 签发，加上 --cacert root-ca.pem。不要用 -k：它不做任何校验。",
            ),
        ),
    ),
    Device(
        slug="python",
        title="Python",
        forms=(Form.PEM,),
        steps=(
            Text(
                en='requests.get("https://{host}/", cert=("chain.pem", "key.pem"))',
                zh='requests.get("https://{host}/", cert=("chain.pem", "key.pem"))',
            ),
            Text(
                en='With ssl: context = ssl.create_default_context(); context.load_cert_chain("chain.pem", "key.pem")',
                zh='使用 ssl：context = ssl.create_default_context(); context.load_cert_chain("chain.pem", "key.pem")',
            ),
            Text(
                en='If the server\'s certificate is of this CA too: verify="root-ca.pem". Never verify=False.',
                zh='如果服务器证书也由本 CA 签发：verify="root-ca.pem"。不要用 verify=False。',
            ),
        ),
    ),
    Device(
        slug="nodejs",
        title="Node.js",
        forms=(Form.PEM,),
        steps=(
            Text(
                en='https.request({ host: "{host}", cert: fs.readFileSync("chain.pem"), key: fs.readFileSync("key.pem") })',
                zh='https.request({ host: "{host}", cert: fs.readFileSync("chain.pem"), key: fs.readFileSync("key.pem") })',
            ),
            Text(
                en='If the server\'s certificate is of this CA too: ca: fs.readFileSync("root-ca.pem").',
                zh='如果服务器证书也由本 CA 签发：ca: fs.readFileSync("root-ca.pem")。',
            ),
        ),
    ),
    Device(
        slug="java",
        title="Java",
        forms=(Form.P12,),
        steps=(
            Text(
                en="-Djavax.net.ssl.keyStore={p12} -Djavax.net.ssl.keyStoreType=PKCS12; the password belongs into a properties "
                "file of mode 0600, not on the command line.",
                zh="-Djavax.net.ssl.keyStore={p12} -Djavax.net.ssl.keyStoreType=PKCS12；"
                "密码应放在权限 0600 的配置文件中，不要写在命令行上。",
            ),
            _PASSWORD,
        ),
    ),
    Device(
        slug="nginx",
        title="nginx as the client of an upstream",
        forms=(Form.PEM,),
        steps=(
            Text(
                en="proxy_ssl_certificate chain.pem; proxy_ssl_certificate_key key.pem;",
                zh="proxy_ssl_certificate chain.pem; proxy_ssl_certificate_key key.pem;",
            ),
            Text(
                en="And verify the upstream: proxy_ssl_verify on; proxy_ssl_trusted_certificate ...; proxy_ssl_name ...;",
                zh="同时校验上游：proxy_ssl_verify on; proxy_ssl_trusted_certificate ...; proxy_ssl_name ...;",
            ),
        ),
    ),
)
"""Every target, in the order they are shown."""


def device_named(slug: str) -> Device:
    """The device of that slug; UsageError when there is none."""
    for device in DEVICES:
        if device.slug == slug:
            return device
    raise UsageError(f"there is no device {slug!r}", hint=f"use one of: {', '.join(one.slug for one in DEVICES)}")
