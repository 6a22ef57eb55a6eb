"""The world behind the ports: files, clock, keys, SQL store, nginx process, TLS probe. Imported by wiring alone."""
