import type { TranslationBundle } from '@jupyterlab/translation';
import type { IdleStatus, SubjectState } from '../api/types';
import type { Tone } from '../ui/controls';
import { duration } from '../ui/format';

/** The subject that stands for everything. */
export const WORKSPACE = 'workspace';

export const HOUR = 3600;

/** What a person calls a kernel, a terminal or the workspace. */
export function nameOf(
  told: { kind: string; name: string; path: string; subject: string },
  trans: TranslationBundle
): string {
  if (told.kind === 'workspace') {
    return trans.__('The workspace');
  }
  if (told.kind === 'terminal') {
    return trans.__('Terminal %1', told.name || told.subject.split(':').pop());
  }
  return told.path.split('/').pop() || told.name || trans.__('A kernel');
}

export function tone(state: SubjectState): Tone {
  const tones: Record<SubjectState, Tone> = {
    working: 'good',
    kept: 'info',
    idle: 'neutral',
    warned: 'warn',
    unknown: 'neutral',
    culled: 'bad'
  };
  return tones[state];
}

export function stateName(state: SubjectState, trans: TranslationBundle): string {
  const names: Record<SubjectState, string> = {
    working: trans.__('working'),
    kept: trans.__('kept'),
    idle: trans.__('idle'),
    warned: trans.__('stops soon'),
    unknown: trans.__('not known'),
    culled: trans.__('stopped')
  };
  return names[state];
}

/** A subject's own idle timeout and who has set it; empty where it is the workspace's. */
export function ownTimeout(
  subject: { timeout_seconds: number | null; timeout_from: string },
  status: IdleStatus,
  trans: TranslationBundle
): string {
  const { timeout_seconds: seconds, timeout_from: from } = subject;
  const common = seconds === status.timeout_seconds && from === 'policy';
  if (common || !status.enabled) {
    return '';
  }
  const setter = !from || from === 'policy' ? trans.__('the policy') : from;
  return seconds === null
    ? trans.__('never stopped, set by %1', setter)
    : trans.__('stopped after %1, set by %2', duration(seconds, trans), setter);
}

/**
 * A reason as the server gives it, "stops because it has been idle", as what stands after that which it explains. A
 * name that it begins with, of a file or a person, stays as it is.
 */
export function sentence(why: string): string {
  const reason = why.replace(/^(stops|kept) because /, 'Because ');
  return reason + (/[.!?…]$/.test(reason) ? '' : '.');
}
