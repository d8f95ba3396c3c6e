import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { asProblem } from '../api/problem';
import type { Problem } from '../api/types';

/** The longest pause between two attempts when the server keeps failing, in milliseconds. */
const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * What one section knows: the data it shows, what went wrong, and which commands are on their way.
 *
 * It asks the server only while it is active, which is while its widget and the browser's tab are in view.
 */
export abstract class SectionModel<T> implements IDisposable {
  constructor(
    protected readonly trans: TranslationBundle,
    /** Pause between two requests while active, in milliseconds. */
    interval: number
  ) {
    this._poll = new Poll({
      auto: false,
      name: `jupyter-mlplatform:${new.target.name}`,
      standby: 'when-hidden',
      linger: 0,
      frequency: { interval, backoff: true, max: LONGEST_PAUSE_MS },
      factory: () => this._load()
    });
  }

  /** Anything that a widget shows has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The newest data; null until the first answer. It stays when a later request fails. */
  get data(): T | null {
    return this._data;
  }

  /** Why the last request failed; null when it did not. */
  get problem(): Problem | null {
    return this._problem;
  }

  /** Why the last command failed, until {@link dismiss}; null when it did not. */
  get refusal(): Problem | null {
    return this._refusal;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  get active(): boolean {
    return this._active;
  }

  set active(active: boolean) {
    if (active === this._active || this.isDisposed) {
      return;
    }
    this._active = active;
    if (active) {
      document.addEventListener('visibilitychange', this._look);
      void this._poll.start();
      void this.refresh();
    } else {
      document.removeEventListener('visibilitychange', this._look);
      void this._poll.stop();
    }
  }

  /** Ask again now, or, while inactive, not at all: becoming active asks anyway. */
  async refresh(): Promise<void> {
    if (this._active && !this.isDisposed) {
      this._wishes += 1;
      await this._poll.refresh();
    }
  }

  /** Whether a command of this name is on its way. */
  isBusy(name: string): boolean {
    return this._running.has(name);
  }

  dismiss(): void {
    this._refusal = null;
    this.notify();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.active = false;
    this._poll.dispose();
    Signal.clearData(this);
  }

  /**
   * Run a command once: while one of the same name is on its way, a second click joins it.
   *
   * Resolves to undefined, and sets {@link refusal}, when it fails.
   */
  protected act<R>(name: string, work: () => Promise<R>): Promise<R | undefined> {
    const running = this._running.get(name);
    if (running) {
      return running as Promise<R | undefined>;
    }
    const run = async (): Promise<R | undefined> => {
      try {
        return await work();
      } catch (error) {
        this._refusal = asProblem(error, this.trans);
        return undefined;
      } finally {
        this._running.delete(name);
        this.notify();
      }
    };
    this._refusal = null;
    const promise = run();
    this._running.set(name, promise);
    this.notify();
    return promise;
  }

  /** Ask the server. */
  protected abstract load(): Promise<T>;

  /** Pause between two requests from now on, in milliseconds. */
  protected pace(interval: number): void {
    if (!this.isDisposed && this._poll.frequency.interval !== interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  protected put(data: T): void {
    this._data = data;
    this._problem = null;
    this.notify();
  }

  protected notify(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  /** The tab came into view again, where what is shown may be old: the poll alone would wait for its next turn. */
  private readonly _look = (): void => {
    if (!document.hidden) {
      void this.refresh();
    }
  };

  private async _load(): Promise<void> {
    const turn = ++this._turn;
    try {
      let wishes: number;
      let data: T;
      do {
        // While a request is on its way the poll drops a further wish, whose answer may be another one.
        wishes = this._wishes;
        data = await this.load();
      } while (wishes !== this._wishes && this._active && turn === this._turn);
      if (turn === this._turn) {
        this.put(data);
      }
    } catch (error) {
      if (turn === this._turn) {
        this._problem = asProblem(error, this.trans);
        this.notify();
      }
      throw error; // the poll waits longer and longer
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private readonly _running = new Map<string, Promise<unknown>>();
  private _active = false;
  private _data: T | null = null;
  private _problem: Problem | null = null;
  private _refusal: Problem | null = null;
  private _turn = 0;
  private _wishes = 0;
}
