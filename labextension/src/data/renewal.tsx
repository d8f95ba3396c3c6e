import * as React from 'react';
import type { DatasetPage, Grant } from '../api/types';
import { Button, Field } from '../ui/controls';
import { instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { MineModel } from './access';
import { people } from './stages';

interface IProps {
  grant: Grant;
  model: MineModel;
  /** How long it may be, and who decides. */
  terms: DatasetPage;
  close: () => void;
}

/** Ask to go on with a grant: only for how long is left to say. */
export function Renewal({ grant, model, terms, close }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const [days, setDays] = React.useState(Math.min(terms.default_days, terms.max_days));
  const [reason, setReason] = React.useState('');
  const busy = model.isBusy(`renew:${grant.id}`);
  const send = async (): Promise<void> => {
    if (await model.renew(grant, days, reason)) {
      close();
    }
  };
  return (
    <form
      className="jp-mlp-Form"
      aria-label={trans.__('Renew %1', grant.dataset_title)}
      onSubmit={event => {
        event.preventDefault();
        void send();
      }}
    >
      <Field
        label={trans.__('For how many more days?')}
        hint={trans.__('At most %1 for %2 data.', terms.max_days, terms.dataset.classification)}
      >
        {ids => (
          <input
            {...ids}
            type="number"
            required
            min={1}
            max={terms.max_days}
            step={1}
            ref={focusOnce}
            className="jp-mlp-Input jp-mod-short"
            value={days || ''}
            disabled={busy}
            onChange={event => setDays(Math.trunc(event.target.valueAsNumber) || 0)}
          />
        )}
      </Field>
      <Field label={trans.__('What for? (optional)')}>
        {ids => (
          <input
            {...ids}
            className="jp-mlp-Input"
            value={reason}
            disabled={busy}
            onChange={event => setReason(event.target.value)}
          />
        )}
      </Field>
      <p className="jp-mlp-Note">
        {trans.__(
          'This is a new request for the same columns and rows: %1 decides. What you have now still ends on %2; the renewal begins then.',
          people(terms.approvers.length ? terms.approvers : [grant.owner], trans),
          instant(grant.not_after, 'date')
        )}
      </p>
      <div className="jp-mlp-Actions">
        <Button primary type="submit" busy={busy} disabled={days < 1 || days > terms.max_days}>
          {trans.__('Send renewal')}
        </Button>
        <Button disabled={busy} onClick={close}>
          {trans.__('Cancel')}
        </Button>
      </div>
    </form>
  );
}

function focusOnce(field: HTMLElement | null): void {
  field?.focus();
}
