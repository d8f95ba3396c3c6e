import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { PlatformClient } from '../api/client';
import type { AccessRequest, DatasetPage, Effect, Grant, Problem, RowFilter, Verdict } from '../api/types';
import { SectionModel } from '../section/model';
import { extentOf, isScheduled, presentStage } from './review';

/** What a person has asked for, may use, and has given to others. */
export interface IMine {
  requests: AccessRequest[];
  grants: Grant[];
  /** Grants of other people on datasets that I own. */
  owned: Grant[];
  /** What these grants need where the data lies. */
  effects: Effect[];
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

  /** What a grant needs where the data lies. */
  effectsOf(grant: Grant): Effect[] {
    return (this.data?.effects ?? []).filter(effect => effect.grant_id === grant.id);
  }

  /** The open request, or the grant to come, that makes a renewal of this one needless. */
  successor(grant: Grant): AccessRequest | Grant | null {
    const { requests = [], grants = [] } = this.data ?? {};
    const dataset = grant.scope.dataset_id;
    return (
      grants.find(other => other.scope.dataset_id === dataset && isScheduled(other)) ??
      requests.find(
        request =>
          request.scope.dataset_id === dataset &&
          (request.state === 'submitted' || request.state === 'changes_asked')
      ) ??
      null
    );
  }

  /** What a renewal has to know of the dataset: how long it may be, and who decides. */
  async renewalTerms(grant: Grant): Promise<DatasetPage | null> {
    const path = { dataset_id: grant.scope.dataset_id };
    const asked = this.act(`terms:${grant.id}`, () =>
      this._client.get('/access/datasets/{dataset_id}', { path })
    );
    return (await asked) ?? null;
  }

  /** Ask to go on with a grant for `days` days after its end. Resolves to whether it was asked. */
  async renew(grant: Grant, days: number, reason: string): Promise<boolean> {
    const asked = JSON.stringify([grant.id, days, reason]);
    if (this._renewal.asked !== asked) {
      this._renewal = { asked, key: UUID.uuid4() }; // the same once more is the same request
    }
    const { dataset_id, columns, rows } = grant.scope;
    const { key } = this._renewal;
    const done = await this.act(`renew:${grant.id}`, () =>
      this._client.post('/access/requests', {
        body: {
          dataset_id,
          columns,
          rows: rows ?? null,
          purpose: grant.purpose,
          reason,
          days,
          beneficiary: '',
          renews: grant.id,
          basket: '',
          idempotency_key: key
        }
      })
    );
    if (done) {
      this._renewal = { asked: '', key: '' };
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
    const effects = [...(grants.effects ?? []), ...(owned.effects ?? [])];
    return { requests: requests.items, grants: grants.items, owned: owned.items, effects };
  }

  private _renewal = { asked: '', key: '' };
}

/** A decision as an owner fills it in. */
export interface IDecision {
  verdict: Verdict;
  reason: string;
  columns: string[];
  /** A further condition on the rows; null adds none. */
  rows: RowFilter | null;
  days: number;
}

/** Refusals because the request is no longer what was shown. */
const OUTRUN = [
  'access.revision_changed',
  'access.stage_changed',
  'access.not_open',
  'access.not_approver',
  'access.changed_meanwhile'
];

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

  /** Why a request that still waits had to be shown anew; null when it did not. */
  changedMeanwhile(request: AccessRequest): Problem | null {
    return this._changedMeanwhile.get(request.id) ?? null;
  }

  /** Decide on exactly the revision and stage that were shown; all that is left of it is sent as "all of it". */
  async decide(request: AccessRequest, decision: IDecision): Promise<void> {
    const extent = extentOf(request);
    const whole = decision.columns.length === extent.columns.length;
    const approves = decision.verdict === 'approve';
    this._changedMeanwhile.delete(request.id);
    const done = await this.act(`decide:${request.id}`, () =>
      this._client.post('/access/requests/{request_id}/decisions', {
        path: { request_id: request.id },
        body: {
          verdict: decision.verdict,
          revision: request.revision,
          stage: stageOf(request),
          reason: decision.reason,
          columns: approves && !whole ? decision.columns : [],
          rows: approves ? decision.rows : null,
          days: approves && decision.days !== extent.days ? decision.days : null
        }
      })
    );
    if (done) {
      this.put((this.data ?? []).filter(other => other.id !== request.id));
      this._decided();
      await this.refresh();
    } else {
      await this._catchUp(request);
    }
  }

  protected async load(): Promise<AccessRequest[]> {
    const { items } = await this._client.get('/access/requests', { query: { role: 'inbox' } });
    for (const request of items) {
      const shown = this.data?.find(other => other.id === request.id);
      if (shown && (shown.revision !== request.revision || stageOf(shown) !== stageOf(request))) {
        this._changedMeanwhile.set(request.id, this._outOfDate());
      }
    }
    return items;
  }

  /** After a refusal of what is no longer so: show it as it is now, with the reason beside it. */
  private async _catchUp(request: AccessRequest): Promise<void> {
    const { refusal } = this;
    if (!refusal || !OUTRUN.includes(refusal.code)) {
      return;
    }
    try {
      this.put(await this.load());
    } catch {
      void this.refresh(); // shows what is wrong with loading; the refusal stays in view as well
      return;
    }
    if (this.data?.some(other => other.id === request.id)) {
      this._changedMeanwhile.set(request.id, refusal);
      this.dismiss();
    }
  }

  private _outOfDate(): Problem {
    return {
      code: 'panel.request_changed',
      message: this.trans.__('This request has changed since you looked at it.'),
      cause: '',
      next_step: this.trans.__('Look at it again, then decide.')
    };
  }

  private readonly _changedMeanwhile = new Map<string, Problem>();
}

function stageOf(request: AccessRequest): string {
  return presentStage(request)?.stage ?? '';
}
