import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { PlatformClient } from '../api/client';
import type { AccessRequest, DatasetPage, Options } from '../api/types';
import { SectionModel } from '../section/model';
import { choiceOf, type IRowChoice, treeOf } from './rows';

/** A request as a person fills it in. */
export interface IRequestForm {
  columns: ReadonlySet<string>;
  rows: IRowChoice;
  purpose: string;
  reason: string;
  days: number;
  /** Who is going to use the data, when that is somebody else. */
  beneficiary: string;
  /** The grant that this goes on from, when it is a renewal. */
  renews: string;
}

/** What a form begins with: nothing, the grant that ends soon, or the request that is still open. */
export type Basis = 'new' | 'renewal' | 'change';

/** One dataset, and the form with which to ask for it. */
export class DatasetModel extends SectionModel<DatasetPage> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle,
    readonly id: string,
    /** A request was sent: other lists are out of date. */
    private readonly _asked: () => void
  ) {
    super(trans, 60_000);
  }

  /** The form while it is open. */
  get form(): Readonly<IRequestForm> | null {
    return this._form;
  }

  get options(): Options | null {
    return this._options;
  }

  /** The request that was just sent. */
  get sent(): AccessRequest | null {
    return this._sent;
  }

  get sending(): boolean {
    return this.isBusy('ask');
  }

  /** What the form began with. */
  get basis(): Basis {
    return this._basis;
  }

  /** The form can be sent: something is asked for, for an allowed time and a purpose. */
  get complete(): boolean {
    const form = this._form;
    const page = this.data;
    if (!form || !page || treeOf(form.rows, page.dataset.columns) === undefined) {
      return false;
    }
    return form.columns.size > 0 && !!form.purpose && form.days >= 1 && form.days <= page.max_days;
  }

  /** Open the form with all columns and the usual time, or with what is renewed or changed. */
  async open(basis: Basis = 'new'): Promise<void> {
    const page = this.data;
    if (!page) {
      return;
    }
    this._options ??= (await this.act('options', () => this._client.get('/access/options'))) ?? null;
    if (this._options && !this._form) {
      this._form = begin(page, this._options, basis);
      this._basis = basis;
      this._key = UUID.uuid4();
      this._sent = null;
      this.notify();
    }
  }

  close(): void {
    this._form = null;
    this.dismiss();
  }

  /** Fill in. After an attempt that failed, a changed form is another request and gets another key. */
  fill(change: Partial<IRequestForm>): void {
    if (!this._form || this.sending) {
      return;
    }
    if (this._tried) {
      this._key = UUID.uuid4();
      this._tried = false;
    }
    this._form = { ...this._form, ...change };
    this.notify();
  }

  /** Send it; a second click while it is on its way does nothing more. */
  async send(): Promise<void> {
    const form = this._form;
    const rows = form && treeOf(form.rows, this.data?.dataset.columns ?? []);
    if (!form || rows === undefined || !this.complete || this.sending) {
      return;
    }
    this._tried = true;
    const sent = await this.act('ask', () =>
      this._client.post('/access/requests', {
        body: {
          dataset_id: this.id,
          columns: [...form.columns],
          rows,
          purpose: form.purpose,
          reason: form.reason,
          days: form.days,
          beneficiary: form.beneficiary.trim(),
          renews: form.renews,
          basket: '',
          idempotency_key: this._key
        }
      })
    );
    if (sent) {
      this._form = null;
      this._sent = sent;
      this._tried = false;
      this.notify();
      this._asked();
      await this.refresh();
    }
  }

  protected load(): Promise<DatasetPage> {
    return this._client.get('/access/datasets/{dataset_id}', { path: { dataset_id: this.id } });
  }

  private _form: IRequestForm | null = null;
  private _basis: Basis = 'new';
  private _options: Options | null = null;
  private _sent: AccessRequest | null = null;
  private _key = '';
  private _tried = false;
}

function begin(page: DatasetPage, options: Options, basis: Basis): IRequestForm {
  const { dataset, grant, open_request: asked } = page;
  const known = dataset.columns.map(column => column.name);
  const form: IRequestForm = {
    columns: new Set(known),
    rows: choiceOf(null, dataset.columns),
    purpose: '',
    reason: '',
    days: Math.min(page.default_days, page.max_days),
    beneficiary: '',
    renews: ''
  };
  const from = basis === 'change' ? asked : basis === 'renewal' ? grant : null;
  if (!from) {
    return form;
  }
  const purposes = options.purposes.map(purpose => purpose.code);
  return {
    ...form,
    columns: new Set(known.filter(name => from.scope.columns.includes(name))),
    rows: choiceOf(from.scope.rows, dataset.columns),
    purpose: purposes.includes(from.purpose) ? from.purpose : '',
    ...(asked && from === asked
      ? { reason: asked.reason, days: asked.days, beneficiary: asked.beneficiary, renews: asked.renews }
      : { renews: from.id })
  };
}
