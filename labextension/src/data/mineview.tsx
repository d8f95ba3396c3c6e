import * as React from 'react';
import type { AccessRequest } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { ago } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { MineModel } from './access';
import { GrantCard } from './grantcard';
import { isLive, isScheduled, isSettingUp } from './review';
import { RowsText } from './rowstext';
import { people, Stages, Thread } from './stages';
import { isOpen, StateBadge } from './words';

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
        const coming = grants.filter(grant => isScheduled(grant));
        const settingUp = grants.filter(grant => isSettingUp(grant));
        const ended = grants.filter(grant => !isLive(grant) && !isScheduled(grant) && !isSettingUp(grant));
        const others = owned.filter(
          grant => isLive(grant) || isScheduled(grant) || isSettingUp(grant) || grant.state === 'ending'
        );
        const waiting = requests.filter(request => isOpen(request.state));
        const decided = requests.filter(request => !isOpen(request.state));
        return (
          <>
            {!live.length && !coming.length && !settingUp.length && !waiting.length && (
              <Empty title={trans.__('You have no access to any dataset yet')}>
                <Button onClick={props.find}>{trans.__('Find data')}</Button>
              </Empty>
            )}
            <Group title={trans.__('I may use')} show={live.length > 0}>
              {live.map(grant => (
                <GrantCard key={grant.id} grant={grant} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Being set up')} show={settingUp.length > 0}>
              {settingUp.map(grant => (
                <GrantCard key={grant.id} grant={grant} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Begins later')} show={coming.length > 0}>
              {coming.map(grant => (
                <GrantCard key={grant.id} grant={grant} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Waiting')} show={waiting.length > 0}>
              {waiting.map(request => (
                <RequestCard key={request.id} request={request} {...props} />
              ))}
            </Group>
            <Group title={trans.__('Others may use of mine')} show={others.length > 0}>
              {others.map(grant => (
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

function RequestCard(props: IProps & { request: AccessRequest }): React.JSX.Element {
  const trans = useTrans();
  const { request, model } = props;
  useChanged(model);
  const open = isOpen(request.state);
  const several = request.review.length > 1 || request.decisions.some(each => each.stage !== 'owner');
  const facts = [
    request.beneficiary && trans.__('for %1', request.beneficiary),
    trans._n('%1 column', '%1 columns', request.scope.columns.length),
    trans._n('%1 day', '%1 days', request.days),
    ago(request.created_at, trans),
    request.state === 'submitted' &&
      request.review.length < 2 &&
      trans.__('%1 decides', people(request.approvers, trans))
  ];
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
        <span className="jp-mlp-Card-tags">
          {request.kind === 'renewal' && <Badge>{trans.__('renewal')}</Badge>}
          <StateBadge state={request.state} />
        </span>
      </span>
      <span className="jp-mlp-Card-facts">{facts.filter(Boolean).join(' · ')}</span>
      <RowsText rows={request.scope.rows} />
      {open && request.review.length > 1 && (
        <Stages review={request.review} asked={request.state === 'submitted'} />
      )}
      <Thread decisions={request.decisions} several={several} />
      {open && (
        <div className="jp-mlp-Actions">
          {request.state === 'changes_asked' && (
            <Button primary onClick={() => props.open(request.scope.dataset_id)}>
              {trans.__('Change it')}
            </Button>
          )}
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
