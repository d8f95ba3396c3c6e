import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IdleStatus } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { duration, moment } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { IdleModel } from './model';
import { HOUR } from './words';

/** What is offered, in seconds; the policy's cap may shorten both. */
const OFFERS = [HOUR, 4 * HOUR];

interface IProps {
  model: IdleModel;
  status: IdleStatus;
  subject: string;
  /** What the whole group of buttons does, such as "Keep train.ipynb". */
  label: string;
}

/** Keep for one hour, for four, until a time of day; or let go. Nothing where the policy allows no keeping. */
export function Keep(props: IProps): React.JSX.Element | null {
  const { model, status, subject, label } = props;
  useChanged(model);
  if (!status.enabled || !(status.keep_max_seconds > 0)) {
    return null;
  }
  if (model.choosing === subject) {
    return (
      <KeepUntil
        most={status.keep_max_seconds}
        label={label}
        close={() => (model.choosing = null)}
        keep={seconds => {
          model.choosing = null;
          void model.keep(seconds, subject);
        }}
      />
    );
  }
  return <Offers {...props} />;
}

function Offers({ model, status, subject, label }: IProps): React.JSX.Element {
  const trans = useTrans();
  const lease = model.lease(subject);
  const busy = model.isKeeping(subject);
  const note = model.note(subject);
  const offers = [...new Set(OFFERS.map(seconds => Math.min(seconds, status.keep_max_seconds)))];
  return (
    <>
      <div className="jp-mlp-Actions jp-mlp-Keep" role="group" aria-label={label}>
        {lease && (
          <>
            <Badge tone="info">{trans.__('kept until %1', moment(lease.until))}</Badge>
            <Button
              quiet
              busy={busy}
              aria-label={trans.__('Release: %1', label)}
              onClick={() => void model.release(lease)}
            >
              {trans.__('Release')}
            </Button>
          </>
        )}
        {offers.map(seconds => (
          <Button
            key={seconds}
            busy={busy}
            aria-label={spoken(label, seconds, trans)}
            onClick={() => void model.keep(seconds, subject)}
          >
            {trans.__('Keep %1', duration(seconds, trans))}
          </Button>
        ))}
        <Button
          busy={busy}
          aria-label={trans.__('%1 until…', label)}
          onClick={() => (model.choosing = subject)}
        >
          {trans.__('Until…')}
        </Button>
      </div>
      <p className="jp-mlp-Note jp-mlp-Keep-note" role="status">
        {note}
      </p>
    </>
  );
}

function KeepUntil(props: {
  most: number;
  label: string;
  close: () => void;
  keep: (seconds: number) => void;
}): React.JSX.Element {
  const trans = useTrans();
  const id = React.useId();
  const field = React.useRef<HTMLInputElement>(null);
  const [until, setUntil] = React.useState(() => local(Date.now() + Math.min(props.most, 2 * HOUR) * 1000));
  const seconds = Math.floor((Date.parse(until) - Date.now()) / 1000);
  const over = seconds > props.most;
  React.useEffect(() => field.current?.focus(), []);
  return (
    <form
      className="jp-mlp-Form"
      aria-label={props.label}
      onSubmit={event => {
        event.preventDefault();
        props.keep(seconds);
      }}
    >
      <input
        ref={field}
        type="datetime-local"
        className="jp-mlp-Input"
        aria-label={trans.__('Keep until')}
        aria-describedby={id}
        value={until}
        min={local(Date.now())}
        onChange={event => setUntil(event.target.value)}
        onKeyDown={event => event.key === 'Escape' && props.close()}
      />
      <span id={id} className="jp-mlp-Field-hint" role="status">
        {over
          ? trans.__(
              'That is cut down to %1 from now, the most that the policy allows.',
              duration(props.most, trans)
            )
          : trans.__('At most %1 from now.', duration(props.most, trans))}
      </span>
      <div className="jp-mlp-Actions">
        <Button primary type="submit" disabled={!(seconds > 0)}>
          {trans.__('Keep')}
        </Button>
        <Button onClick={props.close}>{trans.__('Cancel')}</Button>
      </div>
    </form>
  );
}

/** The button's name, without an abbreviation where that can be. */
function spoken(label: string, seconds: number, trans: TranslationBundle): string {
  return seconds % HOUR === 0
    ? trans._n('%2 for %1 hour', '%2 for %1 hours', seconds / HOUR, label)
    : trans.__('%1 for %2', label, duration(seconds, trans));
}

/** An instant as a datetime-local field takes it: in the reader's own zone, without one. */
function local(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}
