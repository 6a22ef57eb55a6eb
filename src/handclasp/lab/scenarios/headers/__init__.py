"""Headers that tell the backend who the client is."""
