import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

const PREFIX = 'https://schema.jupyter-mlplatform.dev/';

/** What access and hand-off announce; an empty text means: refresh, but do not interrupt anybody. */
export interface INotice {
  seq: number;
  action: string;
  subject: string;
  text: string;
  urgency: 'info' | 'success' | 'warning';
}

/** What the idle keeper announces about a kernel, a terminal or the whole workspace. */
export interface IIdleNews {
  action: 'warned' | 'cancelled' | 'culled' | 'kept' | 'released' | 'save' | 'held' | 'failed';
  /** `kernel:ID`, `terminal:NAME` or `workspace`. */
  subject: string;
  kind: 'kernel' | 'terminal' | 'workspace';
  name: string;
  path: string;
  stops_in_seconds: number | null;
  why: string;
  /** With `save`: what a tab's answer has to name. */
  request: string;
}

/** The platform's events out of the server's one event stream, sorted by feature. It asks nothing of the server. */
export class News implements IDisposable {
  constructor(private readonly _stream: Event.Stream) {
    this._stream.connect(this._receive, this);
  }

  get access(): ISignal<this, INotice> {
    return this._access;
  }

  get handoff(): ISignal<this, INotice> {
    return this._handoff;
  }

  get idle(): ISignal<this, IIdleNews> {
    return this._idle;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._stream.disconnect(this._receive, this);
    Signal.clearData(this);
  }

  private _receive(_: unknown, emission: Event.Emission): void {
    if (!emission.schema_id.startsWith(PREFIX)) {
      return;
    }
    const data: unknown = emission;
    switch (emission.schema_id.slice(PREFIX.length)) {
      case 'access/v1':
        this._access.emit(data as INotice);
        break;
      case 'handoff/v1':
        this._handoff.emit(data as INotice);
        break;
      case 'idle/v1':
        this._idle.emit(data as IIdleNews);
        break;
    }
  }

  private readonly _access = new Signal<this, INotice>(this);
  private readonly _handoff = new Signal<this, INotice>(this);
  private readonly _idle = new Signal<this, IIdleNews>(this);
  private _isDisposed = false;
}
