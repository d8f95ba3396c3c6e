import type { IDisposable } from '@lumino/disposable';
import type { PlatformClient } from '../api/client';
import { isMissing } from '../api/problem';

/** At most one beat in this time, in milliseconds. */
export const BEAT_MS = 60_000;

/** While something is about to stop, a beat that failed is tried again with the next sign after this time. */
const AGAIN_MS = 2_000;

/**
 * What only a person does. Scrolling shows as a wheel, a touch, a key or a pressed scroll bar: the scroll event itself
 * also comes from a notebook that follows its own output, and is none.
 */
const SIGNS = [
  'keydown',
  'pointerdown',
  'pointermove',
  'mousedown',
  'mousemove',
  'touchstart',
  'touchmove',
  'wheel'
];

/** When the pointer or the focus has entered a frame, whose own signs are heard from then on. */
const ENTRANCES = ['pointerover', 'focusin'];

/**
 * Tells the server that a person is there: at most once a minute, only on a key, the pointer, a touch or the wheel, and
 * only while the tab can be seen. Frames of the same origin belong to the page. It stops for good when the server does
 * not know the route.
 */
export class Presence implements IDisposable {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _document: Document = document,
    private readonly _now: () => number = () => Date.now()
  ) {
    this._listen(this._document);
    this._document.defaultView?.addEventListener('blur', this._entered);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Something is about to stop: the very next sign is sent at once. */
  expect(): void {
    this._last = -Infinity;
    this._expected = true;
  }

  dispose(): void {
    this._isDisposed = true;
    this._heard.forEach(heard => this._silence(heard));
    this._heard.clear();
    this._document.defaultView?.removeEventListener('blur', this._entered);
  }

  private readonly _notice = (event: Event): void => {
    const now = this._now();
    if (this._document.hidden || !this._moved(event) || now - this._last < this._pause()) {
      return;
    }
    this._last = now;
    const expected = this._expected;
    this._expected = false;
    this._client.post('/idle/presence').catch((error: unknown) => {
      if (isMissing(error)) {
        this.dispose();
      } else if (expected) {
        this._expected = true; // this one mattered; any other failure is made up for by the next beat
      }
    });
  };

  private _pause(): number {
    return this._expected ? AGAIN_MS : BEAT_MS;
  }

  /** Whether a pointer is somewhere else than before: a browser tells of one at rest when the page moves below it. */
  private _moved(event: Event): boolean {
    if (!/^(pointer|mouse)move$/.test(event.type) || !('screenX' in event)) {
      return true;
    }
    const { screenX, screenY } = event as MouseEvent;
    const at = `${screenX},${screenY}`;
    const moved = at !== this._at;
    this._at = at;
    return moved;
  }

  /** The pointer or the focus went into a frame; one of another origin cannot be heard. */
  private readonly _entered = (event: Event): void => {
    const target = event.target as Partial<Element> | null; // a window has no node's name
    const page = target?.ownerDocument ?? this._document;
    for (const frame of [target, page.activeElement]) {
      if (frame?.nodeName === 'IFRAME') {
        this._hear(frame as HTMLIFrameElement);
      }
    }
  };

  private _hear(frame: HTMLIFrameElement): void {
    const inner = documentOf(frame);
    if (inner && !this._heard.has(inner)) {
      this._listen(inner);
      // What the frame shows next is another document, and this one is gone.
      frame.addEventListener('load', () => !this._isDisposed && this._hear(frame), { once: true });
      inner.defaultView?.addEventListener('pagehide', () => this._heard.delete(inner), { once: true });
    }
  }

  private _listen(page: Document): void {
    this._heard.add(page);
    SIGNS.forEach(sign => page.addEventListener(sign, this._notice, { capture: true, passive: true }));
    ENTRANCES.forEach(sign => page.addEventListener(sign, this._entered, { capture: true, passive: true }));
  }

  private _silence(page: Document): void {
    SIGNS.forEach(sign => page.removeEventListener(sign, this._notice, { capture: true }));
    ENTRANCES.forEach(sign => page.removeEventListener(sign, this._entered, { capture: true }));
  }

  private _at = '';
  private _expected = false;
  private readonly _heard = new Set<Document>();
  private _isDisposed = false;
  private _last = -Infinity;
}

function documentOf(frame: HTMLIFrameElement): Document | null {
  try {
    return frame.contentDocument;
  } catch {
    return null; // of another origin
  }
}
