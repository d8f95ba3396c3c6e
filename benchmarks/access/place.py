"""Where the data of the load benchmark lies, and who may read it. Imports nothing, for the sake of cold readers."""

BUCKET, PREFIX = "loopback-bucket", "measured/"
FOUR = ("measure_3", "measure_11", "count_2", "plant")
"""The columns that a person reads who needs four; next to each other nowhere in the file."""
KEY, MACHINE = "AKIALOOPBACKREADER01", "AKIATHEMACHINESOWN01"
"""Access keys: of who may read, and of the machine that the reader runs on."""
SECRET = "nobody checks it"  # noqa: S105
TOKEN = "a session's"  # noqa: S105
REGION = "us-east-1"
