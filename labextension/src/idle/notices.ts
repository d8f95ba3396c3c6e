import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IIdleNews, News } from '../api/news';
import { duration } from '../ui/format';
import { tell } from '../ui/notify';
import { HOUR, nameOf, sentence, WORKSPACE } from './words';

/** What is told of several subjects within this time, for the same reason, is told at once; in milliseconds. */
const TOGETHER_MS = 300;

/** How many names are listed before the others are only counted. */
const NAMES = 3;

export interface IIdleReactions {
  refresh: () => void;
  /** Keep these subjects for some seconds. */
  keep: (seconds: number, subjects: string[]) => void;
  /** Let a person choose until when. */
  choose: (subject: string) => void;
  open: () => void;
  /** Something is about to stop, or not any more: whether the next sign of a person matters. */
  expect: () => void;
  /** Whether a keep-alive was asked for in this very tab, which says so by itself. */
  wasKeptHere: (subject: string) => boolean;
}

interface IWarning {
  told: IIdleNews;
  /** Milliseconds since 1970. */
  stopsAt: number;
  /** The workspace was warned about at the same time, and spoke for it. */
  covered: boolean;
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
    switch (told.action) {
      case 'warned':
        this._warned(told);
        break;
      case 'cancelled':
      case 'kept':
      case 'released':
        this._calledOff(told);
        break;
      case 'culled':
        this._end(told.subject);
        this._together(told);
        break;
      case 'held':
      case 'failed':
        this._end(told.subject);
        this._trouble(told);
        break;
      case 'save':
        break; // every tab saves by itself, without a word
    }
  }

  private _warned(told: IIdleNews): void {
    const again = this._warnings.has(told.subject);
    const stopsAt = Date.now() + (told.stops_in_seconds ?? 0) * 1000;
    this._warnings.set(told.subject, { told, stopsAt, covered: false });
    if (this._warnings.has(WORKSPACE)) {
      this._warnings.forEach(warning => (warning.covered = warning.told.subject !== WORKSPACE));
    }
    this._reactions.expect();
    if (!again) {
      this._closed = false;
    }
    this._show();
  }

  private _calledOff(told: IIdleNews): void {
    const warning = this._warnings.get(told.subject);
    this._end(told.subject);
    const here = told.action === 'kept' && this._reactions.wasKeptHere(told.subject);
    if (warning && !warning.covered && !here && told.action !== 'released') {
      this._together({ ...told, action: 'cancelled' });
    }
  }

  /** Several kernels are stopped, or stay, for one reason: one notice. */
  private _together(told: IIdleNews): void {
    const key = `${told.action} ${told.why}`;
    const group = this._groups.get(key);
    if (group) {
      group.push(told);
      return;
    }
    this._groups.set(key, [told]);
    window.setTimeout(() => {
      const all = this._groups.get(key) ?? [];
      this._groups.delete(key);
      const names = this._names(all);
      if (told.action === 'culled') {
        const text = this._trans._n(
          '%2 was stopped. %3',
          '%2 were stopped. %3',
          all.length,
          names,
          sentence(told.why)
        );
        tell(text, 'info', [this._why()], false);
      } else {
        tell(this._trans._n('%2 stays. %3', '%2 stay. %3', all.length, names, sentence(told.why)), 'success');
      }
    }, TOGETHER_MS);
  }

  /** It was not stopped although it should have been: said once for each reason. */
  private _trouble(told: IIdleNews): void {
    const key = `${told.action} ${told.subject}`;
    const shown = this._troubles.get(key);
    if (shown?.why === told.why) {
      return;
    }
    const name = nameOf(told, this._trans);
    const text =
      told.action === 'held'
        ? this._trans.__('%1 was not stopped yet. %2', name, sentence(told.why))
        : this._trans.__('%1 could not be stopped and goes on. %2', name, sentence(told.why));
    const actions = told.action === 'held' ? [this._keep(HOUR, [told.subject]), this._why()] : [this._why()];
    if (shown) {
      Notification.dismiss(shown.id);
    }
    this._troubles.set(key, { id: tell(text, 'warning', actions, false), why: told.why });
  }

  /** One warning at a time: for the workspace, otherwise for all kernels and terminals together. */
  private _show(): void {
    const shown = this._shown();
    if (!shown.length || this._closed) {
      this._hide();
      return;
    }
    const subjects = shown.map(warning => warning.told.subject);
    const key = subjects.join(' ');
    if (this._toast && this._toast.key !== key) {
      this._hide();
    }
    if (!this._toast) {
      const message = this._text(shown);
      const id = tell(message, 'warning', this._actions(subjects), false);
      this._toast = { id, key, message, timer: window.setInterval(() => this._tick(), 1000) };
    } else {
      this._tick();
    }
  }

  /** Say the time that is left, if a person would read another one. */
  private _tick(): void {
    const now = Date.now();
    for (const [subject, warning] of this._warnings) {
      if (now >= warning.stopsAt) {
        this._warnings.delete(subject);
      }
    }
    if (!this._toast) {
      return;
    }
    if (!Notification.manager.has(this._toast.id)) {
      this._closed = true; // by the person
    }
    const shown = this._shown();
    if (this._closed || !shown.length) {
      this._hide();
      return;
    }
    if (shown.map(warning => warning.told.subject).join(' ') !== this._toast.key) {
      this._show();
      return;
    }
    const message = this._text(shown);
    if (message !== this._toast.message) {
      this._toast.message = message;
      Notification.update({ id: this._toast.id, message });
    }
  }

  private _shown(): IWarning[] {
    const workspace = this._warnings.get(WORKSPACE);
    const all = workspace ? [workspace] : [...this._warnings.values()];
    return all.sort((one, other) => one.stopsAt - other.stopsAt);
  }

  private _text(shown: IWarning[]): string {
    const { told, stopsAt } = shown[0];
    const seconds = Math.max(0, (stopsAt - Date.now()) / 1000);
    // A screen reader reads every change: minutes, and below one of them only tens of seconds.
    const left = duration(seconds < 60 ? Math.ceil(seconds / 10) * 10 : seconds, this._trans);
    const names = this._names(shown.map(warning => warning.told));
    return this._trans._n(
      '%2 stops in %3. %4',
      '%2 stop in %3. %4',
      shown.length,
      names,
      left,
      sentence(told.why)
    );
  }

  private _names(told: IIdleNews[]): string {
    const names = told.map(one => nameOf(one, this._trans));
    const more = names.length - NAMES;
    return more > 0
      ? this._trans.__('%1 and %2 more', names.slice(0, NAMES).join(', '), more)
      : names.join(', ');
  }

  private _actions(subjects: string[]): Notification.IAction[] {
    const until = {
      label: this._trans.__('Until…'),
      caption: this._trans.__('Choose until when it is kept'),
      callback: () => (subjects.length === 1 ? this._reactions.choose(subjects[0]) : this._reactions.open())
    };
    return [this._keep(HOUR, subjects), this._keep(4 * HOUR, subjects), until, this._why()];
  }

  private _keep(seconds: number, subjects: string[]): Notification.IAction {
    return {
      label: this._trans.__('Keep %1 h', seconds / HOUR),
      caption: this._trans._n('Do not stop it for %1 hour', 'Do not stop it for %1 hours', seconds / HOUR),
      displayType: seconds === HOUR ? ('accent' as const) : undefined,
      callback: () => this._reactions.keep(seconds, subjects)
    };
  }

  private _why(): Notification.IAction {
    return {
      label: this._trans.__('Why?'),
      caption: this._trans.__('Open the idle section'),
      callback: () => this._reactions.open()
    };
  }

  private _end(subject: string): void {
    this._warnings.delete(subject);
    this._show();
  }

  private _hide(): void {
    if (this._toast) {
      window.clearInterval(this._toast.timer);
      Notification.dismiss(this._toast.id);
      this._toast = null;
    }
  }

  /** A person has closed the warning: it does not come back before something else is warned about. */
  private _closed = false;
  private readonly _groups = new Map<string, IIdleNews[]>();
  private _toast: { id: string; key: string; message: string; timer: number } | null = null;
  private readonly _troubles = new Map<string, { id: string; why: string }>();
  /** What is about to stop, by subject. */
  private readonly _warnings = new Map<string, IWarning>();
}
