import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { packagesIcon } from '../ui/icons';
import { PackagesModel } from './model';
import { PackagesView } from './view';

const EXAMINE = 'mlplatform:examine-packages';

/** The package mirrors, and a doctor for them. */
export const packages: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlplatform:packages',
  description: 'The panel’s section for package mirrors.',
  autoStart: true,
  requires: [IMLPlatformServer, IMLPlatformPanel],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { client }: IMLPlatformServer,
    panel: IMLPlatformPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const model = new PackagesModel(client, trans);
    const widget = new SectionWidget(model, trans, shown => <PackagesView model={shown} />);
    panel.addSection({ id: 'packages', title: trans.__('Packages'), rank: 40, widget });
    app.commands.addCommand(EXAMINE, {
      label: trans.__('Examine the Package Mirrors'),
      caption: trans.__('Ask every mirror a real question and show what is wrong'),
      icon: packagesIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        panel.reveal('packages');
        await model.examine();
      }
    });
    palette?.addItem({ command: EXAMINE, category: trans.__('ML Workspace') });
  }
};
