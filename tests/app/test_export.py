"""Bundles for devices: what each holds is opened by the tools of that world, and the code of its card is run as it stands."""

import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handclasp.catalogue.devices import DEVICES, Device, Form
from tests.ca_rig import Ca, copied, founded, openssl
from tests.nginx_rig import free_port

NAME = "Ms Müller"
PEM_DEVICES = [device.slug for device in DEVICES if Form.PEM in device.forms]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    made = founded(tmp_path_factory.mktemp("export"))
    made.run("issue", NAME)
    made.run("issue", "alice")
    made.run("issue", "ed", "--key-type", "ed25519")
    return made


@pytest.fixture(scope="module")
def site(ca: Ca) -> Iterator[str]:
    """A real nginx that wants a certificate of this CA; its own is of this CA too."""
    ca.run("issue", "localhost", "--profile", "server", "--san", "dns:localhost")
    port = free_port()
    ca.run("nginx", "apply", "--server-name", "localhost", "--listen", f"127.0.0.1:{port}")
    yield f"https://localhost:{port}/"
    ca.run("nginx", "stop")


def tool(*args: str | Path, expect: int = 0, **options: object) -> str:
    assert shutil.which(str(args[0])), f"{args[0]} is missing: tools/bootstrap.sh test installs it"
    done = subprocess.run([*map(str, args)], capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == expect, (args, done.stdout, done.stderr)
    return str(done.stdout + done.stderr)


def exported(ca: Ca, name: str, device: str, folder: Path, *more: str) -> Path:
    ca.run("export", name, "--for", device, "-o", str(folder), "--password-file", str(folder.with_name("password")), *more)
    return folder


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.slug)
def test_every_device_has_its_files_and_its_card_in_both_languages(ca: Ca, device: Device, tmp_path: Path) -> None:
    found = ca.json("export", NAME, "--for", device.slug, "-o", str(tmp_path / "out"), "--with-ca")
    folder = tmp_path / "out"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(found["steps"]) == len(device.steps) + len(device.trust)
    for lang, word in (("en", "What to do"), ("zh", "操作步骤")):
        for kind in ("md", "html"):
            page = (folder / f"card.{lang}.{kind}").read_text()
            assert word in page
            assert NAME in page
            assert not re.search(r"\{[a-z0-9_]+\}", page.partition("<body>")[2] if kind == "html" else page)
            assert not found["password"] or found["password"] not in page
    assert re.findall(r"(?:src|href)=", (folder / "card.en.html").read_text()) == []
    assert bool(found["password"]) == (Form.PEM not in device.forms)
    for path in folder.iterdir():
        secret = path.suffix in {".p12", ".mobileconfig"} or path.name == "key.pem"
        assert path.stat().st_mode & 0o777 == (0o600 if secret else 0o644), path


@pytest.mark.parametrize(
    "device", [one for one in DEVICES if {Form.P12, Form.P12_COMPAT} & set(one.forms)], ids=lambda d: d.slug
)
def test_containers_are_read_by_openssl_and_are_of_the_right_kind(ca: Ca, device: Device, tmp_path: Path) -> None:
    folder = exported(ca, NAME, device.slug, tmp_path / "out")
    given = ("-in", folder / f"{NAME}.p12", "-passin", f"file:{tmp_path / 'password'}")
    told = openssl("pkcs12", *given, "-nodes", "-info")
    assert told.count("BEGIN CERTIFICATE") == 2
    assert "RC2" not in told
    modern = Form.P12 in device.forms
    assert ("MAC: sha256" if modern else "MAC: sha1") in told
    assert ("AES-256-CBC" if modern else "pbeWithSHA1And3-KeyTripleDES-CBC") in told
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("device", ["ios", "macos"])
def test_apple_profiles_are_signed_and_whole(ca: Ca, device: str, tmp_path: Path) -> None:
    folder = exported(ca, NAME, device, tmp_path / "out", "--with-ca")
    signed, plain = folder / f"{NAME}.mobileconfig", tmp_path / "plain"
    for command in ("cms", "smime"):
        openssl(command, "-verify", "-inform", "DER", "-in", signed, "-CAfile", ca.home / "ca/root.pem", "-out", plain)
        profile = plistlib.loads(plain.read_bytes())
        kinds = [one["PayloadType"] for one in profile["PayloadContent"]]
        assert kinds == ["com.apple.security.pkcs12", "com.apple.security.root"]
        assert "Password" not in profile["PayloadContent"][0]
    inside = tmp_path / "inside.p12"
    inside.write_bytes(profile["PayloadContent"][0]["PayloadContent"])
    assert "PRIVATE KEY" in openssl("pkcs12", "-in", inside, "-passin", f"file:{tmp_path / 'password'}", "-nodes")
    changed = bytearray(signed.read_bytes())
    changed[changed.index(b"com.apple.security.pkcs12")] ^= 1
    signed.write_bytes(changed)
    openssl("cms", "-verify", "-inform", "DER", "-in", signed, "-CAfile", ca.home / "ca/root.pem", "-out", plain, expect=4)


