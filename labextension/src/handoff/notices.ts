import type { TranslationBundle } from '@jupyterlab/translation';
import type { News } from '../api/news';
import { tell } from '../ui/notify';

export interface IHandoffReactions {
  refresh: () => void;
  openRun: (id: string) => void;
  openVersions: () => void;
}

/** Tell a person what became of runs and versions, whether or not the panel is visible. */
export function followHandoff(news: News, trans: TranslationBundle, reactions: IHandoffReactions): void {
  news.handoff.connect((_, notice) => {
    reactions.refresh();
    if (!notice.text) {
      return;
    }
    const ofRun = notice.action.startsWith('run.');
    tell(notice.text, notice.urgency, [
      {
        label: trans.__('Show'),
        caption: trans.__('Open the hand-off section'),
        displayType: 'accent',
        callback: () => (ofRun ? reactions.openRun(notice.subject) : reactions.openVersions())
      }
    ]);
  });
}
