import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { handoffIcon } from '../ui/icons';
import { HandoffDialog } from './dialog';
import { HandoffModel } from './model';
import { isHandoffFile, readyPath } from './notebook';
import { followHandoff } from './notices';
import { PlanModel } from './plan';
import { HandoffView } from './view';

const HAND_OFF = 'mlplatform:hand-off';
const HAND_OFF_FILE = 'mlplatform:hand-off-file';

/** Hand a notebook over to the training pipeline, follow it, and decide on the model. */
export const handoff: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlplatform:handoff',
  description:
    'The panel’s section for hand-offs, with the button in the notebook toolbar and the context menus.',
  autoStart: true,
  requires: [IMLPlatformServer, IMLPlatformPanel],
  optional: [ITranslator, ICommandPalette, INotebookTracker, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    { client, news }: IMLPlatformServer,
    panel: IMLPlatformPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    browsers: IFileBrowserFactory | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const { contents } = app.serviceManager;
    const model = new HandoffModel(client, trans);
    const handOff = (): void => void app.commands.execute(HAND_OFF);
    const widget = new SectionWidget(model, trans, shown => <HandoffView model={shown} handOff={handOff} />);
    model.changed.connect(() => {
      widget.title.caption = model.waiting ? trans._n('%1 waiting', '%1 waiting', model.waiting) : '';
    });
    panel.addSection({ id: 'handoff', title: trans.__('Hand-off'), rank: 50, widget });

    const show = async (path: string): Promise<void> => {
      const plan = new PlanModel(client, trans, path);
      const dialog = new HandoffDialog(plan, trans, run => {
        model.started(run);
        panel.reveal('handoff');
      });
      await dialog.launch();
      plan.dispose();
    };
    const chosen = (): string | null => {
      const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
      return items.length === 1 && isHandoffFile(items[0].path) ? items[0].path : null;
    };

    app.commands.addCommand(HAND_OFF, {
      label: trans.__('Hand Off to Training'),
      caption: trans.__('Check this notebook and hand it over to the training pipeline'),
      icon: handoffIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: trans.__('The file; without it the notebook in front') }
          }
        }
      },
      execute: async args => {
        const given = typeof args.path === 'string' && args.path ? args.path : null;
        const path = given ?? (await readyPath(notebooks, contents, trans));
        if (path) {
          await show(path);
        }
      }
    });
    app.commands.addCommand(HAND_OFF_FILE, {
      label: trans.__('Hand Off to Training'),
      caption: trans.__('Check this file and hand it over to the training pipeline'),
      icon: handoffIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => chosen() !== null,
      execute: async () => {
        const path = chosen();
        if (path) {
          await show(contents.localPath(path));
        }
      }
    });
    palette?.addItem({ command: HAND_OFF, category: trans.__('ML Workspace') });
    followHandoff(news, trans, {
      refresh: () => model.refresh(),
      openRun: id => {
        model.openRun(id);
        panel.reveal('handoff');
      },
      openVersions: () => {
        model.show('versions');
        panel.reveal('handoff');
      }
    });
  }
};
