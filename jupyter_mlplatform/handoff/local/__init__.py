"""Adapters for this machine: no cloud account, no Docker."""
