import * as React from 'react';
import type { AccessRequest, Grant } from '../api/types';
import { Button, Field } from '../ui/controls';
import { ago } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { MineModel } from './access';
import { GrantEnd, isLive, isOpen, StateBadge } from './words';

interface IProps {
  model: MineModel;
  insert: (datasetId: string) => void;
  open: (datasetId: string) => void;
  find: () => void;
}

/** What I may use, what I asked for, and what others may use of mine. */
export function MineView(props: IProps): React.JSX.Element {
  const trans = useTrans();
  const { model } = props;
  return (
    <Shown model={model} lines={5}>
      {({ requests, grants, owned }) => {
        const live = grants.filter(grant => isLive(grant));
        const ended = grants.filter(grant => !isLive(grant));
        const waiting = requests.filter(request => isOpen(request.state));
        const decided = requests.filter(request => !isOpen(request.state));
        return (
          <>
            {!live.length && !waiting.length && (
              <Empty title={trans.__('You have no access to any dataset yet')}>
                <Button onClick={props.find}>{trans.__('Find data')}</Button>
              </Empty>
            )}
            <Group title={trans.__('I may use')} show={live.length > 0}>
              {live.map(grant => (
                <GrantCard key={grant.id} grant={grant} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Waiting')} show={waiting.length > 0}>
              {waiting.map(request => (
                <RequestCard key={request.id} request={request} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Others may use of mine')} show={owned.some(grant => isLive(grant))}>
              {owned
                .filter(grant => isLive(grant))
                .map(grant => (
                  <GrantCard key={grant.id} grant={grant} owned {...props} />
                ))}
            </Group>
            {decided.length + ended.length > 0 && (
              <details className="jp-mlp-Details">
                <summary>{trans.__('Earlier (%1)', decided.length + ended.length)}</summary>
                <ul className="jp-mlp-Cards">
                  {ended.map(grant => (
                    <GrantCard key={grant.id} grant={grant} {...props} />
                  ))}
                  {decided.map(request => (
                    <RequestCard key={request.id} request={request} {...props} />
                  ))}
                </ul>
              </details>
            )}
          </>
        );
      }}
    </Shown>
  );
}

function Group(props: { title: string; show: boolean; children: React.ReactNode }): React.JSX.Element | null {
  return props.show ? (
    <>
      <h3 className="jp-mlp-Subtitle">{props.title}</h3>
      <ul className="jp-mlp-Cards">{props.children}</ul>
    </>
  ) : null;
}

function GrantCard(props: IProps & { grant: Grant; owned?: boolean }): React.JSX.Element {
  const trans = useTrans();
  const { grant, owned, model } = props;
  const [ending, setEnding] = React.useState(false);
  const live = isLive(grant);
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <button
          type="button"
          className="jp-mlp-Card-title jp-mod-link"
          onClick={() => props.open(grant.scope.dataset_id)}
        >
          {grant.dataset_title}
        </button>
        <GrantEnd grant={grant} />
      </span>
      <span className="jp-mlp-Card-facts">
        {owned ? `${grant.subject} · ` : ''}
        {trans._n('%1 column', '%1 columns', grant.scope.columns.length)} ·{' '}
        {trans.__('approved by %1', grant.approved_by)}
      </span>
      {grant.end_note && <span className="jp-mlp-Card-text">{grant.end_note}</span>}
      {live && !ending && (
        <div className="jp-mlp-Actions">
          {!owned && (
            <Button onClick={() => props.insert(grant.scope.dataset_id)}>{trans.__('Insert code')}</Button>
          )}
          <Button quiet onClick={() => setEnding(true)}>
            {owned ? trans.__('Revoke…') : trans.__('Give up…')}
          </Button>
        </div>
      )}
      {live && ending && (
        <Revocation grant={grant} owned={owned} model={model} close={() => setEnding(false)} />
      )}
    </li>
  );
}

function Revocation(props: {
  grant: Grant;
  owned?: boolean;
  model: MineModel;
  close: () => void;
}): React.JSX.Element {
  const trans = useTrans();
  const { grant, owned, model } = props;
  const [reason, setReason] = React.useState('');
  useChanged(model);
  return (
    <form
      className="jp-mlp-Form"
      onSubmit={event => {
        event.preventDefault();
        void model.revoke(grant, reason);
      }}
    >
      <Field label={owned ? trans.__('Why does it end now?') : trans.__('Why? (optional)')}>
        {ids => (
          <input
            {...ids}
            className="jp-mlp-Input"
            value={reason}
            required={owned}
            onChange={event => setReason(event.target.value)}
          />
        )}
      </Field>
      <div className="jp-mlp-Actions">
        <Button danger type="submit" busy={model.isBusy(`revoke:${grant.id}`)}>
          {owned ? trans.__('Revoke now') : trans.__('Give up now')}
        </Button>
        <Button onClick={props.close}>{trans.__('Cancel')}</Button>
      </div>
    </form>
  );
}

function RequestCard(props: IProps & { request: AccessRequest }): React.JSX.Element {
  const trans = useTrans();
  const { request, model } = props;
  useChanged(model);
  const last = request.decisions[request.decisions.length - 1];
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <button
          type="button"
          className="jp-mlp-Card-title jp-mod-link"
          onClick={() => props.open(request.scope.dataset_id)}
        >
          {request.dataset_title}
        </button>
        <StateBadge state={request.state} />
      </span>
      <span className="jp-mlp-Card-facts">
        {trans._n('%1 column', '%1 columns', request.scope.columns.length)} ·{' '}
        {trans._n('%1 day', '%1 days', request.days)} · {ago(request.created_at, trans)}
        {isOpen(request.state) && ` · ${trans.__('%1 decides', request.approvers.join(', '))}`}
      </span>
      {last?.reason && (
        <blockquote className="jp-mlp-Quote">
          {last.reason}
          <footer>{last.actor}</footer>
        </blockquote>
      )}
      {isOpen(request.state) && (
        <div className="jp-mlp-Actions">
          <Button
            quiet
            busy={model.isBusy(`withdraw:${request.id}`)}
            onClick={() => void model.withdraw(request)}
          >
            {trans.__('Withdraw')}
          </Button>
        </div>
      )}
    </li>
  );
}
