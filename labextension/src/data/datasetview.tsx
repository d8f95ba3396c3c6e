import type { TranslationBundle } from '@jupyterlab/translation';
import { caretLeftIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Dataset, DatasetPage } from '../api/types';
import { Badge, Button, Facts } from '../ui/controls';
import { count } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { DatasetModel } from './dataset';
import { EffectLines, enforcementWords } from './effects';
import { RequestForm } from './requestform';
import { isRenewable } from './review';
import { RowsText } from './rowstext';
import { decisionWords, people, Stages } from './stages';
import { ClassificationBadge, GrantEnd, StateBadge } from './words';

interface IProps {
  model: DatasetModel;
  insert: (datasetId: string) => void;
  back: () => void;
}

export function DatasetView({ model, insert, back }: IProps): React.JSX.Element {
  const trans = useTrans();
  return (
    <>
      <Button quiet className="jp-mlp-Back" onClick={back}>
        <caretLeftIcon.react tag="span" aria-hidden="true" />
        {trans.__('All datasets')}
      </Button>
      <Shown model={model} lines={6}>
        {page => (
          <article className="jp-mlp-Page">
            <header>
              <h3>{page.dataset.title}</h3>
              <ClassificationBadge classification={page.dataset.classification} />
            </header>
            {page.dataset.description && <p>{page.dataset.description}</p>}
            <MyAccess page={page} model={model} insert={insert} />
            {model.form ? (
              <RequestForm model={model} page={page} />
            ) : (
              <>
                <About dataset={page.dataset} />
                <Columns dataset={page.dataset} granted={page.grant?.scope.columns} />
              </>
            )}
          </article>
        )}
      </Shown>
    </>
  );
}

function MyAccess({
  page,
  model,
  insert
}: { page: DatasetPage } & Omit<IProps, 'back'>): React.JSX.Element | null {
  const trans = useTrans();
  useChanged(model);
  if (model.form) {
    return null;
  }
  const usable = page.access === 'granted' || page.access === 'owner';
  return (
    <div className="jp-mlp-Access">
      <p role="status">
        {page.access === 'owner' && trans.__('You own this dataset.')}
        {page.access === 'granted' && page.grant && (
          <>
            {trans._n('You may use %1 column.', 'You may use %1 columns.', page.grant.scope.columns.length)}{' '}
            <GrantEnd grant={page.grant} />{' '}
            <span className="jp-mlp-Note">{enforcementWords(page.grant, trans)}</span>
          </>
        )}
        {page.access === 'fulfilling' && page.coming && (
          <>
            {trans.__('You were granted access.')} <GrantEnd grant={page.coming} />
          </>
        )}
        {page.access === 'none' &&
          trans.__('You have no access. %1 decides.', deciders(page.approvers, page.dataset, trans))}
        {page.open_request && (
          <>
            {' '}
            {page.open_request.state === 'changes_asked'
              ? trans.__('Your request waits for you to change it.')
              : trans.__(
                  'Your request waits for %1.',
                  deciders(page.open_request.approvers, page.dataset, trans)
                )}{' '}
            <StateBadge state={page.open_request.state} />
          </>
        )}
      </p>
      {page.coming && (
        <EffectLines
          grant={page.coming}
          effects={page.effects?.filter(each => each.grant_id === page.coming?.id)}
        />
      )}
      <AtOnce model={model} />
      {page.access === 'granted' && <RowsText rows={page.grant?.scope.rows} />}
      {page.open_request && page.open_request.review.length > 1 && (
        <Stages review={page.open_request.review} asked={page.open_request.state === 'submitted'} />
      )}
      <div className="jp-mlp-Actions">
        {usable && (
          <Button primary onClick={() => insert(page.dataset.id)}>
            {trans.__('Insert code')}
          </Button>
        )}
        {page.access !== 'owner' && page.access !== 'fulfilling' && <Asking page={page} model={model} />}
      </div>
    </div>
  );
}

/** The ways to ask: for the first time, again, to go on, or to change what is open. */
function Asking({ page, model }: Pick<IProps, 'model'> & { page: DatasetPage }): React.JSX.Element {
  const trans = useTrans();
  const busy = model.isBusy('options');
  if (page.open_request) {
    return (
      <Button
        primary={page.open_request.state === 'changes_asked'}
        busy={busy}
        onClick={() => void model.open('change')}
      >
        {trans.__('Change request')}
      </Button>
    );
  }
  return (
    <>
      {page.grant && isRenewable(page.grant) && (
        <Button busy={busy} onClick={() => void model.open('renewal')}>
          {trans.__('Renew')}
        </Button>
      )}
      <Button primary={!page.grant} quiet={!!page.grant} busy={busy} onClick={() => void model.open()}>
        {page.grant ? trans.__('Ask for something else') : trans.__('Request access')}
      </Button>
    </>
  );
}

/** That the request just sent was approved by the policy itself, and by which of its rules. */
function AtOnce({ model }: Pick<IProps, 'model'>): React.JSX.Element | null {
  const trans = useTrans();
  const { sent } = model;
  const decision = sent?.decisions[sent.decisions.length - 1];
  if (sent?.state !== 'approved' || !decision?.rule) {
    return null;
  }
  return (
    <p className="jp-mlp-Hint" role="status">
      {trans.__('Your request was %1.', decisionWords(decision, false, trans))}
      {sent.beneficiary && ` ${trans.__('%1 may use the data.', sent.beneficiary)}`}
    </p>
  );
}

function About({ dataset }: { dataset: Dataset }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Facts
      facts={[
        [trans.__('Name'), <code key="id">{dataset.id}</code>],
        [trans.__('Owner'), dataset.owner],
        [trans.__('Rows'), dataset.rows === null ? null : count(dataset.rows)],
        [trans.__('Format'), dataset.format],
        [trans.__('Tags'), dataset.tags.join(', ')]
      ]}
    />
  );
}

function Columns({ dataset, granted }: { dataset: Dataset; granted?: string[] }): React.JSX.Element {
  const trans = useTrans();
  return (
    <table className="jp-mlp-Table">
      <caption>{trans._n('%1 column', '%1 columns', dataset.columns.length)}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Column')}</th>
          <th scope="col">{trans.__('Type')}</th>
        </tr>
      </thead>
      <tbody>
        {dataset.columns.map(column => (
          <tr key={column.name}>
            <th scope="row">
              <code>{column.name}</code>{' '}
              {column.tags.map(tag => (
                <Badge key={tag} tone={tag === 'personal' ? 'warn' : 'neutral'}>
                  {tag}
                </Badge>
              ))}
              {granted?.includes(column.name) && <Badge tone="good">{trans.__('granted')}</Badge>}
              {column.description && <span className="jp-mlp-Table-note">{column.description}</span>}
            </th>
            <td>{column.type}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function deciders(names: string[], dataset: Dataset, trans: TranslationBundle): string {
  return people(names.length ? names : [dataset.owner], trans);
}
