import type { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { INotice, News } from '../api/news';
import { asProblem } from '../api/problem';
import { tell } from '../ui/notify';
import type { DataTab } from './model';

/** What a notice may lead to. */
export interface IReactions {
  refresh: () => void;
  open: (tab: DataTab) => void;
  insert: (datasetId: string) => void;
}

/** Tell a person what happened to requests and grants, whether or not the panel is visible. */
export function followAccess(
  news: News,
  client: PlatformClient,
  trans: TranslationBundle,
  reactions: IReactions
): void {
  news.access.connect((_, notice) => {
    reactions.refresh();
    if (notice.text) {
      tell(notice.text, notice.urgency, actions(notice, client, trans, reactions));
    }
  });
}

function actions(
  notice: INotice,
  client: PlatformClient,
  trans: TranslationBundle,
  reactions: IReactions
): Notification.IAction[] {
  switch (notice.action) {
    case 'request.submitted':
    case 'request.changed':
    case 'request.reminded':
      return [
        {
          label: trans.__('Decide'),
          caption: trans.__('Open the inbox'),
          displayType: 'accent',
          callback: () => reactions.open('inbox')
        }
      ];
    case 'request.approved':
      return [
        {
          label: trans.__('Insert code'),
          caption: trans.__('Write the line that loads the data into the notebook'),
          displayType: 'accent',
          callback: () => void insertFor(notice.subject, client, trans, reactions)
        },
        open(trans, reactions)
      ];
    case 'request.passed':
    case 'request.escalated':
      return [
        {
          label: trans.__('Show'),
          caption: trans.__('Open the request'),
          callback: () => void showRequest(notice.subject, client, trans, reactions)
        }
      ];
    case 'delegation.given':
    case 'delegation.ended':
      return [
        {
          label: trans.__('Show'),
          caption: trans.__('Open the inbox'),
          callback: () => reactions.open('inbox')
        }
      ];
    case 'request.withdrawn':
      return [];
    default:
      return [open(trans, reactions)];
  }
}

function open(trans: TranslationBundle, reactions: IReactions): Notification.IAction {
  return {
    label: trans.__('Show'),
    caption: trans.__('Open my access'),
    callback: () => reactions.open('mine')
  };
}

async function insertFor(
  requestId: string,
  client: PlatformClient,
  trans: TranslationBundle,
  reactions: IReactions
): Promise<void> {
  try {
    const request = await client.get('/access/requests/{request_id}', { path: { request_id: requestId } });
    reactions.insert(request.scope.dataset_id);
  } catch (error) {
    const problem = asProblem(error, trans);
    tell([problem.message, problem.next_step].filter(Boolean).join(' '), 'warning');
  }
}

/** Both sides are told of it: who decides now finds it in the inbox, everybody else under the own access. */
async function showRequest(
  requestId: string,
  client: PlatformClient,
  trans: TranslationBundle,
  reactions: IReactions
): Promise<void> {
  try {
    const { items } = await client.get('/access/requests', { query: { role: 'inbox' } });
    reactions.open(items.some(request => request.id === requestId) ? 'inbox' : 'mine');
  } catch (error) {
    const problem = asProblem(error, trans);
    tell([problem.message, problem.next_step].filter(Boolean).join(' '), 'warning');
  }
}
