import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { WorkspaceModel } from './model';
import { WorkspaceView } from './view';

/** Who works here, and where. */
export const workspace: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlplatform:workspace',
  description: 'The panel’s section about the workspace itself.',
  autoStart: true,
  requires: [IMLPlatformServer, IMLPlatformPanel],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    { client }: IMLPlatformServer,
    panel: IMLPlatformPanel,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const model = new WorkspaceModel(client, trans);
    const widget = new SectionWidget(model, trans, shown => (
      <WorkspaceView model={shown} open={section => panel.reveal(section)} />
    ));
    panel.addSection({ id: 'workspace', title: trans.__('Workspace'), rank: 10, widget });
  }
};
