import * as React from 'react';
import type { DatasetPage } from '../api/types';
import { Button, Field } from '../ui/controls';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import { ColumnChoice } from './columnchoice';
import type { DatasetModel } from './dataset';

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
      <ColumnChoice
        legend={trans.__('Which columns do you need?')}
        columns={page.dataset.columns}
        chosen={form.columns}
        disabled={model.sending}
        choose={columns => model.fill({ columns })}
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
      <p className="jp-mlp-Note">
        {trans.__('%1 decides. You will be told here.', page.approvers.join(', ') || page.dataset.owner)}
      </p>
      <div className="jp-mlp-Actions">
        <Button primary type="submit" busy={model.sending} disabled={!model.complete}>
          {model.sending ? trans.__('Sending…') : trans.__('Send request')}
        </Button>
        <Button disabled={model.sending} onClick={() => model.close()}>
          {trans.__('Cancel')}
        </Button>
      </div>
    </form>
  );
}
