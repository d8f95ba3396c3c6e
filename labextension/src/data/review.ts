import type { AccessRequest, Decision, Delegation, Grant, Purview, RowFilter } from '../api/types';
import { secondsUntil } from '../ui/format';

const DAY_SECONDS = 86_400;
/** How long before its end a grant can be renewed, in days; the server refuses an earlier one. */
export const RENEWABLE_DAYS = 30;

/** How much of a dataset, for how long. */
export interface IExtent {
  columns: string[];
  rows: RowFilter | null;
  days: number;
}

/** The stage that a request waits in: the first that nobody has approved. */
export function presentStage(request: AccessRequest): Purview | null {
  const { review } = request;
  return review.find(stage => !stage.approved_by) ?? review[review.length - 1] ?? null;
}

/** The approvals of the revision that is shown. */
export function approvals(request: AccessRequest): Decision[] {
  return request.decisions.filter(
    decision => decision.verdict === 'approve' && decision.revision === request.revision
  );
}

/** What the stages before have left of what was asked. */
export function extentOf(request: AccessRequest): IExtent {
  const last = approvals(request).pop();
  return last && last.days !== null
    ? { columns: last.columns, rows: last.rows, days: last.days }
    : { columns: request.scope.columns, rows: request.scope.rows, days: request.days };
}

/** Whether a delegation counts at this instant. */
export function inForce(delegation: Delegation, now: number = Date.now()): boolean {
  return (
    delegation.ended_at === null &&
    secondsUntil(delegation.not_before, now) <= 0 &&
    secondsUntil(delegation.not_after, now) > 0
  );
}

/** In whose place `person` may decide in a stage: those who have delegated to them and may decide themselves. */
export function inPlaceOf(
  stage: Purview | null,
  delegations: readonly Delegation[],
  person: string
): string[] {
  const givers = delegations
    .filter(each => each.delegate === person && inForce(each) && stage?.approvers.includes(each.approver))
    .map(each => each.approver);
  return [...new Set(givers)];
}

/** A grant that was given and cannot be used, because it is not (or no longer just so) in force where the data lies. */
export function isSettingUp(grant: Grant, now: number = Date.now()): boolean {
  return (
    grant.end_reason === null &&
    (grant.state === 'fulfilling' || grant.state === 'failed') &&
    secondsUntil(grant.not_before, now) <= 0 &&
    secondsUntil(grant.not_after, now) > 0
  );
}

/** A grant that may be used now. Its instants say so; its state only whether it is in force where the data lies. */
export function isLive(grant: Grant, now: number = Date.now()): boolean {
  return (
    grant.end_reason === null &&
    !isSettingUp(grant, now) &&
    secondsUntil(grant.not_before, now) <= 0 &&
    secondsUntil(grant.not_after, now) > 0
  );
}

/** A grant that begins later, such as a renewal. */
export function isScheduled(grant: Grant, now: number = Date.now()): boolean {
  return grant.end_reason === null && secondsUntil(grant.not_before, now) > 0;
}

/** A grant that can be renewed now: it may be used, and it ends soon. */
export function isRenewable(grant: Grant, now: number = Date.now()): boolean {
  return isLive(grant, now) && secondsUntil(grant.not_after, now) <= RENEWABLE_DAYS * DAY_SECONDS;
}
