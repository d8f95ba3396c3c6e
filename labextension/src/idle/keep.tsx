import * as React from 'react';
import type { IdleStatus } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { duration, instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { IdleModel } from './model';

const HOUR = 3600;

interface IProps {
  model: IdleModel;
  status: IdleStatus;
  /** Null keeps the whole workspace. */
  kernelId: string | null;
  label: string;
}

/** Keep for one hour, for four, until a time of day; or let go. */
export function Keep({ model, status, kernelId, label }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const [choosing, setChoosing] = React.useState(false);
  const lease = model.lease(kernelId);
  const busy = model.isKeeping(kernelId);
  const hours = [1, 4].filter(count => count * HOUR <= status.keep_max_seconds);
  if (choosing) {
    return (
      <KeepUntil
        most={status.keep_max_seconds}
        label={label}
        close={() => setChoosing(false)}
        keep={seconds => {
          setChoosing(false);
          void model.keep(seconds, kernelId);
        }}
      />
    );
  }
  return (
    <div className="jp-mlp-Actions" role="group" aria-label={label}>
      {lease && (
        <>
          <Badge tone="good">{trans.__('kept until %1', instant(lease.until, 'time'))}</Badge>
          <Button quiet busy={busy} onClick={() => void model.release(lease)}>
            {trans.__('Release')}
          </Button>
        </>
      )}
      {hours.map(count => (
        <Button
          key={count}
          busy={busy}
          aria-label={trans._n('%2 for %1 hour', '%2 for %1 hours', count, label)}
          onClick={() => void model.keep(count * HOUR, kernelId)}
        >
          {trans.__('Keep %1 h', count)}
        </Button>
      ))}
      <Button busy={busy} aria-label={trans.__('%1 until…', label)} onClick={() => setChoosing(true)}>
        {trans.__('Until…')}
      </Button>
    </div>
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
  const [until, setUntil] = React.useState(() => local(Date.now() + Math.min(props.most, 2 * HOUR) * 1000));
  const seconds = Math.floor((Date.parse(until) - Date.now()) / 1000);
  const allowed = seconds > 0 && seconds <= props.most;
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
        type="datetime-local"
        className="jp-mlp-Input"
        aria-label={trans.__('Keep until')}
        aria-describedby={id}
        value={until}
        min={local(Date.now())}
        max={local(Date.now() + props.most * 1000)}
        onChange={event => setUntil(event.target.value)}
      />
      <span id={id} className="jp-mlp-Field-hint">
        {trans.__('At most %1 from now.', duration(props.most, trans))}
      </span>
      <div className="jp-mlp-Actions">
        <Button primary type="submit" disabled={!allowed}>
          {trans.__('Keep')}
        </Button>
        <Button onClick={props.close}>{trans.__('Cancel')}</Button>
      </div>
    </form>
  );
}

/** An instant as a datetime-local field takes it: in the reader's own zone, without one. */
function local(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}
