import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import { SectionGroup } from '../section/group';
import type { SectionModel } from '../section/model';
import { InboxModel, MineModel } from './access';
import { CatalogueModel } from './catalogue';
import { DatasetModel } from './dataset';
import { DelegationsModel } from './delegations';
import { AuditModel, OversightModel, StandingModel } from './oversight';

export type DataTab = 'find' | 'mine' | 'inbox' | 'oversight';

/** The data section: find a dataset, my access, and the requests that wait for me. */
export class DataModel extends SectionGroup {
  constructor(
    private readonly _client: PlatformClient,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.catalogue = new CatalogueModel(_client, _trans);
    this.mine = new MineModel(_client, _trans);
    this.inbox = new InboxModel(_client, _trans, () => this.refresh());
    this.delegations = new DelegationsModel(_client, _trans, () => this.refresh());
    this.oversight = new OversightModel(_client, _trans);
    this.audit = new AuditModel(_client, _trans);
    this.standing = new StandingModel(_client, _trans);
    this.inbox.changed.connect(() => this.follow());
    this.standing.changed.connect(() => this.follow());
  }

  readonly catalogue: CatalogueModel;
  readonly mine: MineModel;
  readonly inbox: InboxModel;
  readonly delegations: DelegationsModel;
  readonly oversight: OversightModel;
  readonly audit: AuditModel;
  readonly standing: StandingModel;

  get tab(): DataTab {
    return this._tab;
  }

  /** The dataset whose page is open, in the place of the search results. */
  get dataset(): DatasetModel | null {
    return this._dataset;
  }

  /** How many requests wait for me. */
  get waiting(): number {
    return this.inbox.data?.length ?? 0;
  }

  /** Whether this person sees who holds grants. */
  get mayOversee(): boolean {
    return this.standing.data?.may_oversee ?? false;
  }

  /** Whether the audit trail, rather than the grants, is in view of those who oversee. */
  get inAudit(): boolean {
    return this._inAudit;
  }

  look(inAudit: boolean): void {
    this._inAudit = inAudit;
    this.follow();
  }

  show(tab: DataTab): void {
    this._tab = tab;
    this.follow();
  }

  openDataset(id: string): void {
    this._dataset?.dispose();
    this._dataset = new DatasetModel(this._client, this._trans, id, () => this.refresh());
    this.show('find');
  }

  closeDataset(): void {
    this._dataset?.dispose();
    this._dataset = null;
    this.follow();
  }

  /** Something happened to requests or grants: ask again for what is in view. */
  refresh(): void {
    for (const model of this.inView()) {
      void model.refresh();
    }
  }

  protected models(): SectionModel<unknown>[] {
    return [
      this.catalogue,
      this.mine,
      this.inbox,
      this.delegations,
      this.oversight,
      this.audit,
      this.standing,
      ...(this._dataset ? [this._dataset] : [])
    ];
  }

  /** The inbox is always asked, because its tab shows how many wait, and who I am, for whether there is a tab. */
  protected inView(): SectionModel<unknown>[] {
    const views = {
      find: [this._dataset ?? this.catalogue],
      mine: [this.mine],
      inbox: [this.delegations],
      oversight: [this._inAudit ? this.audit : this.oversight]
    };
    return [...views[this._tab], this.inbox, this.standing];
  }

  private _inAudit = false;
  private _tab: DataTab = 'find';
  private _dataset: DatasetModel | null = null;
}