def test_the_signer_of_profiles_opens_no_door_and_is_made_once(ca: Ca, site: str, tmp_path: Path) -> None:
    for turn in range(2):
        (tmp_path / str(turn)).mkdir()
        exported(ca, NAME, "ios", tmp_path / str(turn) / "out")
    signers = [one for one in ca.json("list", "--all")["certificates"] if one["profile"] == "profile-signer"]
    assert len(signers) == 1
    pem = ca.world.store.find(signers[0]["issuer"], int(signers[0]["serial"], 16))
    assert pem is not None and pem.certificate is not None  # noqa: PT018
    (tmp_path / "signer.der").write_bytes(pem.certificate)
    openssl("x509", "-in", tmp_path / "signer.der", "-inform", "DER", "-out", tmp_path / "signer.pem")
    verdict = openssl(
        "verify", "-CAfile", ca.home / "ca/bundle.pem", "-purpose", "sslclient", tmp_path / "signer.pem", expect=2
    )
    assert "purpose" in verdict


def test_a_ca_for_clients_alone_signs_no_profiles(template: Ca, tmp_path: Path) -> None:
    """Its signer would be believed by nobody; another CA signs, or none."""
    alone = copied(template, tmp_path)
    alone.run("ca", "add", "people", "--for", "client")
    alone.run("issue", "alice")
    folder = tmp_path / "ios"
    alone.run("export", "alice", "--for", "ios", "-o", str(folder))
    signed = ("-inform", "DER", "-in", folder / "alice.mobileconfig")
    trusted = ("-CAfile", alone.home / "ca/root.pem", "-purpose", "smimesign")
    openssl("cms", "-verify", *signed, *trusted, "-out", tmp_path / "plain")
    assert "Issuing CA" in openssl("pkcs7", *signed, "-print_certs", "-noout")
    alone.run("ca", "retire", "issuing")
    refused = alone.run("export", "alice", "--for", "ios", "-o", str(tmp_path / "more"), expect=4)
    assert "--unsigned" in refused.stderr
    alone.run("export", "alice", "--for", "ios", "--unsigned", "-o", str(tmp_path / "more"))


def test_unsigned_and_without_the_ca(ca: Ca, tmp_path: Path) -> None:
    folder = exported(ca, "alice", "ios", tmp_path / "out", "--unsigned")
    profile = plistlib.loads((folder / "alice.mobileconfig").read_bytes())
    assert [one["PayloadType"] for one in profile["PayloadContent"]] == ["com.apple.security.pkcs12"]


def shell(script: str, folder: Path) -> str:
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return tool("sh", "-eu", "-c", script, cwd=folder, env={**os.environ, "HOME": str(folder), "PATH": tools})


def steps(ca: Ca, name: str, device: str, folder: Path, *more: str) -> list[str]:
    password = str(folder.with_name("password"))
    found = ca.json("export", name, "--for", device, "-o", str(folder), "--with-ca", "--password-file", password, *more)
    return [step["code"] for step in found["steps"] if step["code"]]


@pytest.mark.parametrize("name", ["alice", NAME])
def test_the_card_for_chrome_on_linux_fills_a_real_nss_store(ca: Ca, name: str, tmp_path: Path) -> None:
    for code in steps(ca, name, "chrome-linux", tmp_path / "out"):
        shell(code + (f" -w {tmp_path / 'password'}" if code.startswith("pk12util") else ""), tmp_path / "out")
    store = f"sql:{tmp_path}/out/.pki/nssdb"
    listed = tool("certutil", "-L", "-d", store)
    assert re.search(rf"^{name} +u,u,u *$", listed, re.MULTILINE), listed
    assert re.search(rf"^{name}-ca +C,, *$", listed, re.MULTILINE), listed
    assert name in tool("certutil", "-K", "-d", store)
    tool("certutil", "-F", "-d", store, "-n", name)


