"""Adapters of data access that talk to AWS. boto3 is imported inside functions only."""
