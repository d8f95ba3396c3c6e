import * as React from 'react';
import type { AccessRequest, Verdict } from '../api/types';
import { Button, Field } from '../ui/controls';
import { ago } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { InboxModel } from './access';
import { ColumnChoice } from './columnchoice';

/** Requests that wait for my decision. */
export function InboxView({ model }: { model: InboxModel }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model}>
      {requests =>
        requests.length ? (
          <ul className="jp-mlp-Cards">
            {requests.map(request => (
              <Waiting key={`${request.id}:${request.revision}`} request={request} model={model} />
            ))}
          </ul>
        ) : (
          <Empty title={trans.__('Nothing waits for you')}>
            <p>{trans.__('When somebody asks for your data, you are told and decide here.')}</p>
          </Empty>
        )
      }
    </Shown>
  );
}

function Waiting({ request, model }: { request: AccessRequest; model: InboxModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const [columns, setColumns] = React.useState<Set<string>>(() => new Set(request.scope.columns));
  const [days, setDays] = React.useState(request.days);
  const [reason, setReason] = React.useState('');
  const [refusing, setRefusing] = React.useState<Verdict | null>(null);
  const deciding = model.isDeciding(request);
  const narrowed = columns.size < request.scope.columns.length || days < request.days;
  const decide = (verdict: Verdict): void =>
    void model.decide(request, { verdict, reason, columns: [...columns], days });
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <strong className="jp-mlp-Card-title">{request.dataset_title}</strong>
      </span>
      <span className="jp-mlp-Card-facts">
        {request.requester} · {ago(request.created_at, trans)} · {request.purpose}
      </span>
      {request.reason && (
        <blockquote className="jp-mlp-Quote">
          {request.reason}
          <footer>{request.requester}</footer>
        </blockquote>
      )}
      <ColumnChoice
        legend={trans.__('Columns')}
        columns={request.columns ?? []}
        chosen={columns}
        disabled={deciding}
        choose={setColumns}
      />
      <Field label={trans.__('Days')} hint={trans.__('%1 asked', request.days)}>
        {ids => (
          <input
            {...ids}
            type="number"
            min={1}
            max={request.days}
            className="jp-mlp-Input jp-mod-short"
            value={days || ''}
            disabled={deciding}
            onChange={event => setDays(Math.trunc(event.target.valueAsNumber) || 0)}
          />
        )}
      </Field>
      <Field
        label={
          refusing ? trans.__('Why? It is told to %1.', request.requester) : trans.__('Comment (optional)')
        }
      >
        {ids => (
          <textarea
            {...ids}
            rows={2}
            className="jp-mlp-Input"
            value={reason}
            disabled={deciding}
            onChange={event => setReason(event.target.value)}
          />
        )}
      </Field>
      {refusing ? (
        <div className="jp-mlp-Actions">
          <Button danger busy={deciding} disabled={!reason.trim()} onClick={() => decide(refusing)}>
            {refusing === 'reject' ? trans.__('Reject now') : trans.__('Ask now')}
          </Button>
          <Button disabled={deciding} onClick={() => setRefusing(null)}>
            {trans.__('Back')}
          </Button>
        </div>
      ) : (
        <div className="jp-mlp-Actions">
          <Button
            primary
            busy={deciding}
            disabled={!columns.size || days < 1 || days > request.days}
            onClick={() => decide('approve')}
          >
            {narrowed ? trans.__('Approve narrowed') : trans.__('Approve')}
          </Button>
          <Button disabled={deciding} onClick={() => setRefusing('ask_changes')}>
            {trans.__('Ask for changes…')}
          </Button>
          <Button quiet disabled={deciding} onClick={() => setRefusing('reject')}>
            {trans.__('Reject…')}
          </Button>
        </div>
      )}
    </li>
  );
}
