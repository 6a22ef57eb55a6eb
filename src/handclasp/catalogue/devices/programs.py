"""Programs and libraries. Their code runs as it stands in the folder of the bundle."""

from handclasp.catalogue.devices.device import PASSWORD, Device, Form
from handclasp.model.card import Step
from handclasp.model.text import Text

_NEVER = Text(
    en="'Certificate verify failed' is about the server: give the program the server's CA. Never switch the check off.",
    zh="“certificate verify failed” 说的是服务器：应让程序信任服务器的 CA。不要关闭校验。",
)
_ANSWERS = Text(en="The server answers, and not with 400.", zh="服务器正常应答，而不是 400。")
_DELETE = Text(en="Delete this folder.", zh="删除此目录。")

_CURL = Device(
    slug="curl",
    title=Text(en="curl", zh="curl"),
    forms=(Form.PEM,),
    steps=(
        Step(text=Text(en="In this folder:", zh="在此目录中："), code="curl --cert chain.pem --key key.pem{curl_ca} {url}"),
    ),
    check=_ANSWERS,
    trouble=(
        Text(
            en="400 'No required SSL certificate was sent': --cert holds the chain, not the certificate alone; a curl for "
            "Windows or macOS without OpenSSL wants {p12} (export --for windows, or macos).",
            zh="400 “No required SSL certificate was sent”：--cert 应为整条链而不只是证书；"
            "Windows 或 macOS 上不使用 OpenSSL 的 curl 需要 {p12}（export --for windows 或 macos）。",
        ),
        Text(
            en="'unable to get local issuer certificate' is about the server: export with --with-ca, or give --cacert. "
            "Never -k.",
            zh="“unable to get local issuer certificate” 说的是服务器：导出时加 --with-ca，或用 --cacert 指定。不要用 -k。",
        ),
    ),
    remove=_DELETE,
)
_PYTHON = Device(
    slug="python",
    title=Text(en="Python", zh="Python"),
    forms=(Form.PEM,),
    steps=(
        Step(
            text=Text(en="With nothing but the standard library:", zh="只用标准库："),
            code="import ssl, urllib.request\n"
            "context = ssl.create_default_context({python_ca})\n"
            'context.load_cert_chain("chain.pem", "key.pem")\n'
            'print(urllib.request.urlopen("{url}", context=context).status)',
        ),
        Step(
            text=Text(en="With requests:", zh="使用 requests："),
            code='import requests\nprint(requests.get("{url}", cert=("chain.pem", "key.pem"){requests_ca}).status_code)',
        ),
    ),
    check=_ANSWERS,
    trouble=(_NEVER,),
    remove=_DELETE,
)
_NODEJS = Device(
    slug="nodejs",
    title=Text(en="Node.js", zh="Node.js"),
    forms=(Form.PEM,),
    steps=(
        Step(
            text=Text(en="In this folder:", zh="在此目录中："),
            code='const fs = require("fs");\n'
            'const files = { cert: fs.readFileSync("chain.pem"), key: fs.readFileSync("key.pem"){node_ca} };\n'
            'require("https").get("{url}", files, (answer) => console.log(answer.resume().statusCode));',
        ),
    ),
    check=_ANSWERS,
    trouble=(_NEVER,),
    remove=_DELETE,
)
_JAVA = Device(
    slug="java",
    title=Text(en="Java", zh="Java"),
    forms=(Form.P12,),
    steps=(
        Step(
            text=Text(
                en="Put the certificate into a key store; keytool asks for a new password, then for the container's:",
                zh="把证书导入密钥库；keytool 先要求设置新密码，再询问容器的密码：",
            ),
            code="keytool -importkeystore -srckeystore {p12} -srcstoretype PKCS12 "
            "-destkeystore keystore.p12 -deststoretype PKCS12",
        ),
        PASSWORD,
        Step(
            text=Text(
                en="Give it to the program: javax.net.ssl.keyStore=keystore.p12, javax.net.ssl.keyStoreType=PKCS12; the "
                "password belongs into a properties file of mode 0600, not on the command line.",
                zh="交给程序：javax.net.ssl.keyStore=keystore.p12、javax.net.ssl.keyStoreType=PKCS12；"
                "密码应放在权限 0600 的配置文件中，不要写在命令行上。",
            )
        ),
    ),
    trust=(
        Step(
            text=Text(
                en="For the server, a store of its own for javax.net.ssl.trustStore; compare the fingerprint it shows:",
                zh="为信任服务器，另建一个供 javax.net.ssl.trustStore 使用的库；请核对显示的指纹：",
            ),
            code="keytool -importcert -file root-ca.pem -alias handclasp-root -keystore truststore.p12 -storetype PKCS12",
        ),
    ),
    check=_ANSWERS,
    trouble=(
        Text(
            en="'bad_certificate' at once: -Djavax.net.debug=ssl:handshake shows whether the key store was read at all.",
            zh="立刻出现 “bad_certificate”：用 -Djavax.net.debug=ssl:handshake 查看密钥库是否被读取。",
        ),
    ),
    remove=_DELETE,
)
_GNUTLS = Device(
    slug="gnutls",
    title=Text(en="GnuTLS (gnutls-cli, wget, and what is built on it)", zh="GnuTLS（gnutls-cli、wget 及基于它的程序）"),
    forms=(Form.PEM,),
    steps=(
        Step(
            text=Text(en="In this folder:", zh="在此目录中："),
            code="wget -q -O - --certificate=chain.pem --private-key=key.pem{wget_ca} {url}",
        ),
    ),
    check=_ANSWERS,
    trouble=(_NEVER,),
    remove=_DELETE,
)
_NGINX = Device(
    slug="nginx",
    title=Text(en="nginx as the client of an upstream", zh="nginx 作为上游的客户端"),
    forms=(Form.PEM,),
    steps=(
        Step(
            text=Text(en="Where the upstream is called:", zh="在访问上游的位置："),
            code="proxy_ssl_certificate chain.pem;\nproxy_ssl_certificate_key key.pem;",
        ),
        Step(
            text=Text(en="And verify the upstream:", zh="并且校验上游："),
            code="proxy_ssl_verify on;\nproxy_ssl_trusted_certificate root-ca.pem;\nproxy_ssl_server_name on;",
        ),
    ),
    check=Text(en="handclasp doctor --upstream finds nothing.", zh="handclasp doctor --upstream 没有发现问题。"),
    trouble=(
        Text(
            en="502: nginx's error log says why at once; handclasp explain LINE knows the line.",
            zh="502：nginx 的错误日志会说明原因；handclasp explain LINE 可以解释该行。",
        ),
    ),
    remove=_DELETE,
)

PROGRAMS = (_CURL, _PYTHON, _NODEJS, _JAVA, _GNUTLS, _NGINX)
