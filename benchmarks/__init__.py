"""Measurements; nothing here is installed with the package."""
