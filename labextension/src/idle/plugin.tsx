import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { moment } from '../ui/format';
import { idleIcon } from '../ui/icons';
import { tell } from '../ui/notify';
import { OpenDocuments } from './documents';
import type { IdleModel } from './model';
import { IdleNotices } from './notices';
import { Presence } from './presence';
import { IdleSection } from './section';
import { IdleNow, IdleStatusItem } from './status';
import { thisTab } from './tab';
import { UnsavedDocuments } from './unsaved';
import { IdleView } from './view';
import { HOUR, WORKSPACE } from './words';

const KEEP = 'mlplatform:keep';

/** Why the workspace is awake, what stops when, and how to keep it. */
export const idle: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlplatform:idle',
  description: 'The panel’s section for idle shutdown, its status-bar item, warnings and keep-alive.',
  autoStart: true,
  requires: [IMLPlatformServer, IMLPlatformPanel],
  optional: [ITranslator, ICommandPalette, IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    { client, news }: IMLPlatformServer,
    panel: IMLPlatformPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter-mlplatform');
    const section = new IdleSection(client, trans);
    const model = section.now;
    const widget = new SectionWidget(section, trans, shown => <IdleView section={shown} />);
    const open = (): void => panel.reveal('idle');
    panel.addSection({ id: 'idle', title: trans.__('Idle'), rank: 30, widget });

    const now = new IdleNow(model, news, trans);
    now.changed.connect(() => {
      widget.title.caption = now.text();
    });
    statusBar?.registerStatusItem('jupyter-mlplatform:idle', {
      item: new IdleStatusItem(now, trans, open),
      align: 'right',
      rank: 20
    });

    addKeepCommand(app, model, trans, palette);
    const presence = new Presence(client);
    new IdleNotices(news, trans, {
      refresh: () => section.refresh(),
      keep: (seconds, subjects) =>
        subjects.forEach(subject => void app.commands.execute(KEEP, { hours: seconds / HOUR, subject })),
      choose: subject => {
        model.choosing = subject;
        open();
      },
      open,
      expect: () => presence.expect(),
      wasKeptHere: subject => model.wasKeptHere(subject)
    });
    const { contents } = app.serviceManager;
    const labTrans = (translator ?? nullTranslator).load('jupyterlab');
    const documents = new OpenDocuments(app.docRegistry, app.shell.widgets('main'));
    void thisTab().then(
      tab => new UnsavedDocuments(client, news, documents, { contents, trans, labTrans }, tab)
    );
  }
};

/** Keep the workspace, or one subject, from the palette, a warning or another extension. */
function addKeepCommand(
  app: JupyterFrontEnd,
  model: IdleModel,
  trans: TranslationBundle,
  palette: ICommandPalette | null
): void {
  app.commands.addCommand(KEEP, {
    label: args => trans._n('Keep the Workspace for %1 Hour', 'Keep the Workspace for %1 Hours', hours(args)),
    caption: trans.__('Nothing in this workspace is stopped for that long'),
    icon: idleIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          hours: { type: 'number', description: trans.__('How long, in hours') },
          subject: {
            type: 'string',
            description: trans.__('Keep only this one: kernel:ID or terminal:NAME')
          }
        }
      }
    },
    execute: async args => {
      const subject = typeof args.subject === 'string' && args.subject ? args.subject : WORKSPACE;
      const lease = await model.keep(hours(args) * HOUR, subject);
      if (lease) {
        tell(model.note(subject) || trans.__('Kept until %1.', moment(lease.until)), 'success');
      } else if (model.refusal) {
        tell([model.refusal.message, model.refusal.next_step].join(' '), 'warning');
      }
    }
  });
  for (const count of [1, 4]) {
    palette?.addItem({ command: KEEP, args: { hours: count }, category: trans.__('ML Workspace') });
  }
}

function hours(args: { hours?: unknown }): number {
  return typeof args.hours === 'number' && args.hours > 0 ? args.hours : 1;
}
