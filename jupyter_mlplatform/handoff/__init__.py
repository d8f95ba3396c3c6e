"""Hand-off: notebook, pipeline run, model version, approval."""
