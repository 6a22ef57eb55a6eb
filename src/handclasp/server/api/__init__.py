"""The REST API below /api/v1: the jobs of the command line for callers with a client certificate."""
