import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Run } from '../api/types';
import { SectionGroup } from '../section/group';
import type { SectionModel } from '../section/model';
import { LogModel, RunsModel } from './runs';
import { VersionsModel } from './versions';

export type HandoffTab = 'runs' | 'versions';

/** The hand-off section: runs with their logs, and the model versions they made. */
export class HandoffModel extends SectionGroup {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.runs = new RunsModel(_client, _trans);
    this.versions = new VersionsModel(_client, _trans);
    this.versions.changed.connect(() => this.follow());
  }

  readonly runs: RunsModel;
  readonly versions: VersionsModel;

  get tab(): HandoffTab {
    return this._tab;
  }

  /** The run whose details are open. */
  get openRunId(): string | null {
    return this._openRunId;
  }

  /** The log that is shown below the open run. */
  get log(): LogModel | null {
    return this._log;
  }

  /** How many versions wait for a decision that I may make. */
  get waiting(): number {
    return (this.versions.data ?? []).filter(
      version => version.state === 'PendingManualApproval' && this.versions.standing(version) === 'may'
    ).length;
  }

  show(tab: HandoffTab): void {
    this._tab = tab;
    this.follow();
  }

  /** Open one run's details, or close them with null. */
  openRun(id: string | null): void {
    this._openRunId = id;
    this.openLog(null);
    this.show('runs');
  }

  /** Follow the log of one step of the open run. */
  openLog(step: string | null): void {
    this._log?.dispose();
    this._log =
      step && this._openRunId ? new LogModel(this._client, this._trans, this._openRunId, step) : null;
    this.follow();
  }

  /** A run was started here. */
  started(run: Run): void {
    this.openRun(run.id);
    this.runs.add(run);
  }

  refresh(): void {
    for (const model of this.inView()) {
      void model.refresh();
    }
  }

  protected models(): SectionModel<unknown>[] {
    return [this.runs, this.versions, ...(this._log ? [this._log] : [])];
  }

  /** Versions are always asked, because their tab shows how many wait. */
  protected inView(): SectionModel<unknown>[] {
    return this._tab === 'versions' ? [this.versions] : this.models();
  }

  private _log: LogModel | null = null;
  private _openRunId: string | null = null;
  private _tab: HandoffTab = 'runs';
}
