import type { TranslationBundle } from '@jupyterlab/translation';
import { Debouncer } from '@lumino/polling';
import type { PlatformClient } from '../api/client';
import type { Facet, SearchPage } from '../api/types';
import { SectionModel } from '../section/model';
import { SuggestModel } from './suggest';

/** What is looked for; an empty field does not narrow. */
export interface IQuery {
  q: string;
  classification: string;
  tag: string;
  owner: string;
}

export type FacetField = Exclude<keyof IQuery, 'q'>;

const NOTHING: IQuery = { q: '', classification: '', tag: '', owner: '' };
const PAGE = 20;
/** The server sends no more at once. */
const MOST = 200;
/** How long typing must pause before the catalogue is asked, in milliseconds. */
const TYPING_MS = 200;

/** Search in the catalogue. */
export class CatalogueModel extends SectionModel<SearchPage> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 5 * 60_000);
    this.suggestions = new SuggestModel(_client);
  }

  readonly suggestions: SuggestModel;

  get query(): Readonly<IQuery> {
    return this._query;
  }

  /** Whether anything narrows the search. */
  get narrowed(): boolean {
    return Object.values(this._query).some(Boolean);
  }

  get hasMore(): boolean {
    return this.data !== null && this._limit < MOST && this.data.items.length < this.data.total;
  }

  /** Whether there is more than is ever listed, so that only other words lead to it. */
  get tooMany(): boolean {
    return this.data !== null && this._limit >= MOST && this.data.items.length < this.data.total;
  }

  /** Look for something else, once typing pauses. */
  type(q: string): void {
    this._query = { ...this._query, q };
    this._limit = PAGE;
    this.notify();
    void this._typing.invoke();
    this.suggestions.type(q);
  }

  /** Narrow by a facet's value; an empty value lifts it. */
  narrow(field: FacetField, value: string): void {
    this._query = { ...this._query, [field]: value };
    this._limit = PAGE;
    this.notify();
    void this.refresh();
  }

  clear(): void {
    this._query = NOTHING;
    this.suggestions.close();
    this._limit = PAGE;
    this.notify();
    void this.refresh();
  }

  more(): void {
    this._limit += PAGE;
    void this.refresh();
  }

  facets(field: FacetField): Facet[] {
    return (this.data?.facets ?? []).filter(facet => facet.field === field);
  }

  override dispose(): void {
    this._typing.dispose();
    this.suggestions.dispose();
    super.dispose();
  }

  protected load(): Promise<SearchPage> {
    return this._client.get('/access/datasets', { query: { ...this._query, limit: this._limit } });
  }

  private readonly _typing = new Debouncer(() => this.refresh(), TYPING_MS);
  private _query = NOTHING;
  private _limit = PAGE;
}
