import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';
import type { IIdleNews, News } from '../api/news';
import { duration } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { idleIcon } from '../ui/icons';
import type { IdleModel } from './model';

/** What is known older than this is not told any more, in milliseconds. */
const STALE_MS = 60_000;

/** What the status bar says, from what is known anyway: it never asks the server. */
export class IdleNow implements IDisposable {
  constructor(
    private readonly _model: IdleModel,
    news: News,
    private readonly _trans: TranslationBundle
  ) {
    _model.changed.connect(this._fromModel, this);
    news.idle.connect(this._fromNews, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** When the workspace stops, as milliseconds since 1970; null when it is not going to, or that is not known. */
  get stopsAt(): number | null {
    return this._stopsAt;
  }

  get why(): string {
    return this._why;
  }

  text(now: number = Date.now()): string {
    if (this._stopsAt !== null && this._stopsAt > now) {
      return this._trans.__('Stops in %1', duration((this._stopsAt - now) / 1000, this._trans));
    }
    const fresh = now - this._knownAt < STALE_MS;
    return fresh && this._kept ? this._trans.__('Kept awake') : this._trans.__('Awake');
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _fromModel(): void {
    const status = this._model.data;
    if (status && status !== this._last) {
      this._last = status;
      this._learn(
        status.state === 'kept',
        status.state === 'warned' ? (status.workspace ?? status).stops_in_seconds : null,
        status.verdict
      );
    }
  }

  private _fromNews(_: News, told: IIdleNews): void {
    if (told.kind !== 'workspace' || told.action === 'save') {
      return; // a kernel that stops leaves the workspace awake
    }
    this._learn(told.action === 'kept', told.action === 'warned' ? told.stops_in_seconds : null, told.why);
  }

  private _learn(kept: boolean, stopsIn: number | null, why: string): void {
    this._knownAt = Date.now();
    this._kept = kept;
    this._stopsAt = stopsIn === null ? null : this._knownAt + stopsIn * 1000;
    this._why = why;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _kept = false;
  private _knownAt = -Infinity;
  private _last: IdleModel['data'] = null;
  private _stopsAt: number | null = null;
  private _why = '';
}

/** The status-bar item; a click opens the section. */
export class IdleStatusItem extends ReactWidget {
  constructor(
    private readonly _now: IdleNow,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('jp-mlp-StatusItem');
  }

  protected override render(): React.JSX.Element {
    return <Item now={this._now} trans={this._trans} open={this._open} />;
  }
}

function Item(props: { now: IdleNow; trans: TranslationBundle; open: () => void }): React.JSX.Element {
  const { now, trans } = props;
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  useChanged(now);
  const counting = now.stopsAt !== null;
  React.useEffect(() => {
    const timer = counting ? window.setInterval(tick, 1000) : undefined;
    return () => window.clearInterval(timer);
  }, [counting]);
  const text = now.text();
  return (
    <button
      type="button"
      className={`jp-mlp-StatusItem-button${counting ? ' jp-mod-warn' : ''}`}
      title={now.why || trans.__('Click to see why the workspace is awake')}
      aria-label={trans.__('Idle shutdown: %1', text)}
      onClick={props.open}
    >
      <idleIcon.react tag="span" stylesheet="statusBar" />
      <span>{text}</span>
    </button>
  );
}
