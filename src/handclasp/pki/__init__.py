"""Make and read PKI objects: values and bytes in, values and bytes out."""
