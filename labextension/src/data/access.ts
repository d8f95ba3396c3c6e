import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { AccessRequest, Grant, Verdict } from '../api/types';
import { SectionModel } from '../section/model';

/** What a person has asked for, may use, and has given to others. */
export interface IMine {
  requests: AccessRequest[];
  grants: Grant[];
  /** Grants of other people on datasets that I own. */
  owned: Grant[];
}

export class MineModel extends SectionModel<IMine> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 60_000);
  }

  async withdraw(request: AccessRequest): Promise<void> {
    const done = await this.act(`withdraw:${request.id}`, () =>
      this._client.post('/access/requests/{request_id}/withdrawal', {
        path: { request_id: request.id },
        body: { reason: '' }
      })
    );
    if (done) {
      await this.refresh();
    }
  }

  /** End a grant at once, one's own or one on one's own dataset. Resolves to whether it ended. */
  async revoke(grant: Grant, reason: string): Promise<boolean> {
    const done = await this.act(`revoke:${grant.id}`, () =>
      this._client.post('/access/grants/{grant_id}/revocation', {
        path: { grant_id: grant.id },
        body: { reason }
      })
    );
    if (done) {
      await this.refresh();
    }
    return !!done;
  }

  protected async load(): Promise<IMine> {
    const [requests, grants, owned] = await Promise.all([
      this._client.get('/access/requests', { query: { role: 'mine' } }),
      this._client.get('/access/grants', { query: { role: 'mine' } }),
      this._client.get('/access/grants', { query: { role: 'owned' } })
    ]);
    return { requests: requests.items, grants: grants.items, owned: owned.items };
  }
}

/** A decision as an owner fills it in. */
export interface IDecision {
  verdict: Verdict;
  reason: string;
  columns: string[];
  days: number;
}

/** The requests that wait for me. */
export class InboxModel extends SectionModel<AccessRequest[]> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle,
    private readonly _decided: () => void
  ) {
    super(trans, 60_000);
  }

  isDeciding(request: AccessRequest): boolean {
    return this.isBusy(`decide:${request.id}`);
  }

  /** Decide on exactly the revision that was shown; the same scope as asked is sent as "all of it". */
  async decide(request: AccessRequest, decision: IDecision): Promise<void> {
    const whole = decision.columns.length === request.scope.columns.length;
    const approves = decision.verdict === 'approve';
    const done = await this.act(`decide:${request.id}`, () =>
      this._client.post('/access/requests/{request_id}/decisions', {
        path: { request_id: request.id },
        body: {
          verdict: decision.verdict,
          revision: request.revision,
          reason: decision.reason,
          columns: approves && !whole ? decision.columns : [],
          days: approves && decision.days !== request.days ? decision.days : null
        }
      })
    );
    if (done) {
      this.put((this.data ?? []).filter(other => other.id !== request.id));
      this._decided();
      await this.refresh();
    }
  }

  protected async load(): Promise<AccessRequest[]> {
    return (await this._client.get('/access/requests', { query: { role: 'inbox' } })).items;
  }
}
