import * as React from 'react';
import type { DatasetPage, Grant } from '../api/types';
import { Button, Field } from '../ui/controls';
import { instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { MineModel } from './access';
import { EffectLines, enforcementWords } from './effects';
import { Renewal } from './renewal';
import { isLive, isRenewable, isScheduled, isSettingUp } from './review';
import { RowsText } from './rowstext';
import { GrantEnd } from './words';

interface IProps {
  grant: Grant;
  /** It is somebody else's, on a dataset of mine. */
  owned?: boolean;
  model: MineModel;
  insert: (datasetId: string) => void;
  open: (datasetId: string) => void;
}

/** One grant: what it allows, until when, and what can be done with it. */
export function GrantCard(props: IProps): React.JSX.Element {
  const trans = useTrans();
  const { grant, owned } = props;
  const scheduled = isScheduled(grant);
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
        {grant.approved_by === 'policy'
          ? trans.__('approved by the policy')
          : trans.__('approved by %1', grant.approved_by)}
        {isLive(grant) && ` · ${enforcementWords(grant, trans)}`}
      </span>
      <EffectLines grant={grant} effects={props.model.effectsOf(grant)} />
      {scheduled && (
        <span className="jp-mlp-Card-facts">
          {trans.__(
            'It begins %1 and lasts until %2.',
            instant(grant.not_before),
            instant(grant.not_after, 'date')
          )}
        </span>
      )}
      <RowsText rows={grant.scope.rows} />
      {!owned && isRenewable(grant) && <Successor {...props} />}
      {grant.end_note && <span className="jp-mlp-Card-text">{grant.end_note}</span>}
      {(isLive(grant) || scheduled || isSettingUp(grant)) && <Uses {...props} />}
    </li>
  );
}

/** What comes after it: a renewal that waits, or the grant that begins when this one ends. */
function Successor({ grant, model }: IProps): React.JSX.Element | null {
  const trans = useTrans();
  const next = model.successor(grant);
  if (!next) {
    return null;
  }
  return (
    <span className="jp-mlp-Card-facts">
      {'not_after' in next
        ? trans.__('It goes on until %1.', instant(next.not_after, 'date'))
        : next.kind === 'renewal'
          ? trans.__('Its renewal is asked for.')
          : trans.__('A request for this dataset is open; it can be renewed after that.')}
    </span>
  );
}

function Uses({ grant, owned, model, insert }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const [doing, setDoing] = React.useState<'ending' | DatasetPage | null>(null);
  const done = (): void => setDoing(null);
  if (doing === 'ending') {
    return <Revocation grant={grant} owned={owned} model={model} close={done} />;
  }
  if (doing) {
    return <Renewal grant={grant} model={model} terms={doing} close={done} />;
  }
  const renew = async (): Promise<void> => setDoing(await model.renewalTerms(grant));
  const renewable = !owned && isRenewable(grant) && !model.successor(grant);
  return (
    <div className="jp-mlp-Actions">
      {!owned && isLive(grant) && (
        <Button onClick={() => insert(grant.scope.dataset_id)}>{trans.__('Insert code')}</Button>
      )}
      {renewable && (
        <Button busy={model.isBusy(`terms:${grant.id}`)} onClick={() => void renew()}>
          {trans.__('Renew…')}
        </Button>
      )}
      <Button quiet onClick={() => setDoing('ending')}>
        {owned ? trans.__('Revoke…') : trans.__('Give up…')}
      </Button>
    </div>
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
