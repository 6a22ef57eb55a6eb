"""nginx configuration: text to tree to effective TLS settings; render; edit; diff."""
