import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { Trans } from '../ui/trans';

/** What a section's widget needs of a model. */
export interface ISectionModel extends IDisposable {
  /** Whether it may ask the server. */
  active: boolean;
}

/** Shows a model, and keeps it active exactly while it can be seen. */
export class SectionWidget<M extends ISectionModel> extends ReactWidget {
  constructor(
    readonly model: M,
    private readonly _trans: TranslationBundle,
    private readonly _view: (model: M) => React.JSX.Element
  ) {
    super();
    this.addClass('jp-mlp-Section-body');
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <Trans.Provider value={this._trans}>{this._view(this.model)}</Trans.Provider>;
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._follow();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._follow();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._follow();
  }

  protected override onBeforeDetach(msg: Message): void {
    this.model.active = false;
    super.onBeforeDetach(msg);
  }

  private _follow(): void {
    this.model.active = this.isVisible;
  }
}