def test_the_container_for_firefox_is_read_by_nss(ca: Ca, tmp_path: Path) -> None:
    folder = exported(ca, NAME, "firefox", tmp_path / "out")
    told = tool("pk12util", "-l", folder / f"{NAME}.p12", "-w", tmp_path / "password")
    assert "AES-256-CBC" in told or "AES" in told
    assert told.count("Certificate(has private key)") == 1, told


@pytest.mark.parametrize("name", ["alice", NAME])
def test_the_card_for_java_makes_stores_that_keytool_reads(ca: Ca, name: str, tmp_path: Path) -> None:
    folder, secret = tmp_path / "out", tmp_path / "store-password"
    secret.write_text("changeit-please\n")
    made, trusted = steps(ca, name, "java", folder)
    shell(f"{made} -noprompt -srcstorepass:file {tmp_path / 'password'} -deststorepass:file {secret}", folder)
    shell(f"{trusted} -noprompt -storepass:file {secret}", folder)
    told = tool("keytool", "-list", "-v", "-keystore", folder / "keystore.p12", "-storepass:file", secret)
    assert "PrivateKeyEntry" in told
    assert "chain length: 2" in told
    assert "trustedCertEntry" in tool("keytool", "-list", "-keystore", folder / "truststore.p12", "-storepass:file", secret)


@pytest.mark.parametrize("device", ["android", "windows-old"])
def test_java_reads_the_compatible_container_too(ca: Ca, device: str, tmp_path: Path) -> None:
    folder = exported(ca, "alice", device, tmp_path / "out")
    arguments = ("-storetype", "PKCS12", "-storepass:file", tmp_path / "password")
    assert "PrivateKeyEntry" in tool("keytool", "-list", "-keystore", folder / "alice.p12", *arguments)


@pytest.mark.parametrize("slug", PEM_DEVICES)
def test_certtool_reads_what_is_pem(ca: Ca, slug: str, tmp_path: Path) -> None:
    folder = exported(ca, "alice", slug, tmp_path / "out")
    chain = ("--verify", "--load-ca-certificate", folder / "root-ca.pem", "--infile", folder / "chain.pem")
    assert "verified" in tool("certtool", *chain, "--load-crl", ca.home / "ca/crl.pem").lower()
    assert "Private key" in tool("certtool", "-k", "--infile", folder / "key.pem") or "Key" in tool(
        "certtool", "-k", "--infile", folder / "key.pem"
    )


@pytest.mark.parametrize("slug", ["curl", "python", "nodejs", "gnutls"])
def test_the_code_of_programs_gets_in(ca: Ca, site: str, slug: str, tmp_path: Path) -> None:
    programs = {"python": f"{sys.executable} -W error - <<'END'\n", "nodejs": "node - <<'END'\n"}
    for code in steps(ca, NAME, slug, tmp_path / "out", "--url", site):
        opened = programs.get(slug, "")
        told = shell(f"{opened}{code}\n{'END' if opened else ''}", tmp_path / "out")
        assert told == "200\n" or "your client certificate is good" in told, told


def test_the_nginx_lines_of_the_card_start(ca: Ca, site: str, tmp_path: Path) -> None:
    lines = "\n".join(steps(ca, "alice", "nginx", tmp_path / "out"))
    listen = f"listen unix:{tmp_path}/socket;"
    inner = f"server {{ {listen} location / {{ proxy_pass {site}; {lines} }} }}"
    paths = "".join(f"{kind}_path {tmp_path}/{kind};" for kind in ("proxy_temp", "client_body_temp", "fastcgi_temp"))
    paths += f"uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s; access_log off;"
    config = tmp_path / "out" / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {paths} {inner} }}")
    told = tool("nginx", "-t", "-p", tmp_path / "out", "-c", config, env={"PATH": f"{os.environ['PATH']}:/usr/sbin"})
    assert "successful" in told


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_card_is_a_page_that_chromium_shows_whole(ca: Ca, lang: str, tmp_path: Path) -> None:
    folder = exported(ca, NAME, "ios", tmp_path / "out", "--with-ca", "--url", "https://app.example.test/")
    page = f"file://{folder}/card.{lang}.html"
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--hide-scrollbars")
    picture, paper = tmp_path / "card.png", tmp_path / "card.pdf"
    tool("chromium", *flags, "--window-size=400,1800", f"--screenshot={picture}", page)
    tool("chromium", *flags, "--no-pdf-header-footer", f"--print-to-pdf={paper}", page)
    assert picture.stat().st_size > 20_000  # an empty page of this size takes a tenth
    assert len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) in (1, 2)


