import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { PlatformClient } from '../api/client';
import { asProblem, isMissing } from '../api/problem';
import type { Problem } from '../api/types';

export type AvailabilityState = 'unknown' | 'asking' | 'ready' | 'missing' | 'problem';

/** Whether the server part is there. It asks only when told to, and never again once the answer was yes. */
export class Availability implements IDisposable {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _trans: TranslationBundle
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): AvailabilityState {
    return this._state;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async ask(): Promise<void> {
    if (this._state === 'ready' || this._state === 'asking') {
      return;
    }
    this._become('asking');
    try {
      await this._client.get('/workspace');
      this._become('ready');
    } catch (error) {
      if (isMissing(error)) {
        this._become('missing');
      } else {
        this._become('problem', asProblem(error, this._trans));
      }
    }
  }

  private _become(state: AvailabilityState, problem: Problem | null = null): void {
    this._state = state;
    this._problem = problem;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _state: AvailabilityState = 'unknown';
  private _problem: Problem | null = null;
  private _isDisposed = false;
}
