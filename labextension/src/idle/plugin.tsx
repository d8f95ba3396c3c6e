import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { SectionWidget } from '../section/widget';
import { IMLPlatformPanel, IMLPlatformServer } from '../tokens';
import { instant } from '../ui/format';
import { idleIcon } from '../ui/icons';
import { tell } from '../ui/notify';
import { IdleModel } from './model';
import { IdleNotices } from './notices';
import { Presence } from './presence';
import { IdleNow, IdleStatusItem } from './status';
import { IdleView } from './view';

const KEEP = 'mlplatform:keep';
const HOUR = 3600;

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
    const model = new IdleModel(client, trans);
    const widget = new SectionWidget(model, trans, shown => <IdleView model={shown} />);
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

    app.commands.addCommand(KEEP, {
      label: args =>
        trans._n('Keep the Workspace for %1 Hour', 'Keep the Workspace for %1 Hours', hours(args)),
      caption: trans.__('Nothing in this workspace is stopped for that long'),
      icon: idleIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            hours: { type: 'number', description: trans.__('How long, in hours') },
            kernelId: { type: 'string', description: trans.__('Keep only this kernel') }
          }
        }
      },
      execute: async args => {
        const kernelId = typeof args.kernelId === 'string' && args.kernelId ? args.kernelId : null;
        const lease = await model.keep(hours(args) * HOUR, kernelId);
        if (lease) {
          tell(trans.__('Kept until %1.', instant(lease.until, 'time')), 'success');
        } else if (model.refusal) {
          tell([model.refusal.message, model.refusal.next_step].join(' '), 'warning');
        }
      }
    });
    for (const count of [1, 4]) {
      palette?.addItem({ command: KEEP, args: { hours: count }, category: trans.__('ML Workspace') });
    }
    new IdleNotices(news, trans, {
      refresh: () => void model.refresh(),
      keep: (seconds, kernelId) =>
        void app.commands.execute(KEEP, { hours: seconds / HOUR, kernelId: kernelId ?? '' }),
      open
    });
    new Presence(client);
  }
};

function hours(args: { hours?: unknown }): number {
  return typeof args.hours === 'number' && args.hours > 0 ? args.hours : 1;
}
