import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import { SectionGroup } from '../section/group';
import type { SectionModel } from '../section/model';
import { IdleModel } from './model';
import { TimelineModel } from './timeline';

/** The idle section: what holds now, and what the last day was like. */
export class IdleSection extends SectionGroup {
  constructor(client: PlatformClient, trans: TranslationBundle) {
    super();
    this.now = new IdleModel(client, trans);
    this.past = new TimelineModel(client, trans);
  }

  readonly now: IdleModel;
  readonly past: TimelineModel;

  /** Ask again, where a person looks. */
  refresh(): void {
    void this.now.refresh();
    void this.past.refresh();
  }

  protected models(): SectionModel<unknown>[] {
    return [this.now, this.past];
  }

  protected inView(): SectionModel<unknown>[] {
    return this.models();
  }
}
