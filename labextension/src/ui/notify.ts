import { Notification } from '@jupyterlab/apputils';
import type { INotice } from '../api/news';

/** How long a notice stays when a person does nothing, in milliseconds; warnings stay until they are closed. */
const STAY_MS = 10_000;

/** Tell a person. The text is shown as it is, never as HTML. */
export function tell(
  text: string,
  urgency: INotice['urgency'],
  actions: Notification.IAction[] = [],
  stay: number | false = urgency === 'warning' ? false : STAY_MS
): string {
  return Notification.emit(text, urgency, { actions, autoClose: stay });
}
