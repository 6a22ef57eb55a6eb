"""Knowledge as data: causes and remedies, verification errors per OpenSSL series, directives, profiles."""
