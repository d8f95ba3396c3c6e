import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { PlatformClient } from '../api/client';
import type { Suggestion } from '../api/types';

/** How long typing must pause before the server is asked, in milliseconds. */
const TYPING_MS = 120;
/** How many are shown: what fits below the field. */
const MOST = 8;

/** What somebody may mean while they type: closed, on its way, or a list of which one may be chosen. */
export class SuggestModel implements IDisposable {
  constructor(private readonly _client: PlatformClient) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._typing.isDisposed;
  }

  /** Whether the list is to be seen. */
  get open(): boolean {
    return this._open && this._text.trim() !== '';
  }

  /** Null until the first answer to what was typed. */
  get items(): readonly Suggestion[] | null {
    return this._items;
  }

  /** The place in the list that the arrow keys have gone to; -1 while it is the field. */
  get at(): number {
    return this._at;
  }

  get chosen(): Suggestion | null {
    return this._items?.[this._at] ?? null;
  }

  /** Something else was typed: the list stays as it is until the answer comes, but nothing in it is chosen. */
  type(text: string): void {
    this._text = text;
    this._open = true;
    this._at = -1;
    this._turn += 1;
    if (text.trim()) {
      void this._typing.invoke();
    } else {
      this._items = null;
    }
    this._changed.emit();
  }

  /** Go up or down, round the ends, by way of the field. */
  move(step: 1 | -1): void {
    const count = this._items?.length ?? 0;
    this._open = true;
    this._at = ((this._at + 1 + step + count + 1) % (count + 1)) - 1;
    this._changed.emit();
  }

  close(): void {
    this._open = false;
    this._at = -1;
    this._turn += 1; // an answer that is on its way must not open it again
    this._changed.emit();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._turn += 1;
      this._typing.dispose();
      Signal.clearData(this);
    }
  }

  private async _ask(): Promise<void> {
    const turn = this._turn;
    let found: Suggestion[] | null;
    try {
      found = (await this._client.get('/access/suggestions', { query: { text: this._text } })).items;
    } catch {
      found = null; // the search below asks the same server for the same words, and says what is wrong
    }
    if (turn === this._turn) {
      this._items = found && found.slice(0, MOST);
      this._open = found !== null;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _typing = new Debouncer(() => this._ask(), TYPING_MS);
  private _text = '';
  private _items: Suggestion[] | null = null;
  private _open = false;
  private _at = -1;
  private _turn = 0;
}
