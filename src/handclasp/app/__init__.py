"""One function per job. Takes ports, returns values; opens no socket and starts no process."""
