import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PlatformClient } from '../api/client';
import { News } from '../api/news';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { platformIcon } from '../ui/icons';
import { Availability } from './availability';
import { type OpenSections, PlatformPanel } from './panel';

const STATE_KEY = 'jupyter-mlplatform:open-sections';

/** Opens the panel, at one section when `section` names it. */
export const OPEN_COMMAND = 'mlplatform:open';

export const server: JupyterFrontEndPlugin<IMLPlatformServer> = {
  id: 'jupyter-mlplatform:server',
  description: 'The API and the events of the platform’s server part.',
  autoStart: true,
  optional: [ITranslator],
  provides: IMLPlatformServer,
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): IMLPlatformServer => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const { events, serverSettings } = app.serviceManager;
    return { client: new PlatformClient(serverSettings, trans), news: new News(events.stream) };
  }
};

export const panel: JupyterFrontEndPlugin<IMLPlatformPanel> = {
  id: 'jupyter-mlplatform:panel',
  description: 'The platform’s side panel, to which sections can be added.',
  autoStart: true,
  requires: [IMLPlatformServer],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, IStateDB],
  provides: IMLPlatformPanel,
  activate: (
    app: JupyterFrontEnd,
    { client }: IMLPlatformServer,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ): IMLPlatformPanel => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const widget = new PlatformPanel(new Availability(client, trans), trans, 25);
    app.shell.add(widget, 'left', { rank: 450, type: trans.__('ML workspace') });
    restorer?.add(widget, 'mlplatform');
    if (state) {
      void state.fetch(STATE_KEY).then(open => widget.restore((open ?? {}) as OpenSections));
      widget.toggled.connect((_, open) => void state.save(STATE_KEY, open));
    }
    const reveal = (id: string): void => {
      app.shell.activateById(widget.id);
      widget.reveal(id);
    };
    app.commands.addCommand(OPEN_COMMAND, {
      label: trans.__('Show the ML Workspace Panel'),
      caption: trans.__('Who works here, data access, idle shutdown, packages and hand-off'),
      icon: platformIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            section: { type: 'string', description: trans.__('The section to open, such as data or idle') }
          }
        }
      },
      execute: args => reveal(typeof args.section === 'string' ? args.section : '')
    });
    palette?.addItem({ command: OPEN_COMMAND, category: trans.__('ML Workspace') });
    return { addSection: section => widget.addSection(section), reveal };
  }
};
