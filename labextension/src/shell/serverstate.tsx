import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';
import { Button } from '../ui/controls';
import { Loading, ProblemView } from '../ui/states';
import { Trans } from '../ui/trans';
import type { Availability } from './availability';

/** In the place of all sections: the server part is being asked, is missing, or refuses. Nothing when all is well. */
export class ServerState extends ReactWidget {
  constructor(
    private readonly _availability: Availability,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlp-ServerState');
  }

  protected override render(): React.JSX.Element {
    return (
      <Trans.Provider value={this._trans}>
        <UseSignal signal={this._availability.changed}>{() => this._view()}</UseSignal>
      </Trans.Provider>
    );
  }

  private _view(): React.JSX.Element | null {
    const trans = this._trans;
    const retry = () => void this._availability.ask();
    switch (this._availability.state) {
      case 'ready':
        return null;
      case 'problem':
        return (
          this._availability.problem && <ProblemView problem={this._availability.problem} retry={retry} />
        );
      case 'missing':
        return (
          <div className="jp-mlp-Missing">
            <h2>{trans.__('The server part is not installed or not enabled')}</h2>
            <p>
              {trans.__(
                'This panel is here, but the Jupyter server does not know its other half. Your notebooks and kernels are not affected.'
              )}
            </p>
            <p>{trans.__('In the environment that runs the server, check it with:')}</p>
            <pre>jupyter server extension list</pre>
            <p>
              {trans.__('If jupyter_mlplatform is listed as disabled, enable it and restart the server:')}
            </p>
            <pre>jupyter server extension enable jupyter_mlplatform</pre>
            <Button onClick={retry}>{trans.__('Check again')}</Button>
          </div>
        );
      default:
        return <Loading lines={5} label={trans.__('Looking for the server part…')} />;
    }
  }
}
