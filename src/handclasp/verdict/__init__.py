"""What nginx will say: OpenSSL's path building and checks replayed per series, then nginx's HTTP outcome."""
