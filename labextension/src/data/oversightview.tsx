import * as React from 'react';
import type { OverseenDataset, OverseenGrant, OversightPage } from '../api/types';
import { Badge, Button, Tabs, type Tone } from '../ui/controls';
import { count, instant } from '../ui/format';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { AuditView } from './auditview';
import { EffectLines, enforcementWords } from './effects';
import type { DataModel } from './model';
import type { OversightModel } from './oversight';
import { isLive } from './review';
import { GrantEnd } from './words';

/** For owners and admins: who holds grants, what became of them, and what happened. */
export function OversightView({ model }: { model: DataModel }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Tabs
      label={trans.__('Oversight')}
      current={model.inAudit ? 'audit' : 'grants'}
      select={key => model.look(key === 'audit')}
      tabs={[
        { key: 'grants', label: trans.__('Grants') },
        { key: 'audit', label: trans.__('Audit trail') }
      ]}
    >
      {model.inAudit ? (
        <AuditView model={model.audit} mayVerify={model.standing.data?.may_verify ?? false} />
      ) : (
        <GrantsView model={model.oversight} />
      )}
    </Tabs>
  );
}

function GrantsView({ model }: { model: OversightModel }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model} lines={6}>
      {page => (
        <>
          <Counters page={page} model={model} />
          <Filters model={model} />
          {page.items.length ? (
            <ul className="jp-mlp-Overseen">
              {page.items.map(item => (
                <DatasetGrants key={item.id} item={item} />
              ))}
            </ul>
          ) : (
            <Empty
              title={
                model.narrowed ? trans.__('No grant fits') : trans.__('Nobody holds a grant on your data')
              }
            >
              {model.narrowed && (
                <Button onClick={() => model.narrow({ dataset: '', person: '', state: '' })}>
                  {trans.__('Clear')}
                </Button>
              )}
            </Empty>
          )}
          {model.hasMore && (
            <Button className="jp-mod-wide" onClick={() => model.more()}>
              {trans.__('Show more')}
            </Button>
          )}
        </>
      )}
    </Shown>
  );
}

/** How many there are of each; those that somebody has to look after first, and with a way to them. */
function Counters({ page, model }: { page: OversightPage; model: OversightModel }): React.JSX.Element {
  const trans = useTrans();
  const { states, concerns } = page.counters;
  const words: [Tone, string, number | undefined][] = [
    ['bad', trans.__('not taken away'), concerns.orphaned],
    ['bad', trans.__('changed by hand'), concerns.drifted],
    ['warn', trans.__('failing'), concerns.failing]
  ];
  const worst = words.filter(([, , number]) => number);
  const usual: [string, number | undefined][] = [
    [trans.__('active'), states.active],
    [trans.__('to come'), states.scheduled],
    [trans.__('being set up'), (states.fulfilling ?? 0) + (states.failed ?? 0)],
    [trans.__('ending'), states.ending],
    [trans.__('ended'), states.ended]
  ];
  const plain = usual.filter(([, number]) => number).map(([word, number]) => `${count(number ?? 0)} ${word}`);
  return (
    <div className="jp-mlp-Counters" role="status">
      {worst.length > 0 && (
        <span className="jp-mlp-Card-tags">
          {worst.map(([tone, word, number]) => (
            <Badge key={word} tone={tone}>
              {count(number ?? 0)} {word}
            </Badge>
          ))}
          {model.query.state !== 'attention' && (
            <Button quiet onClick={() => model.narrow({ state: 'attention' })}>
              {trans.__('Show only these')}
            </Button>
          )}
        </span>
      )}
      <span className="jp-mlp-Note">{plain.join(' · ') || trans.__('No grants yet')}</span>
    </div>
  );
}

function Filters({ model }: { model: OversightModel }): React.JSX.Element {
  const trans = useTrans();
  const states: [string, string][] = [
    ['', trans.__('All but ended')],
    ['attention', trans.__('Needs somebody')],
    ['active', trans.__('Active')],
    ['scheduled', trans.__('To come')],
    ['fulfilling', trans.__('Being set up')],
    ['failed', trans.__('Not set up')],
    ['ending', trans.__('Ending')],
    ['ended', trans.__('Ended')]
  ];
  const { state, dataset, person } = model.query;
  return (
    <div className="jp-mlp-Facets">
      <select
        className="jp-mlp-Select"
        data-chosen={state ? true : undefined}
        aria-label={trans.__('Only grants in this state')}
        value={state}
        onChange={event => model.narrow({ state: event.target.value })}
      >
        {states.map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
      <input
        className="jp-mlp-Input"
        value={dataset}
        placeholder={trans.__('Dataset')}
        aria-label={trans.__('Only this dataset, by its name in code')}
        onChange={event => model.narrow({ dataset: event.target.value.trim() })}
      />
      <input
        className="jp-mlp-Input"
        value={person}
        placeholder={trans.__('Person')}
        aria-label={trans.__('Only this person')}
        onChange={event => model.narrow({ person: event.target.value.trim() })}
      />
    </div>
  );
}

function DatasetGrants({ item }: { item: OverseenDataset }): React.JSX.Element {
  const trans = useTrans();
  return (
    <li>
      <details className="jp-mlp-Details" open>
        <summary>
          <span className="jp-mlp-Overseen-title">{item.title}</span>{' '}
          <span className="jp-mlp-Note">
            {item.owner} · {trans._n('%1 grant', '%1 grants', item.grants.length)}
          </span>
        </summary>
        <ul className="jp-mlp-Cards">
          {item.grants.map(each => (
            <GrantLine key={each.grant.id} each={each} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function GrantLine({ each }: { each: OverseenGrant }): React.JSX.Element {
  const trans = useTrans();
  const { grant, effects = [] } = each;
  const facts = [
    trans._n('%1 column', '%1 columns', grant.scope.columns.length),
    grant.scope.rows ? trans.__('some rows') : '',
    trans.__('approved by %1', grant.approved_by),
    isLive(grant) ? enforcementWords(grant, trans) : '',
    grant.ended_at ? trans.__('ended %1', instant(grant.ended_at)) : ''
  ];
  return (
    <li className="jp-mlp-Card" data-concern={each.concern || undefined}>
      <span className="jp-mlp-Card-head">
        <strong className="jp-mlp-Card-title">{grant.subject}</strong>
        <span className="jp-mlp-Card-tags">
          <ConcernBadge concern={each.concern ?? ''} />
          <GrantEnd grant={grant} />
        </span>
      </span>
      <span className="jp-mlp-Card-facts">{facts.filter(Boolean).join(' · ')}</span>
      <EffectLines grant={grant} effects={effects} />
    </li>
  );
}

function ConcernBadge({ concern }: { concern: string }): React.JSX.Element | null {
  const trans = useTrans();
  const words: Record<string, [Tone, string]> = {
    orphaned: ['bad', trans.__('not taken away')],
    drifted: ['bad', trans.__('changed by hand')],
    failing: ['warn', trans.__('failing')]
  };
  const found = words[concern];
  return found ? <Badge tone={found[0]}>{found[1]}</Badge> : null;
}
