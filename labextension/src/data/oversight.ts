import type { TranslationBundle } from '@jupyterlab/translation';
import { Debouncer } from '@lumino/polling';
import type { PlatformClient } from '../api/client';
import type { Audit, AuditEvent, AuditPage, Options, OversightPage } from '../api/types';
import { SectionModel } from '../section/model';

const PAGE = 20;
/** How long typing must pause before the server is asked, in milliseconds. */
const TYPING_MS = 300;

/** What this person may see besides their own things. */
export class StandingModel extends SectionModel<Options> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 10 * 60_000);
  }

  protected load(): Promise<Options> {
    return this._client.get('/access/options');
  }
}

/** Which grants are looked at; an empty field does not narrow. */
export interface IOversightQuery {
  dataset: string;
  person: string;
  state: string;
}

/** Who holds grants, and what became of them where the data lies. */
export class OversightModel extends SectionModel<OversightPage> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 60_000);
  }

  get query(): Readonly<IOversightQuery> {
    return this._query;
  }

  get hasMore(): boolean {
    return this.data !== null && this.data.items.length < this.data.total;
  }

  get narrowed(): boolean {
    return Object.values(this._query).some(Boolean);
  }

  narrow(change: Partial<IOversightQuery>): void {
    this._query = { ...this._query, ...change };
    this._limit = PAGE;
    this.notify();
    void this._typing.invoke();
  }

  more(): void {
    this._limit += PAGE;
    void this.refresh();
  }

  override dispose(): void {
    this._typing.dispose();
    super.dispose();
  }

  protected load(): Promise<OversightPage> {
    return this._client.get('/access/oversight', { query: { ...this._query, limit: this._limit } });
  }

  private readonly _typing = new Debouncer(() => this.refresh(), TYPING_MS);
  private _query: IOversightQuery = { dataset: '', person: '', state: '' };
  private _limit = PAGE;
}

/** Which events are looked at; an empty field does not narrow. */
export interface IAuditQuery {
  dataset: string;
  person: string;
  action: string;
}

/** The audit trail from its end, page by page. */
export class AuditModel extends SectionModel<AuditPage> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 5 * 60_000);
  }

  get query(): Readonly<IAuditQuery> {
    return this._query;
  }

  /** The newest page and the older ones that were asked for. */
  get events(): AuditEvent[] {
    return [...(this.data?.items ?? []), ...this._older];
  }

  get hasOlder(): boolean {
    return this._next() > 0;
  }

  /** What the last check of the chain found; null before there was one. */
  get checked(): Audit | null {
    return this._checked;
  }

  narrow(change: Partial<IAuditQuery>): void {
    this._query = { ...this._query, ...change };
    this._forget();
    this.notify();
    void this._typing.invoke();
  }

  async older(): Promise<void> {
    const query = this._query;
    const page = await this.act('older', () =>
      this._client.get('/access/audit', { query: { ...query, before: this._next() } })
    );
    if (page && query === this._query) {
      this._older = [...this._older, ...page.items];
      this._oldest = page.older;
      this.notify();
    }
  }

  async verify(): Promise<void> {
    const found = await this.act('verify', () =>
      this._client.get('/access/audit/verification', { timeout: 120_000 })
    );
    this._checked = found ?? null;
    this.notify();
  }

  override dispose(): void {
    this._typing.dispose();
    super.dispose();
  }

  protected async load(): Promise<AuditPage> {
    const page = await this._client.get('/access/audit', { query: { ...this._query } });
    this._forget(); // numbers of a newer page would leave a gap, or show events twice
    return page;
  }

  private _next(): number {
    return this._oldest ?? this.data?.older ?? 0;
  }

  private _forget(): void {
    this._older = [];
    this._oldest = null;
  }

  private readonly _typing = new Debouncer(() => this.refresh(), TYPING_MS);
  private _query: IAuditQuery = { dataset: '', person: '', action: '' };
  private _older: AuditEvent[] = [];
  private _oldest: number | null = null;
  private _checked: Audit | null = null;
}
