import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { dataIcon } from '../ui/icons';
import { tell } from '../ui/notify';
import { insertLoad } from './insert';
import { DataModel } from './model';
import { followAccess } from './notices';
import { DataView } from './view';

const FIND = 'mlplatform:find-data';
const INSERT = 'mlplatform:insert-load';

/** Find data, ask for it, decide, and use it. */
export const data: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlplatform:data',
  description: 'The panel’s section for data access, with its commands and notifications.',
  autoStart: true,
  requires: [IMLPlatformServer, IMLPlatformPanel],
  optional: [ITranslator, ICommandPalette, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    { client, news }: IMLPlatformServer,
    panel: IMLPlatformPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const model = new DataModel(client, trans);
    const insert = (dataset: string): void => void app.commands.execute(INSERT, { dataset });
    const widget = new SectionWidget(model, trans, shown => <DataView model={shown} insert={insert} />);
    model.changed.connect(() => {
      widget.title.caption = model.waiting ? trans._n('%1 waiting', '%1 waiting', model.waiting) : '';
    });
    panel.addSection({ id: 'data', title: trans.__('Data'), rank: 20, widget });

    app.commands.addCommand(FIND, {
      label: trans.__('Find Data'),
      caption: trans.__('Search the datasets that this workspace may ask for'),
      icon: dataIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        model.closeDataset();
        model.show('find');
        panel.reveal('data');
        requestAnimationFrame(() => widget.node.querySelector<HTMLElement>('[data-mlp-search]')?.focus());
      }
    });
    app.commands.addCommand(INSERT, {
      label: trans.__('Insert Code That Loads a Dataset'),
      caption: trans.__('Write the line that loads a dataset into the notebook'),
      icon: dataIcon,
      describedBy: {
        args: {
          type: 'object',
          required: ['dataset'],
          properties: { dataset: { type: 'string', description: trans.__('The dataset’s id') } }
        }
      },
      execute: args => {
        switch (insertLoad(notebooks, String(args.dataset ?? ''))) {
          case 'no_notebook':
            tell(trans.__('Open a notebook first, then insert the code again.'), 'info');
            break;
          case 'odd_id':
            tell(trans.__('The dataset’s id has characters that cannot stand in code.'), 'warning');
            break;
        }
      }
    });
    palette?.addItem({ command: FIND, category: trans.__('ML Workspace') });
    followAccess(news, client, trans, {
      refresh: () => model.refresh(),
      open: tab => {
        model.show(tab);
        panel.reveal('data');
      },
      insert
    });
  }
};
