import * as React from 'react';
import type { DatasetPage } from '../api/types';
import { Button, Field } from '../ui/controls';
import { instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import { ColumnChoice } from './columnchoice';
import type { DatasetModel } from './dataset';
import { RowChoice } from './rowchoice';
import { people, Stages } from './stages';

/** Ask for access: which columns, for what, how long, and who will decide. */
export function RequestForm({
  model,
  page
}: {
  model: DatasetModel;
  page: DatasetPage;
}): React.JSX.Element | null {
  const trans = useTrans();
  useChanged(model);
  const form = model.form;
  if (!form || !model.options) {
    return null;
  }
  const send = (event: React.FormEvent): void => {
    event.preventDefault();
    void model.send();
  };
  return (
    <form
      className="jp-mlp-Form"
      onSubmit={send}
      aria-label={trans.__('Request access to %1', page.dataset.title)}
    >
      <Begun model={model} page={page} />
      <ColumnChoice
        legend={trans.__('Which columns do you need?')}
        columns={page.dataset.columns}
        chosen={form.columns}
        disabled={model.sending}
        choose={columns => model.fill({ columns })}
      />
      <RowChoice
        legend={trans.__('Which rows?')}
        label={trans.__('Only some rows')}
        columns={page.dataset.columns}
        chosen={form.rows}
        disabled={model.sending}
        choose={rows => model.fill({ rows })}
      />
      <Field label={trans.__('What for?')}>
        {ids => (
          <select
            {...ids}
            required
            className="jp-mlp-Select"
            value={form.purpose}
            disabled={model.sending}
            onChange={event => model.fill({ purpose: event.target.value })}
          >
            <option value="" disabled>
              {trans.__('Choose a purpose')}
            </option>
            {model.options?.purposes.map(purpose => (
              <option key={purpose.code} value={purpose.code}>
                {purpose.label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={trans.__('In your own words')} hint={trans.__('A sentence helps whoever decides.')}>
        {ids => (
          <textarea
            {...ids}
            className="jp-mlp-Input"
            rows={3}
            value={form.reason}
            disabled={model.sending}
            onChange={event => model.fill({ reason: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={trans.__('For how many days?')}
        hint={trans.__('At most %1 for %2 data.', page.max_days, page.dataset.classification)}
      >
        {ids => (
          <input
            {...ids}
            type="number"
            required
            min={1}
            max={page.max_days}
            step={1}
            className="jp-mlp-Input jp-mod-short"
            value={form.days || ''}
            disabled={model.sending}
            onChange={event => model.fill({ days: Math.trunc(event.target.valueAsNumber) || 0 })}
          />
        )}
      </Field>
      <Beneficiary model={model} page={page} />
      <Deciders page={page} />
      <div className="jp-mlp-Actions">
        <Button primary type="submit" busy={model.sending} disabled={!model.complete}>
          {model.sending
            ? trans.__('Sending…')
            : model.basis === 'change'
              ? trans.__('Send changed request')
              : trans.__('Send request')}
        </Button>
        <Button disabled={model.sending} onClick={() => model.close()}>
          {trans.__('Cancel')}
        </Button>
      </div>
    </form>
  );
}

/** That something is renewed or changed, and what stays of it. */
function Begun({ model, page }: { model: DatasetModel; page: DatasetPage }): React.JSX.Element | null {
  const trans = useTrans();
  const last = page.open_request?.decisions[page.open_request.decisions.length - 1];
  if (model.basis === 'renewal' && page.grant) {
    return (
      <p className="jp-mlp-Hint">
        {trans.__(
          'A renewal: what you have now ends on %1 whatever becomes of this request. If it is approved, it goes on from there.',
          instant(page.grant.not_after, 'date')
        )}
      </p>
    );
  }
  if (model.basis === 'change') {
    return (
      <p className="jp-mlp-Hint">
        {last?.verdict === 'ask_changes' && last.reason
          ? trans.__('%1 asks you to change it: %2', last.actor, last.reason)
          : trans.__('Whoever has approved it already will be asked again.')}
      </p>
    );
  }
  return null;
}

/** Folded away: most people ask for themselves. */
function Beneficiary({ model, page }: { model: DatasetModel; page: DatasetPage }): React.JSX.Element {
  const trans = useTrans();
  const beneficiary = model.form?.beneficiary ?? '';
  const [open, setOpen] = React.useState(beneficiary !== '');
  return (
    <details
      className="jp-mlp-Details"
      open={open}
      onToggle={event => {
        setOpen(event.currentTarget.open);
        if (!event.currentTarget.open) {
          model.fill({ beneficiary: '' }); // what cannot be seen must not be sent
        }
      }}
    >
      <summary>{trans.__('For somebody else')}</summary>
      <Field
        label={trans.__('Who is going to use the data?')}
        hint={trans.__(
          'The name by which this workspace knows your colleague. You cannot use %1 by this request yourself.',
          page.dataset.title
        )}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mlp-Input"
            autoComplete="off"
            value={beneficiary}
            disabled={model.sending}
            onChange={event => model.fill({ beneficiary: event.target.value })}
          />
        )}
      </Field>
    </details>
  );
}

/** Who will decide, stage by stage where there are several. */
function Deciders({ page }: { page: DatasetPage }): React.JSX.Element {
  const trans = useTrans();
  const review = page.review ?? [];
  return review.length > 1 ? (
    <div className="jp-mlp-Deciders">
      <p>{trans.__('Decided in %1 stages', review.length)}</p>
      <Stages review={review} asked={false} />
      <p className="jp-mlp-Note">
        {trans.__('This is for all columns; for fewer of them it may be less. You will be told here.')}
      </p>
    </div>
  ) : (
    <p className="jp-mlp-Note">
      {trans.__(
        '%1 decides. You will be told here.',
        people(page.approvers.length ? page.approvers : [page.dataset.owner], trans)
      )}
    </p>
  );
}
