"""What data access costs; see benchmarks/README.md."""
