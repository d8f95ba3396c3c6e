import type { IDisposable } from '@lumino/disposable';
import type { PlatformClient } from '../api/client';
import { isMissing } from '../api/problem';

/** At most one beat in this time, in milliseconds. */
export const BEAT_MS = 60_000;
const SIGNS = ['keydown', 'mousedown', 'mousemove', 'wheel'] as const;

/**
 * Tells the server that a person is there: at most once a minute, only on a key, the mouse or the wheel, and only
 * while the tab can be seen. It stops for good when the server does not know the route.
 */
export class Presence implements IDisposable {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _document: Document = document,
    private readonly _now: () => number = () => Date.now()
  ) {
    SIGNS.forEach(sign =>
      this._document.addEventListener(sign, this._notice, { capture: true, passive: true })
    );
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    SIGNS.forEach(sign => this._document.removeEventListener(sign, this._notice, { capture: true }));
  }

  private readonly _notice = (): void => {
    const now = this._now();
    if (this._document.hidden || now - this._last < BEAT_MS) {
      return;
    }
    this._last = now;
    this._client.post('/idle/presence').catch((error: unknown) => {
      if (isMissing(error)) {
        this.dispose();
      } // any other failure is made up for by the next beat
    });
  };

  private _isDisposed = false;
  private _last = -Infinity;
}
