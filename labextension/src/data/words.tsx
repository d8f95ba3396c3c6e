import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Grant, RequestState } from '../api/types';
import { Badge, type Tone } from '../ui/controls';
import { duration, instant, secondsUntil } from '../ui/format';
import { useTrans } from '../ui/trans';
import { isScheduled, isSettingUp } from './review';

const DAY_SECONDS = 86_400;

/** How open a dataset is; unknown classes look like the strict ones. */
export function ClassificationBadge({ classification }: { classification: string }): React.JSX.Element {
  const tones: Record<string, Tone> = { public: 'good', internal: 'info', confidential: 'warn' };
  return <Badge tone={tones[classification] ?? 'bad'}>{classification}</Badge>;
}

/** My access to a dataset; nothing when there is none. */
export function AccessBadge({ access }: { access: string }): React.JSX.Element | null {
  const trans = useTrans();
  const words: Record<string, [Tone, string]> = {
    granted: ['good', trans.__('granted')],
    fulfilling: ['info', trans.__('being set up')],
    requested: ['info', trans.__('requested')],
    owner: ['neutral', trans.__('you own it')]
  };
  const found = words[access];
  return found ? <Badge tone={found[0]}>{found[1]}</Badge> : null;
}

export function StateBadge({ state }: { state: RequestState }): React.JSX.Element {
  const trans = useTrans();
  const words: Record<RequestState, [Tone, string]> = {
    submitted: ['info', trans.__('waiting')],
    changes_asked: ['warn', trans.__('change it')],
    approved: ['good', trans.__('approved')],
    rejected: ['bad', trans.__('rejected')],
    withdrawn: ['neutral', trans.__('withdrawn')],
    lapsed: ['neutral', trans.__('lapsed')],
    void: ['neutral', trans.__('void')]
  };
  return <Badge tone={words[state][0]}>{words[state][1]}</Badge>;
}

export function isOpen(state: RequestState): boolean {
  return state === 'submitted' || state === 'changes_asked';
}

/** When a grant ends, and how far that is; of one to come, when it begins. */
export function GrantEnd({ grant }: { grant: Grant }): React.JSX.Element {
  const trans = useTrans();
  if (isScheduled(grant)) {
    return <Badge tone="info">{trans.__('from %1', instant(grant.not_before, 'date'))}</Badge>;
  }
  if (isSettingUp(grant)) {
    return grant.state === 'failed' ? (
      <Badge tone="bad">{trans.__('not set up')}</Badge>
    ) : (
      <Badge tone="info">{trans.__('being set up')}</Badge>
    );
  }
  const left = secondsUntil(grant.not_after);
  const text = endText(grant, left, trans);
  return (
    <Badge tone={left <= 0 || grant.end_reason ? 'neutral' : left < 7 * DAY_SECONDS ? 'warn' : 'good'}>
      {text}
    </Badge>
  );
}

function endText(grant: Grant, left: number, trans: TranslationBundle): string {
  if (grant.end_reason) {
    const words: Record<string, string> = {
      expired: trans.__('ended as agreed'),
      revoked: trans.__('revoked'),
      superseded: trans.__('replaced'),
      left: trans.__('ended: left the company'),
      dataset_gone: trans.__('ended: dataset retired'),
      policy: trans.__('ended by policy')
    };
    return words[grant.end_reason] ?? grant.end_reason;
  }
  if (left <= 0) {
    return trans.__('ended %1', instant(grant.not_after, 'date'));
  }
  return left < 2 * DAY_SECONDS
    ? trans.__('ends in %1', duration(left, trans))
    : trans.__('until %1', instant(grant.not_after, 'date'));
}
