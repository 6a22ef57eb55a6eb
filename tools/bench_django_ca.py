# mypy: disable-error-code="import-not-found, import-untyped, misc"
# ruff: noqa: PLC0415 - Django wants its settings before anything of it is imported
# django-ca lives in an environment of its own: nothing of it is installed beside Handclasp.
"""Issue certificates with django-ca, in its own Python, and print how many seconds that took.

Usage: python tools/bench_django_ca.py FOLDER COUNT       (of an environment with django-ca; tools/bench_ca.py runs it)
"""

import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def main(folder: str, count: int) -> None:
    """A CA in SQLite; for each certificate a key, a request, and `create_cert`, which records it."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    (Path(folder) / "bench_urls.py").write_text(
        'from django.urls import include, path\nurlpatterns = [path("", include("django_ca.urls"))]\n', "utf-8"
    )
    sys.path.insert(0, folder)
    files = "django.core.files.storage.FileSystemStorage"
    apps = ("auth", "contenttypes", "admin", "sessions", "messages")
    settings.configure(
        SECRET_KEY="x" * 50,
        USE_TZ=True,
        ROOT_URLCONF="bench_urls",
        INSTALLED_APPS=[*(f"django.contrib.{one}" for one in apps), "django_object_actions", "django_ca"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db.sqlite3"}},
        STORAGES={
            "default": {"BACKEND": files},
            "staticfiles": {"BACKEND": files},
            "django-ca": {"BACKEND": files, "OPTIONS": {"location": f"{folder}/ca"}},
        },
        CA_DEFAULT_HOSTNAME=None,
        CA_USE_CELERY=False,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("init_ca", "bench", "CN=bench", "--key-type=EC", stdout=sys.stderr)
    started = 0.0
    for number in range(-1, count):
        if number == 0:
            started = time.perf_counter()
        issue(number)
    print(time.perf_counter() - started)


def issue(number: int) -> None:
    """One client certificate."""
    from django_ca.key_backends.storages.models import StoragesUsePrivateKeyOptions
    from django_ca.models import Certificate, CertificateAuthority
    from django_ca.profiles import profiles

    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"c{number}")])
    options = StoragesUsePrivateKeyOptions(password=None)
    authority = CertificateAuthority.objects.get()
    Certificate.objects.create_cert(authority, options, request, profile=profiles["client"], subject=subject)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
