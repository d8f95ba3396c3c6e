"""Data access: ask for data, decide, grant, use, expire."""
