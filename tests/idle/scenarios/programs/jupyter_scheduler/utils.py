"""The next run of a schedule, for schedules of the form ``MINUTE HOUR * * *`` in UTC."""

from datetime import datetime, timedelta, timezone


def compute_next_run_time(schedule, zone=None):
    """In milliseconds since 1970."""
    minute, hour = map(int, schedule.split()[:2])
    now = datetime.now(timezone.utc)
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return int((due if due > now else due + timedelta(days=1)).timestamp() * 1000)
