import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Delegation } from '../api/types';
import { SectionModel } from '../section/model';

/** Who decides in whose place, and who I am. */
export interface IDelegations {
  person: string;
  items: Delegation[];
}

/** The longest delegation, in days; the server refuses a longer one. */
export const LONGEST_DAYS = 90;

export class DelegationsModel extends SectionModel<IDelegations> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle,
    /** What waits for whom may be different now. */
    private readonly _ended: () => void
  ) {
    super(trans, 5 * 60_000);
  }

  /** Let somebody decide in my place until the end of `lastDay`. Resolves to whether it was given. */
  async give(delegate: string, firstDay: string, lastDay: string, reason: string): Promise<boolean> {
    const done = await this.act('give', () =>
      this._client.post('/access/delegations', {
        body: {
          delegate: delegate.trim(),
          not_before: firstDay ? startOf(firstDay) : null,
          not_after: startOf(lastDay, 1),
          reason
        }
      })
    );
    if (done) {
      await this.refresh();
    }
    return !!done;
  }

  /** Take back what I gave, or give up what was given to me. */
  async end(delegation: Delegation): Promise<void> {
    const done = await this.act(`end:${delegation.id}`, () =>
      this._client.delete('/access/delegations/{delegation_id}', {
        path: { delegation_id: delegation.id }
      })
    );
    if (done) {
      this._ended();
      await this.refresh();
    }
  }

  protected async load(): Promise<IDelegations> {
    const [{ person }, { items }] = await Promise.all([
      this._client.get('/workspace'),
      this._client.get('/access/delegations')
    ]);
    return { person, items };
  }
}

/** The instant at which a day such as `2026-01-31`, or the one `later` days after it, begins for the reader. */
export function startOf(day: string, later = 0): string {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** A day as a date field writes it, so many days from now. */
export function dayFromNow(days: number, now: Date = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The last day on which a delegation counts: its end is the first instant at which it does not. */
export function lastDay(delegation: Delegation): string {
  return new Date(Date.parse(delegation.not_after) - 1).toISOString();
}
