"""Package clients: pip and conda through the company's mirrors only."""
