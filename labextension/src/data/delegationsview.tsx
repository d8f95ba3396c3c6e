import * as React from 'react';
import type { Delegation } from '../api/types';
import { Badge, Button, Field } from '../ui/controls';
import { instant } from '../ui/format';
import { Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { dayFromNow, type DelegationsModel, lastDay, LONGEST_DAYS } from './delegations';
import { inForce } from './review';

/** Who decides in my place while I am away, and in whose place I decide. */
export function DelegationsView({ model }: { model: DelegationsModel }): React.JSX.Element {
  const trans = useTrans();
  const [giving, setGiving] = React.useState(false);
  return (
    <section className="jp-mlp-Delegations" aria-label={trans.__('While you are away')}>
      <h3 className="jp-mlp-Subtitle">{trans.__('While you are away')}</h3>
      <Shown model={model} lines={1}>
        {({ person, items }) => (
          <>
            {items.length > 0 ? (
              <ul className="jp-mlp-Cards">
                {items.map(item => (
                  <Item key={item.id} delegation={item} mine={item.approver === person} model={model} />
                ))}
              </ul>
            ) : (
              !giving && <p className="jp-mlp-Note">{trans.__('Nobody decides in your place.')}</p>
            )}
            {giving ? (
              <Giving model={model} close={() => setGiving(false)} />
            ) : (
              <div className="jp-mlp-Actions">
                <Button onClick={() => setGiving(true)}>{trans.__('Let somebody decide for you…')}</Button>
              </div>
            )}
          </>
        )}
      </Shown>
    </section>
  );
}

function Item(props: { delegation: Delegation; mine: boolean; model: DelegationsModel }): React.JSX.Element {
  const trans = useTrans();
  const { delegation, mine, model } = props;
  const end = instant(lastDay(delegation), 'date');
  const current = inForce(delegation);
  const begins = instant(delegation.not_before, 'date');
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <strong className="jp-mlp-Card-title">
          {mine
            ? trans.__('%1 decides in your place', delegation.delegate)
            : trans.__('You decide in the place of %1', delegation.approver)}
        </strong>
        <Badge tone={current ? 'info' : 'neutral'}>
          {current ? trans.__('until %1', end) : trans.__('from %1', begins)}
        </Badge>
      </span>
      {!current && <span className="jp-mlp-Card-facts">{trans.__('%1 to %2', begins, end)}</span>}
      {delegation.reason && <span className="jp-mlp-Card-text">{delegation.reason}</span>}
      <div className="jp-mlp-Actions">
        <Button quiet busy={model.isBusy(`end:${delegation.id}`)} onClick={() => void model.end(delegation)}>
          {mine ? trans.__('Take back') : trans.__('Give it up')}
        </Button>
      </div>
    </li>
  );
}

function Giving({ model, close }: { model: DelegationsModel; close: () => void }): React.JSX.Element {
  const trans = useTrans();
  const [delegate, setDelegate] = React.useState('');
  const [first, setFirst] = React.useState(() => dayFromNow(0));
  const [last, setLast] = React.useState(() => dayFromNow(7));
  const today = dayFromNow(0);
  const send = async (): Promise<void> => {
    if (await model.give(delegate, first > today ? first : '', last, '')) {
      close();
    }
  };
  return (
    <form
      className="jp-mlp-Form"
      aria-label={trans.__('Let somebody decide for you')}
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}
    >
      <Field
        label={trans.__('Who decides in your place?')}
        hint={trans.__(
          'The name by which this workspace knows your colleague. Nobody decides on an own request.'
        )}
      >
        {ids => (
          <input
            {...ids}
            required
            ref={focusOnce}
            className="jp-mlp-Input"
            autoComplete="off"
            value={delegate}
            onChange={event => setDelegate(event.target.value)}
          />
        )}
      </Field>
      <div className="jp-mlp-Days">
        <Field label={trans.__('First day')}>
          {ids => (
            <input
              {...ids}
              required
              type="date"
              min={today}
              className="jp-mlp-Input"
              value={first}
              onChange={event => setFirst(event.target.value)}
            />
          )}
        </Field>
        <Field label={trans.__('Last day')}>
          {ids => (
            <input
              {...ids}
              required
              type="date"
              min={first > today ? first : today}
              max={dayFromNow(LONGEST_DAYS - 1, first ? new Date(`${first}T00:00`) : undefined)}
              className="jp-mlp-Input"
              value={last}
              onChange={event => setLast(event.target.value)}
            />
          )}
        </Field>
      </div>
      <div className="jp-mlp-Actions">
        <Button primary type="submit" busy={model.isBusy('give')} disabled={!delegate.trim() || !last}>
          {trans.__('Let decide')}
        </Button>
        <Button disabled={model.isBusy('give')} onClick={close}>
          {trans.__('Cancel')}
        </Button>
      </div>
    </form>
  );
}

/** Give a field the focus when it appears; React calls it again only when it is another function. */
export function focusOnce(field: HTMLElement | null): void {
  field?.focus();
}
