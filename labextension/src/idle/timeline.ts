import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Stretch, SubjectState, Timeline, Track } from '../api/types';
import { SectionModel } from '../section/model';

/** How much of the past is shown, in hours. */
export const HOURS = 24;

/** A timeline is drawn with at most this many pieces a track: five minutes each. */
const SLOTS = HOURS * 12;

/** What counts more when a slot holds several states for the same time. */
const WEIGHT: Record<SubjectState, number> = {
  working: 6,
  warned: 5,
  culled: 4,
  kept: 3,
  idle: 2,
  unknown: 1
};

/** What every subject did over the last day. */
export class TimelineModel extends SectionModel<Timeline> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 60_000);
  }

  /** Since when a subject is in this state; null where that is not known. */
  since(subject: string, state: SubjectState): string | null {
    const last = newest(this.data?.tracks.find(track => track.subject === subject)?.stretches ?? []);
    return last && last.state === state ? last.since : null;
  }

  protected load(): Promise<Timeline> {
    return this._client.get('/idle/timeline', { query: { hours: HOURS } });
  }
}

/** A piece of a drawn track, both ends as fractions of the whole. */
export interface IPiece {
  from: number;
  to: number;
  state: SubjectState;
}

/**
 * A track as few pieces, oldest first: thousands of short stretches become as many as can be told apart on a screen.
 * Each slot takes the state that fills most of it.
 */
export function pieces(track: Track, since: string, until: string): IPiece[] {
  const start = Date.parse(since);
  const whole = Date.parse(until) - start;
  if (!(whole > 0)) {
    return [];
  }
  const drawn: IPiece[] = [];
  for (const { index, state } of filled(track.stretches, start, whole)) {
    const last = newest(drawn);
    const from = index / SLOTS;
    if (last && last.state === state && Math.abs(last.to - from) < 1e-9) {
      last.to = (index + 1) / SLOTS;
    } else {
      drawn.push({ from, to: (index + 1) / SLOTS, state });
    }
  }
  return drawn;
}

function filled(
  stretches: readonly Stretch[],
  start: number,
  whole: number
): { index: number; state: SubjectState }[] {
  const slots = new Map<number, Map<SubjectState, number>>();
  const size = whole / SLOTS;
  for (const stretch of stretches) {
    const from = Math.max(0, Date.parse(stretch.since) - start);
    const to = Math.min(whole, Date.parse(stretch.until) - start);
    for (let index = Math.floor(from / size); index < SLOTS && index * size < to; index++) {
      const share = Math.min(to, (index + 1) * size) - Math.max(from, index * size);
      const states = slots.get(index) ?? new Map<SubjectState, number>();
      states.set(stretch.state, (states.get(stretch.state) ?? 0) + share);
      slots.set(index, states);
    }
  }
  return [...slots]
    .sort(([one], [other]) => one - other)
    .map(([index, states]) => ({ index, state: heaviest(states) }));
}

function heaviest(states: Map<SubjectState, number>): SubjectState {
  return [...states].sort(
    ([one, long], [other, longer]) => longer - long || WEIGHT[other] - WEIGHT[one]
  )[0][0];
}

function newest<T>(list: readonly T[]): T | undefined {
  return list[list.length - 1];
}

/** How long a track was in each state between two instants, in seconds, the longest first. */
export function totals(track: Track, since: string, until: string): [SubjectState, number][] {
  const sums = new Map<SubjectState, number>();
  for (const stretch of track.stretches) {
    const from = Math.max(Date.parse(stretch.since), Date.parse(since));
    const to = Math.min(Date.parse(stretch.until), Date.parse(until));
    if (to > from) {
      sums.set(stretch.state, (sums.get(stretch.state) ?? 0) + (to - from) / 1000);
    }
  }
  return [...sums].sort(([, one], [, other]) => other - one);
}

/** The full hours at which a timeline is ticked: every six hours of the reader's own clock, oldest first. */
export function ticks(since: string, until: string): { at: number; time: Date }[] {
  const start = Date.parse(since);
  const whole = Date.parse(until) - start;
  const first = new Date(start);
  first.setMinutes(0, 0, 0);
  const found: { at: number; time: Date }[] = [];
  for (let hours = 0; hours <= HOURS + 1; hours++) {
    const time = new Date(first.getTime() + hours * 3_600_000);
    const at = (time.getTime() - start) / whole;
    if (time.getHours() % 6 === 0 && at >= 0 && at <= 1) {
      found.push({ at, time });
    }
  }
  return found;
}
