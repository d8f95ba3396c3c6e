"""Idle shutdown: is it idle? Warn, stop, and explain why."""
