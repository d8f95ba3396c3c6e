import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { IdleStatus, Lease } from '../api/types';
import { SectionModel } from '../section/model';

/** The name of the keep-alive command of a kernel, or of the workspace. */
const scope = (kernelId: string | null): string => `keep:${kernelId ?? 'workspace'}`;

/** What is idle, what is kept, and why. */
export class IdleModel extends SectionModel<IdleStatus> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 15_000);
  }

  isKeeping(kernelId: string | null): boolean {
    return this.isBusy(scope(kernelId));
  }

  /** The keep-alive of a kernel, or of the whole workspace. */
  lease(kernelId: string | null): Lease | undefined {
    return this.data?.leases.find(lease => lease.kernel_id === kernelId);
  }

  /** Keep a kernel, or the whole workspace, for some seconds from now. Resolves to the lease when it was given. */
  async keep(seconds: number, kernelId: string | null): Promise<Lease | undefined> {
    const lease = await this.act(scope(kernelId), () =>
      this._client.post('/idle/leases', { body: { seconds, kernel_id: kernelId, reason: '' } })
    );
    if (lease) {
      await this.refresh();
    }
    return lease;
  }

  async release(lease: Lease): Promise<void> {
    const status = await this.act(scope(lease.kernel_id), () =>
      this._client.delete('/idle/leases/{lease_id}', { path: { lease_id: lease.id } })
    );
    if (status) {
      this.put(status);
    }
  }

  protected load(): Promise<IdleStatus> {
    return this._client.get('/idle');
  }
}