def test_a_name_of_64_letters_stays_on_the_card(ca: Ca, tmp_path: Path) -> None:
    """A browser is asked how wide the page is; on paper what sticks out is cut off."""
    ca.run("issue", "x" * 64)
    page = (exported(ca, "x" * 64, "ios", tmp_path / "out") / "card.en.html").read_text()
    asking = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace(
        "</body>", "<script>document.title = document.documentElement.scrollWidth <= innerWidth</script></body>"
    )
    (tmp_path / "asking.html").write_text(asking)
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--window-size=500,900")
    assert "<title>true</title>" in tool("chromium", *flags, "--dump-dom", f"file://{tmp_path}/asking.html")


def test_curl_reads_the_container_for_windows(ca: Ca, tmp_path: Path) -> None:
    folder = exported(ca, "alice", "windows", tmp_path / "out")
    password = (tmp_path / "password").read_text().strip()
    config = f'cert = "{folder}/alice.p12:{password}"\ncert-type = "P12"\nurl = "https://127.0.0.1:9/"\n'
    done = subprocess.run(["curl", "-sS", "-K", "-"], input=config, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr  # it could not connect, after it had read the container


def test_a_second_export_replaces_ours_but_nothing_of_others(ca: Ca, tmp_path: Path) -> None:
    for _ in range(2):
        ca.run("export", "alice", "--for", "curl")
    (tmp_path / "key.pem").write_text("mine")
    done = ca.run("export", "alice", "--for", "curl", "-o", str(tmp_path), expect=4)
    assert "is there already" in done.stderr
    assert (tmp_path / "key.pem").read_text() == "mine"


def test_the_password_is_shown_once_and_kept_nowhere(ca: Ca) -> None:
    password = ca.json("export", "alice", "--for", "windows")["password"]
    assert re.fullmatch(r"([a-z2-9]{5}-){4}[a-z2-9]{5}", password)
    kept = [path for path in ca.home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert kept == []
    assert ca.json("export", "alice", "--for", "windows")["password"] != password


@pytest.mark.parametrize("device", [one.slug for one in DEVICES])
def test_ed25519_goes_where_it_is_read_and_nowhere_else(ca: Ca, device: str, tmp_path: Path) -> None:
    read = device in {"curl", "python", "nodejs", "java", "gnutls", "nginx"}
    done = ca.run("export", "ed", "--for", device, "-o", str(tmp_path / device), expect=0 if read else 4)
    assert read or "handclasp rekey ed --key-type ec-p256" in done.stderr
    assert read or not (tmp_path / device).exists()


def test_nss_and_java_say_the_same_of_ed25519(ca: Ca, tmp_path: Path) -> None:
    ca.run("export", "ed", "--for", "java", "-o", str(tmp_path), "--password-file", str(tmp_path / "password"))
    password, container, store = tmp_path / "password", str(tmp_path / "ed.p12"), f"sql:{tmp_path}"
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    nss = subprocess.run(
        ["pk12util", "-d", store, "-i", container, "-w", str(password)], capture_output=True, text=True, check=False
    )
    assert "UNABLE_TO_IMPORT_KEY" in nss.stderr, nss  # when this changes, the table of devices may
    read = ["keytool", "-list", "-keystore", container, "-storetype", "PKCS12", "-storepass:file", str(password)]
    assert "PrivateKeyEntry" in subprocess.run(read, capture_output=True, text=True, check=True).stdout


def test_what_cannot_be_exported(ca: Ca) -> None:
    assert "there is no device 'toaster'" in ca.run("export", "alice", "--for", "toaster", expect=2).stderr
    assert "--for ios" in ca.run("export", "alice", expect=2).stderr
    assert "no identity" in ca.run("export", "nobody", "--for", "ios", expect=2).stderr
    for url in ("http://x/", "https://x/;reboot", 'https://x/"', "x"):
        ca.run("export", "alice", "--for", "curl", "--url", url, expect=2)
