import { pieces, ticks, totals } from '../../src/idle/timeline';
import type { Stretch, SubjectState } from '../../src/api/types';
import { track } from './nouns';

const START = Date.parse('2026-11-20T12:00:00Z');
const at = (hours: number): string => new Date(START + hours * 3_600_000).toISOString();
const SINCE = at(0);
const UNTIL = at(24);

function was(state: SubjectState, from: number, to: number): Stretch {
  return { since: at(from), state, until: at(to), why: '' };
}

const drawn = (...stretches: Stretch[]): [number, number, SubjectState][] =>
  pieces(track({ stretches }), SINCE, UNTIL).map(({ from, to, state }) => [from * 24, to * 24, state]);

describe('A drawn track', () => {
  it('has one piece for each stretch, and none where nothing was watched', () => {
    const [first, second] = drawn(was('working', 6, 12), was('idle', 18, 24));
    expect(first).toEqual([6, 12, 'working']);
    expect(second).toEqual([18, 24, 'idle']);
  });

  it('joins stretches of one state', () => {
    expect(drawn(was('working', 1, 2), was('working', 2, 3))).toEqual([[1, 3, 'working']]);
  });

  it('leaves out what came before and after', () => {
    expect(drawn(was('working', -5, 1), was('idle', 23, 30))).toEqual([
      [0, 1, 'working'],
      [23, 24, 'idle']
    ]);
    expect(drawn(was('working', -5, -1), was('idle', 25, 30))).toEqual([]);
  });

  it('stays small however often a state changes, and shows what was most of the time', () => {
    const second = 1 / 3600;
    const flicker = Array.from({ length: 10_000 }, (_, index) => {
      const from = index * 8 * second;
      return index % 2 ? was('idle', from, from + 12 * second) : was('working', from, from + 4 * second);
    });
    const shown = drawn(...flicker);
    expect(shown.length).toBeLessThanOrEqual(288);
    expect(new Set(shown.map(([, , state]) => state))).toEqual(new Set(['idle']));
  });

  it('shows work where two states share a slot equally', () => {
    const half = 2.5 / 60;
    expect(drawn(was('idle', 0, half), was('working', half, 2 * half))[0][2]).toBe('working');
  });

  it('is empty for a time without length', () => {
    expect(pieces(track({ stretches: [was('idle', 0, 1)] }), SINCE, SINCE)).toEqual([]);
  });
});

it('sums up each state, the longest first, and only within the time shown', () => {
  const stretches = [was('working', -2, 1), was('idle', 1, 5), was('working', 5, 6)];
  expect(totals(track({ stretches }), SINCE, UNTIL)).toEqual([
    ['idle', 4 * 3600],
    ['working', 2 * 3600]
  ]);
});

it('is ticked every six hours of the reader’s clock', () => {
  const found = ticks(SINCE, UNTIL);
  expect(found.length).toBeGreaterThanOrEqual(4);
  expect(found.every(({ time }) => time.getHours() % 6 === 0 && time.getMinutes() === 0)).toBe(true);
});
