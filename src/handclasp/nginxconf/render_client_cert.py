"""The header Client-Cert of RFC 9440, made by nginx without a module: the certificate's base64 between two colons."""

from handclasp.nginxconf import render_words as words

LINES = 48
"""So many lines of 64 characters are understood: a certificate of 2304 bytes. Of a longer one the header is empty."""


def client_cert_map(name: str) -> str:
    """A map from the PEM text that nginx has, to ":base64:"; empty for whoever was not verified.

    nginx cannot take line feeds out of a variable, but it can name the lines of an expression and put them side by side.
    RFC 9440 section 2.1: a structured field of type byte sequence. The names of the lines are short, and all sites share them:
    nginx sets them whenever it asks this map, and its table of variables is small.
    """
    rest = "".join(rf"(?:(?<hcp{n}>[A-Za-z0-9+/=]{{1,64}})\n)?" for n in range(1, LINES + 1))
    pattern = rf"~\ASUCCESS:-----BEGIN CERTIFICATE-----\n{rest}-----END CERTIFICATE-----\n?\z"
    value = "".join(f"$hcp{n}" for n in range(1, LINES + 1))
    return (
        "# RFC 9440: the lines of the certificate, put together without their line feeds.\n"
        f'map "$ssl_client_verify:$ssl_client_raw_cert" $handclasp_{name}_cert {{\n'
        '    default "";\n'
        f"    {words.literal(pattern, 'it')} :{value}:;\n"
        "}\n"
    )
