"""What the inputs of a spec are: a dataset under a grant, or files of the project."""

from __future__ import annotations

DATASET, FILE, S3 = "dataset:", "file:", "s3:"


def dataset_id(uri: str) -> str | None:
    """The dataset that an input names, None when it names files."""
    return uri.removeprefix(DATASET) if uri.startswith(DATASET) else None


def file_path(uri: str) -> str | None:
    """The path below the project's root that an input names, None when it names something else."""
    return None if uri.startswith((DATASET, S3)) else uri.removeprefix(FILE)
