"""What OpenSSL says when a file cannot be loaded, as nginx quotes it in brackets: `(SSL: error:...)`.

Codes and function names differ by series: 3.x leaves the function empty and numbers errors anew. 3.0 was compared with a real
nginx in the tests; the older ones follow the error tables of their releases.
"""

from collections.abc import Mapping

from handclasp.model.nginx import OpensslSeries

_NEW: Mapping[str, str] = {
    "missing": "error:80000002:system library::No such file or directory:calling fopen({file}, r) "
    "error:10000080:BIO routines::no such file",
    "no start line": "error:0480006C:PEM routines::no start line:Expecting: {label}",
    "bad base64 decode": "error:04800064:PEM routines::bad base64 decode",
    "bad end line": "error:04800066:PEM routines::bad end line",
    "ASN1 lib": "error:0488000D:PEM routines::ASN1 lib",
    "lookup missing": "error:05880002:x509 certificate routines::system lib",
    "lookup": "error:05880009:x509 certificate routines::PEM lib",
    "nothing": "error:05800088:x509 certificate routines::no certificate or crl found",
    "mismatch": "error:05800074:x509 certificate routines::key values mismatch",
    "no key": "error:1E08010C:DECODER routines::unsupported:No supported data to decode. Input type: PEM",
    "bad password": "error:04800068:PEM routines::bad password read",
    "bad decrypt": "error:1C800064:Provider routines::bad decrypt",
    "ee key": "error:0A00018F:SSL routines::ee key too small",
    "ca key": "error:0A00018D:SSL routines::ca key too small",
    "ca md": "error:0A00018E:SSL routines::ca md too weak",
    "command": "error:0A000182:SSL routines::unknown cmd name:cmd={label}",
    "value": "error:0A000180:SSL routines::bad value:cmd={label}",
    "no cipher": "error:0A0000B9:SSL routines::no cipher match",
    "group": "error:0A080106:SSL routines::passed invalid argument:group '{label}' cannot be set",
}
_V3_5: Mapping[str, str] = {**_NEW, "lookup missing": "error:05880020:x509 certificate routines::BIO lib"}
_V1_1_1: Mapping[str, str] = {
    "missing": "error:02001002:system library:fopen:No such file or directory:fopen('{file}','r') "
    "error:2006D080:BIO routines:BIO_new_file:no such file",
    "no start line": "error:0909006C:PEM routines:get_name:no start line:Expecting: {label}",
    "bad base64 decode": "error:09091064:PEM routines:PEM_read_bio_ex:bad base64 decode",
    "bad end line": "error:0908F066:PEM routines:get_header_and_data:bad end line",
    "ASN1 lib": "error:0906700D:PEM routines:PEM_ASN1_read_bio:ASN1 lib",
    "lookup missing": "error:0B084002:x509 certificate routines:X509_load_cert_crl_file:system lib",
    "lookup": "error:0B084009:x509 certificate routines:X509_load_cert_crl_file:PEM lib",
    "nothing": "error:0B084088:x509 certificate routines:X509_load_cert_crl_file:no certificate or crl found",
    "mismatch": "error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch",
    "no key": "error:0909006C:PEM routines:get_name:no start line:Expecting: ANY PRIVATE KEY",
    "bad password": "error:0906A068:PEM routines:PEM_do_header:bad password read",
    "bad decrypt": "error:06065064:digital envelope routines:EVP_DecryptFinal_ex:bad decrypt",
    "ee key": "error:140AB18F:SSL routines:SSL_CTX_use_certificate:ee key too small",
    "ca key": "error:1413C18D:SSL routines:ssl_cert_set0_chain:ca key too small",
    "ca md": "error:140AB18E:SSL routines:SSL_CTX_use_certificate:ca md too weak",
    "command": "error:141E0182:SSL routines:SSL_CONF_cmd:unknown cmd name:cmd={label}",
    "value": "error:141E0180:SSL routines:SSL_CONF_cmd:bad value:cmd={label}",
    "no cipher": "error:1410D0B9:SSL routines:SSL_CTX_set_cipher_list:no cipher match",
}
_V1_0_2: Mapping[str, str] = {
    **_V1_1_1,
    "no start line": "error:0906D06C:PEM routines:PEM_read_bio:no start line:Expecting: {label}",
    "bad base64 decode": "error:0906D064:PEM routines:PEM_read_bio:bad base64 decode",
    "bad end line": "error:0906D066:PEM routines:PEM_read_bio:bad end line",
    "no key": "error:0906D06C:PEM routines:PEM_read_bio:no start line:Expecting: ANY PRIVATE KEY",
    "command": "error:1414E182:SSL routines:SSL_CONF_cmd:unknown cmd name:cmd={label}",
}
_WORDS = {OpensslSeries.V1_0_2: _V1_0_2, OpensslSeries.V1_1_1: _V1_1_1, OpensslSeries.V3_0: _NEW}


def ssl_reason(series: OpensslSeries, *kinds: str, file: str = "", label: str = "") -> str:
    """The bracket `(SSL: ...)` of one or several errors, in the order OpenSSL raised them."""
    words = _WORDS.get(series, _V3_5)
    return "(SSL: " + " ".join(words[kind].format(file=file, label=label) for kind in kinds) + ")"
