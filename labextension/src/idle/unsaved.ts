import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { PlatformClient } from '../api/client';
import { isMissing } from '../api/problem';
import type { IIdleNews, News } from '../api/news';
import type { OpenDocuments } from './documents';
import { saveQuietly, type ISaver } from './saving';
import type { ITab } from './tab';

/** Typing changes the set of unsaved documents once and saving once more; what comes together is told together. */
const SETTLE_MS = 1_000;

/** The pause after a failure, in milliseconds; each further one waits twice as long, up to the longest. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/** With paths of people's length this stays below the 64 KiB that a closing page may send. */
const MOST_PATHS = 500;

/**
 * Tells the server which documents of this tab have unsaved changes, and saves them when it asks for it before it stops
 * the workspace. It asks nobody and says nothing while there is nothing to say.
 */
export class UnsavedDocuments implements IDisposable {
  constructor(
    private readonly _client: PlatformClient,
    news: News,
    private readonly _documents: OpenDocuments,
    private readonly _saver: ISaver,
    tab: ITab
  ) {
    this.client = tab.client;
    this._told = tab.returned ? null : '';
    _documents.changed.connect(this._later, this);
    news.idle.connect(this._receive, this);
    window.addEventListener('pagehide', this._leave);
    window.addEventListener('pageshow', this._return);
    this._later();
  }

  /** This tab, as the server knows it. */
  readonly client: string;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    window.removeEventListener('pagehide', this._leave);
    window.removeEventListener('pageshow', this._return);
    Signal.clearData(this);
  }

  private _paths(): string[] {
    const { contents } = this._saver;
    const paths = this._documents.unsaved().map(context => contents.localPath(context.path));
    return [...new Set(paths)].sort().slice(0, MOST_PATHS);
  }

  private _later(): void {
    this._schedule(SETTLE_MS);
  }

  private _schedule(pause: number): void {
    window.clearTimeout(this._timer);
    if (!this._isDisposed) {
      this._timer = window.setTimeout(() => void this._tell(), pause);
    }
  }

  /** Tell the server what is unsaved, unless it knows. */
  private async _tell(): Promise<void> {
    const paths = this._paths();
    const said = paths.join('\n');
    if (said === this._told) {
      return;
    }
    if (this._telling) {
      this._later(); // two requests on their way could arrive the wrong way round
      return;
    }
    this._telling = true;
    try {
      await this._client.post('/idle/unsaved', { body: { client: this.client, paths } });
      this._told = said;
      this._pause = FIRST_PAUSE_MS;
    } catch (error) {
      if (isMissing(error)) {
        this.dispose();
        return;
      }
      this._schedule(this._pause);
      this._pause = Math.min(2 * this._pause, LONGEST_PAUSE_MS);
    } finally {
      this._telling = false;
    }
  }

  private _receive(_: News, told: IIdleNews): void {
    if (told.action === 'warned' && told.kind === 'workspace' && this._told) {
      this._told = ''; // a server that was started again meanwhile has not heard of it
      this._schedule(0);
    } else if (told.action === 'save') {
      void this._save(told.request);
    }
  }

  /** Save what can be saved, and answer with what cannot; once for a request that comes twice. */
  private async _save(request: string): Promise<void> {
    if (this._saving.has(request)) {
      return;
    }
    this._saving.add(request);
    const { contents } = this._saver;
    const failed: Record<string, string> = {};
    await Promise.all(
      this._documents.unsaved().map(async context => {
        const path = contents.localPath(context.path);
        const reason = await saveQuietly(context, this._saver);
        if (reason) {
          failed[path] = reason;
        }
      })
    );
    try {
      await this._client.post('/idle/saved', { body: { client: this.client, request, failed } });
    } catch {
      this._saving.delete(request); // without an answer nothing is stopped; asked once more, it answers again
    }
    this._later();
  }

  /** The page goes: what it has not saved is lost anyway, and must not hold the workspace. */
  private readonly _leave = (): void => {
    if (this._told) {
      this._told = '';
      const goodbye = { client: this.client, paths: [] };
      this._client.post('/idle/unsaved', { body: goodbye, keepalive: true }).catch(() => undefined);
    }
  };

  /** It was only put aside, and is shown again as it was. */
  private readonly _return = (event: PageTransitionEvent): void => {
    if (event.persisted) {
      this._later();
    }
  };

  private _isDisposed = false;
  private _pause = FIRST_PAUSE_MS;
  private readonly _saving = new Set<string>();
  private _telling = false;
  private _timer = 0;
  /** What the server was told last, one path a line; null while it may remember what the page before has told. */
  private _told: string | null;
}
