import * as React from 'react';
import type { Audit, AuditEvent } from '../api/types';
import { Button, Facts } from '../ui/controls';
import { count, instant } from '../ui/format';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { AuditModel, IAuditQuery } from './oversight';

/** How many findings are shown; one is as bad as a hundred. */
const MOST_FINDINGS = 10;

interface IProps {
  model: AuditModel;
  mayVerify: boolean;
}

/** What happened, the newest first, and whether anybody changed the record. */
export function AuditView({ model, mayVerify }: IProps): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model} lines={6}>
      {() => (
        <>
          {mayVerify && <Check model={model} />}
          <Filters model={model} />
          {model.events.length ? (
            <ol className="jp-mlp-Events">
              {model.events.map(event => (
                <Row key={event.seq} event={event} />
              ))}
            </ol>
          ) : (
            <Empty
              title={model.hasOlder ? trans.__('None among the newest events') : trans.__('No event fits')}
            />
          )}
          {model.hasOlder && (
            <Button className="jp-mod-wide" busy={model.isBusy('older')} onClick={() => void model.older()}>
              {trans.__('Show older ones')}
            </Button>
          )}
          <p className="jp-mlp-Note">
            {trans.__('All of it as JSON lines:')} <code>mlplat audit export --output audit.jsonl</code>
          </p>
        </>
      )}
    </Shown>
  );
}

function Check({ model }: { model: AuditModel }): React.JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-mlp-AuditCheck">
      <div className="jp-mlp-Actions">
        <Button busy={model.isBusy('verify')} onClick={() => void model.verify()}>
          {model.isBusy('verify') ? trans.__('Checking…') : trans.__('Check that nobody changed it')}
        </Button>
      </div>
      {model.checked && <Found audit={model.checked} />}
    </div>
  );
}

function Found({ audit }: { audit: Audit }): React.JSX.Element {
  const trans = useTrans();
  const findings = audit.findings ?? [];
  if (findings.length) {
    return (
      <div className="jp-mlp-Problem" role="alert">
        <p className="jp-mlp-Problem-message">{trans.__('The audit trail is broken.')}</p>
        {findings.slice(0, MOST_FINDINGS).map(finding => (
          <p key={finding}>{finding}</p>
        ))}
        {findings.length > MOST_FINDINGS && (
          <p>
            {trans.__('And %1 more:', findings.length - MOST_FINDINGS)} <code>mlplat audit verify</code>
          </p>
        )}
      </div>
    );
  }
  return (
    <div className="jp-mlp-Hint" role="status">
      <p>{trans._n('Intact: %1 event.', 'Intact: %1 events.', audit.events)}</p>
      <p>
        {trans.__(
          'Keep its newest hash in another place: it proves later that nothing before it was changed.'
        )}
      </p>
      <Facts facts={[[trans.__('Hash'), <code key="hash">{audit.head}</code>]]} />
    </div>
  );
}

function Filters({ model }: { model: AuditModel }): React.JSX.Element {
  const trans = useTrans();
  const fields: [keyof IAuditQuery, string, string][] = [
    ['dataset', trans.__('Dataset'), trans.__('Only this dataset, by its name in code')],
    ['person', trans.__('Person'), trans.__('Only what this person did, or what is about them')],
    [
      'action',
      trans.__('Action'),
      trans.__('Only this action, such as grant.revoked, or grant for all of grants')
    ]
  ];
  return (
    <div className="jp-mlp-Facets">
      {fields.map(([field, word, label]) => (
        <input
          key={field}
          className="jp-mlp-Input"
          value={model.query[field]}
          placeholder={word}
          aria-label={label}
          title={label}
          onChange={event => model.narrow({ [field]: event.target.value.trim() })}
        />
      ))}
    </div>
  );
}

function Row({ event }: { event: AuditEvent }): React.JSX.Element {
  const trans = useTrans();
  return (
    <li className="jp-mlp-Event">
      <span className="jp-mlp-Event-what">
        <strong>{event.actor}</strong> <code>{event.action}</code>
      </span>
      <span className="jp-mlp-Card-facts">
        <time dateTime={event.at}>{instant(event.at)}</time> · {event.subject} ·{' '}
        {trans.__('no. %1', count(event.seq))}
      </span>
    </li>
  );
}
