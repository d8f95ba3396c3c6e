"""What the policy itself decides: requests that nobody may approve, and requests that nobody needs to look at."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_mlplatform.access.models import Dataset
from jupyter_mlplatform.access.review import is_like
from jupyter_mlplatform.errors import Forbidden
from jupyter_mlplatform.policy import AccessPolicy, AutoApproval

POLICY = "policy"
"""The actor of what the policy decides; no person is called so."""


def check(dataset: Dataset, columns: Iterable[str], purpose: str, policy: AccessPolicy) -> None:
    """Raises ``Forbidden`` for what nobody may be granted; checked when it is asked and when it is decided."""
    for each in policy.guardrails:
        if is_like(each.when, dataset, columns, purpose):
            raise Forbidden(
                "access.guardrail",
                "This is never granted, whoever would approve it.",
                cause=f"{each.because} (rule {each.name!r} of the policy)",
                next_step="Ask for other columns or for another purpose.",
            )


def automatic(
    dataset: Dataset, columns: Iterable[str], purpose: str, days: int, policy: AccessPolicy
) -> AutoApproval | None:
    """The rule that approves such a request, if there is one.

    A column may be tagged by its owner after it was asked for; what counts is how it is tagged now.
    """
    asked = set(columns)
    tags = {tag for column in dataset.columns if column.name in asked for tag in column.tags}
    for each in policy.auto_approve:
        fits = is_like(each.when, dataset, asked, purpose) and days <= each.most_days
        if fits and tags.isdisjoint(each.never_column_tags):
            return each
    return None
