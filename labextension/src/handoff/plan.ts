import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { PlatformClient } from '../api/client';
import { asProblem } from '../api/problem';
import type { Finding, Plan, Problem, Run } from '../api/types';

/** A plan reads and packs the whole source folder: it may take long, in milliseconds. */
const PLAN_TIMEOUT_MS = 180_000;

export type PlanState = 'checking' | 'shown' | 'refused' | 'starting' | 'started';

/** One hand-off from its plan to its start, which happens at most once. */
export class PlanModel implements IDisposable {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _trans: TranslationBundle,
    readonly path: string
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): PlanState {
    return this._state;
  }

  get plan(): Plan | null {
    return this._plan;
  }

  /** Why there is no plan, or why it did not start. */
  get problem(): Problem | null {
    return this._problem;
  }

  get startable(): boolean {
    return this._state === 'shown' && !!this._plan?.startable;
  }

  /** What was found, what blocks first. */
  get findings(): Finding[] {
    const order: Finding['severity'][] = ['blocked', 'warning', 'ok'];
    return [...(this._plan?.findings ?? [])].sort(
      (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity)
    );
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Make the plan, or make it again after something was mended. */
  async check(): Promise<void> {
    if (this._state === 'starting' || this._state === 'started') {
      return;
    }
    const turn = ++this._turn;
    this._become('checking');
    try {
      const plan = await this._client.post('/handoff/plans', {
        body: { path: this.path, params: {} },
        timeout: PLAN_TIMEOUT_MS
      });
      if (turn === this._turn) {
        this._plan = plan;
        this._become('shown');
      }
    } catch (error) {
      if (turn === this._turn) {
        this._plan = null;
        this._become('refused', asProblem(error, this._trans));
      }
    }
  }

  /** Start exactly what is shown. Resolves to the run; to null when it may not start or did not. */
  async start(): Promise<Run | null> {
    const plan = this._plan;
    if (!plan || !this.startable) {
      return null;
    }
    this._become('starting');
    try {
      const run = await this._client.post('/handoff/runs', {
        body: { path: this.path, plan_hash: plan.hash, idempotency_key: this._key, params: {} },
        timeout: PLAN_TIMEOUT_MS
      });
      this._become('started');
      return run;
    } catch (error) {
      this._become('shown', asProblem(error, this._trans));
      return null;
    }
  }

  private _become(state: PlanState, problem: Problem | null = null): void {
    this._state = state;
    this._problem = problem;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _key = UUID.uuid4();
  private _isDisposed = false;
  private _plan: Plan | null = null;
  private _problem: Problem | null = null;
  private _state: PlanState = 'checking';
  private _turn = 0;
}
