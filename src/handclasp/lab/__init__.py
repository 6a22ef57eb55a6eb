"""Scenarios run on real nginx builds: where the catalogue's numbers come from, and the judge of the verdict model."""
