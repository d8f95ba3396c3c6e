import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Run } from '../api/types';
import { SectionModel } from '../section/model';

const LIVE_MS = 2000;
const CALM_MS = 60_000;
const FINAL: Run['state'][] = ['Succeeded', 'Failed', 'Stopped', 'Interrupted'];

export function isFinal(run: Run): boolean {
  return FINAL.includes(run.state);
}

/** All runs, newest first; asked often only while one of them goes on. */
export class RunsModel extends SectionModel<Run[]> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, CALM_MS);
  }

  find(id: string | null): Run | undefined {
    return this.data?.find(run => run.id === id);
  }

  /** Show a run that was started a moment ago. */
  add(run: Run): void {
    this.put([run, ...(this.data ?? []).filter(other => other.id !== run.id)]);
    void this.refresh();
  }

  async cancel(run: Run): Promise<void> {
    const done = await this.act(`cancel:${run.id}`, () =>
      this._client.post('/handoff/runs/{run_id}/cancellation', { path: { run_id: run.id } })
    );
    if (done) {
      await this.refresh();
    }
  }

  protected async load(): Promise<Run[]> {
    const runs = (await this._client.get('/handoff/runs')).items;
    this.pace(runs.every(isFinal) ? CALM_MS : LIVE_MS);
    return runs;
  }
}

/** How much of a log is kept, in characters. */
const TAIL = 100_000;

/** The end of one step's log, growing while the step runs. */
export class LogModel extends SectionModel<string> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle,
    readonly runId: string,
    readonly step: string
  ) {
    super(trans, LIVE_MS);
  }

  protected async load(): Promise<string> {
    if (this._complete) {
      return this.data ?? '';
    }
    const piece = await this._client.get('/handoff/runs/{run_id}/log', {
      path: { run_id: this.runId },
      query: { step: this.step, offset: this._offset }
    });
    this._offset = piece.next_offset;
    this._complete = piece.complete;
    this.pace(piece.complete ? CALM_MS : LIVE_MS);
    return ((this.data ?? '') + piece.text).slice(-TAIL);
  }

  private _complete = false;
  private _offset = 0;
}
