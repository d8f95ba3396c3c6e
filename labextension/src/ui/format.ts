import type { TranslationBundle } from '@jupyterlab/translation';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in seconds as its one or two largest units, such as "2 h 5 min". */
export function duration(seconds: number, trans: TranslationBundle): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE) {
    return trans.__('%1 s', s);
  }
  if (s < HOUR) {
    return trans.__('%1 min', Math.round(s / MINUTE));
  }
  if (s < DAY) {
    const minutes = Math.floor((s % HOUR) / MINUTE);
    const hours = Math.floor(s / HOUR);
    return minutes ? trans.__('%1 h %2 min', hours, minutes) : trans.__('%1 h', hours);
  }
  const days = Math.round(s / DAY);
  return trans._n('%1 day', '%1 days', days);
}

/** Seconds from now until an instant; negative when it is past. */
export function secondsUntil(instant: string, now: number = Date.now()): number {
  return (Date.parse(instant) - now) / 1000;
}

/** How long ago an instant was. */
export function ago(instant: string, trans: TranslationBundle, now: number = Date.now()): string {
  const seconds = -secondsUntil(instant, now);
  return seconds < 45 ? trans.__('just now') : trans.__('%1 ago', duration(seconds, trans));
}

/** Day and time in the reader's own zone and language; `full` names the zone. */
export function instant(value: string, style: 'date' | 'time' | 'full' = 'full'): string {
  const options: Record<string, Intl.DateTimeFormatOptions> = {
    date: { dateStyle: 'medium' },
    time: { hour: '2-digit', minute: '2-digit' },
    full: {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'short'
    }
  };
  return new Intl.DateTimeFormat(language(), options[style]).format(new Date(value));
}

/** The time of day, with the day of the week where that is not today, in the reader's own zone and language. */
export function moment(value: string, now: number = Date.now()): string {
  const date = new Date(value);
  const today = date.toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language(), {
    ...(today ? {} : { weekday: 'short' }),
    hour: '2-digit',
    minute: '2-digit'
  }).format(date);
}

/** A full hour of the day, as short as the reader's language says it. */
export function hour(time: Date): string {
  return new Intl.DateTimeFormat(language(), { hour: 'numeric' }).format(time);
}

/** An amount of money; the code itself where the browser does not know the currency. */
export function money(value: number, currency: string): string {
  try {
    return new Intl.NumberFormat(language(), { style: 'currency', currency }).format(value);
  } catch {
    return `${figure(value)} ${currency}`.trim();
  }
}

/** A size with a decimal unit. */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A count with the reader's separators. */
export function count(value: number): string {
  return new Intl.NumberFormat(language()).format(value);
}

/** A metric with as many digits as tell something. */
export function figure(value: number): string {
  return new Intl.NumberFormat(language(), { maximumSignificantDigits: 4 }).format(value);
}

function language(): string | undefined {
  return document.documentElement.lang || undefined;
}
