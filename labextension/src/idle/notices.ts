import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IIdleNews, News } from '../api/news';
import { duration } from '../ui/format';
import { tell } from '../ui/notify';

const HOUR = 3600;

export interface IIdleReactions {
  refresh: () => void;
  /** Keep a kernel, or the workspace, for some seconds. */
  keep: (seconds: number, kernelId: string | null) => void;
  open: () => void;
}

/** Warn with a countdown and a way to keep, and tell what was stopped, whether or not the panel is visible. */
export class IdleNotices {
  constructor(
    news: News,
    private readonly _trans: TranslationBundle,
    private readonly _reactions: IIdleReactions
  ) {
    news.idle.connect(this._receive, this);
  }

  private _receive(_: News, told: IIdleNews): void {
    this._reactions.refresh();
    const shown = this._warnings.get(told.kernel_id);
    if (shown && told.action !== 'warned') {
      this._close(told.kernel_id);
    }
    if (told.action === 'warned') {
      this._warn(told);
    } else if (told.action === 'culled') {
      tell(this._trans.__('%1 was stopped. %2', this._name(told), told.why), 'info', [this._show()], false);
    } else if (told.action === 'cancelled' && shown) {
      tell(this._trans.__('%1 stays. %2', this._name(told), told.why), 'success');
    }
  }

  private _warn(told: IIdleNews): void {
    const stopsAt = Date.now() + (told.stops_in_seconds ?? 0) * 1000;
    const text = (): string => {
      const left = duration((stopsAt - Date.now()) / 1000, this._trans);
      return this._trans.__('%1 stops in %2. %3', this._name(told), left, told.why);
    };
    const shown = this._warnings.get(told.kernel_id);
    if (shown) {
      this._close(told.kernel_id);
    }
    const keep = {
      label: this._trans.__('Keep 1 h'),
      caption: this._trans.__('Do not stop it for one hour'),
      displayType: 'accent' as const,
      callback: () => this._reactions.keep(HOUR, told.kernel_id || null)
    };
    const id = tell(text(), 'warning', [keep, this._show()], false);
    const timer = window.setInterval(() => {
      if (Date.now() >= stopsAt || !Notification.manager.has(id)) {
        this._close(told.kernel_id);
      } else {
        Notification.update({ id, message: text() });
      }
    }, 1000);
    this._warnings.set(told.kernel_id, { id, timer });
  }

  private _close(kernelId: string): void {
    const shown = this._warnings.get(kernelId);
    if (shown) {
      window.clearInterval(shown.timer);
      Notification.dismiss(shown.id);
      this._warnings.delete(kernelId);
    }
  }

  private _name(told: IIdleNews): string {
    return told.path.split('/').pop() || told.name || this._trans.__('The workspace');
  }

  private _show(): Notification.IAction {
    return {
      label: this._trans.__('Why?'),
      caption: this._trans.__('Open the idle section'),
      callback: () => this._reactions.open()
    };
  }

  /** The warnings on the screen, by kernel. */
  private readonly _warnings = new Map<string, { id: string; timer: number }>();
}
