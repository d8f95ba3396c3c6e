import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { IdleStatus, PackagesStatus, WorkspaceInfo } from '../api/types';
import { SectionModel } from '../section/model';

/** Who works where, and in one line each: why it is awake, and whether the mirrors answer. */
export interface IWorkspaceState {
  info: WorkspaceInfo;
  /** Null when it could not be asked. */
  idle: IdleStatus | null;
  packages: PackagesStatus | null;
}

export class WorkspaceModel extends SectionModel<IWorkspaceState> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 30_000);
  }

  /** The two lines from other features may fail without hiding who works here. */
  protected async load(): Promise<IWorkspaceState> {
    const [info, idle, packages] = await Promise.all([
      this._client.get('/workspace'),
      this._client.get('/idle').catch(() => null),
      this._client.get('/packages').catch(() => null)
    ]);
    return { info, idle, packages };
  }
}

export type Mirrors = 'answer' | 'fail' | 'unmanaged' | 'unchecked' | 'unknown';

/** What the last examination of the package mirrors says; never "answer" without one that could tell. */
export function mirrors(status: PackagesStatus | null): Mirrors {
  if (!status) {
    return 'unknown';
  }
  if (status.tools.every(tool => tool.state === 'unmanaged')) {
    return 'unmanaged';
  }
  const checks = status.last?.checks ?? [];
  if (checks.some(check => check.outcome === 'failed')) {
    return 'fail';
  }
  if (!checks.length || checks.some(check => check.outcome === 'unknown')) {
    return 'unchecked';
  }
  return 'answer';
}
