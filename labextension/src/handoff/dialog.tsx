import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import type { Run } from '../api/types';
import { Trans } from '../ui/trans';
import type { PlanModel } from './plan';
import { PlanView } from './planview';

class PlanBody extends ReactWidget {
  constructor(
    private readonly _model: PlanModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlp-PlanBody');
  }

  protected override render(): React.JSX.Element {
    return (
      <Trans.Provider value={this._trans}>
        <PlanView model={this._model} />
      </Trans.Provider>
    );
  }
}

const CANCEL = 0;
const START = 1;

/** Shows a plan and starts it. It stays open while starting, and when the start is refused. */
export class HandoffDialog extends Dialog<unknown> {
  constructor(
    private readonly _model: PlanModel,
    trans: TranslationBundle,
    private readonly _started: (run: Run) => void
  ) {
    super({
      title: trans.__('Hand off %1', _model.path.split('/').pop() ?? _model.path),
      body: new PlanBody(_model, trans),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Start'), caption: trans.__('Start exactly what is shown') })
      ],
      defaultButton: START
    });
    this.addClass('jp-mlp-HandoffDialog');
    _model.changed.connect(this._update, this);
    void _model.check();
  }

  override resolve(index?: number): void {
    if (index === CANCEL) {
      super.resolve(CANCEL);
    } else if (this._model.startable) {
      void this._model.start().then(run => {
        if (run) {
          super.resolve(START);
          this._started(run);
        }
      });
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._update();
  }

  /** The button follows the model: it can be pressed once, and only for a plan that may start. */
  private _update(): void {
    const start = this.node.querySelector<HTMLButtonElement>('.jp-Dialog-button.jp-mod-accept');
    if (start) {
      start.disabled = !this._model.startable;
      start.setAttribute('aria-busy', String(this._model.state === 'starting'));
    }
  }
}
