import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Check, Examination, PackagesStatus } from '../api/types';
import { SectionModel } from '../section/model';

const RUNNING_MS = 1000;
const CALM_MS = 60_000;

/** The package clients with their mirrors, and what the doctor found. */
export class PackagesModel extends SectionModel<PackagesStatus> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, CALM_MS);
  }

  /** The newest examination, growing while it runs. */
  get examination(): Examination | null {
    return this.data?.last ?? null;
  }

  get examining(): boolean {
    return this.examination?.state === 'running' || this.isBusy('examine');
  }

  /** Files were written since the page was loaded: running terminals and kernels do not know yet. */
  get written(): string[] {
    return this._written;
  }

  async examine(): Promise<void> {
    await this._follow(() => this._client.post('/packages/checks'));
  }

  async cancel(): Promise<void> {
    const running = this.examination;
    if (running) {
      await this._follow(() =>
        this._client.delete('/packages/checks/{examination_id}', { path: { examination_id: running.id } })
      );
    }
  }

  /** Write the clients' configuration as the policy wants it. */
  async apply(): Promise<void> {
    const done = await this.act('apply', () => this._client.post('/packages/application'));
    if (done) {
      this._written = done.written;
      await this.refresh();
    }
  }

  /** Put back what was there before. */
  async undo(): Promise<void> {
    const done = await this.act('apply', () => this._client.delete('/packages/application'));
    if (done) {
      this._written = [];
      await this.refresh();
    }
  }

  /** While the doctor looks, only its own page is asked for. */
  protected async load(): Promise<PackagesStatus> {
    const known = this.data;
    if (known?.last?.state === 'running') {
      const last = await this._client.get('/packages/checks/{examination_id}', {
        path: { examination_id: known.last.id }
      });
      if (last.state === 'running') {
        return { ...known, last };
      }
    }
    const status = await this._client.get('/packages');
    this.pace(status.last?.state === 'running' ? RUNNING_MS : CALM_MS);
    return status;
  }

  private async _follow(ask: () => Promise<Examination>): Promise<void> {
    const last = await this.act('examine', ask);
    if (last && this.data) {
      this.pace(RUNNING_MS);
      this.put({ ...this.data, last });
      await this.refresh();
    }
  }

  private _written: string[] = [];
}

const WORST_FIRST: Check['outcome'][] = ['failed', 'unknown', 'warning', 'ok'];

/** The checks, what needs a person first. */
export function worstFirst(checks: Check[]): Check[] {
  return [...checks].sort((a, b) => WORST_FIRST.indexOf(a.outcome) - WORST_FIRST.indexOf(b.outcome));
}
