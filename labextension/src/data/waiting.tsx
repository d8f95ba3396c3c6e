import * as React from 'react';
import type { AccessRequest, Verdict } from '../api/types';
import { Badge, Button, Field } from '../ui/controls';
import { ago } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { ProblemView } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { InboxModel } from './access';
import { ColumnChoice } from './columnchoice';
import { extentOf, presentStage } from './review';
import { RowChoice } from './rowchoice';
import { ALL_ROWS, treeOf } from './rows';
import { people, Stages, Thread } from './stages';

interface IProps {
  request: AccessRequest;
  model: InboxModel;
  /** Those who let me decide for them. */
  inPlaceOf: string[];
}

/** One request that waits for me: what is asked, what is left of it, and what I say. */
export function Waiting({ request, model, inPlaceOf }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const extent = extentOf(request);
  const asked = request.columns.filter(column => extent.columns.includes(column.name));
  const [columns, setColumns] = React.useState<Set<string>>(() => new Set(extent.columns));
  const [rows, setRows] = React.useState(ALL_ROWS);
  const [days, setDays] = React.useState(extent.days);
  const deciding = model.isDeciding(request);
  const further = treeOf(rows, asked);
  const fits = columns.size > 0 && days >= 1 && days <= extent.days && further !== undefined;
  const narrowed = columns.size < extent.columns.length || days < extent.days || further !== null;
  const changed = model.changedMeanwhile(request);
  return (
    <li className="jp-mlp-Card">
      <Asked request={request} inPlaceOf={inPlaceOf} />
      {changed && <ProblemView problem={changed} />}
      <div className="jp-mlp-Form">
        <ColumnChoice
          legend={trans.__('Columns')}
          columns={asked}
          chosen={columns}
          disabled={deciding}
          choose={setColumns}
        />
        <RowChoice
          legend={trans.__('Rows')}
          already={extent.rows}
          label={extent.rows ? trans.__('Only some of these rows') : trans.__('Only some rows')}
          columns={asked}
          chosen={rows}
          disabled={deciding}
          choose={setRows}
        />
        <Field
          label={trans.__('Days')}
          hint={
            extent.days < request.days
              ? trans.__('%1 asked, %2 left by the stage before', request.days, extent.days)
              : trans.__('%1 asked', request.days)
          }
        >
          {ids => (
            <input
              {...ids}
              type="number"
              min={1}
              max={extent.days}
              className="jp-mlp-Input jp-mod-short"
              value={days || ''}
              disabled={deciding}
              onChange={event => setDays(Math.trunc(event.target.valueAsNumber) || 0)}
            />
          )}
        </Field>
        <Verdicts
          request={request}
          deciding={deciding}
          fits={fits}
          narrowed={narrowed}
          decide={(verdict, reason) =>
            void model.decide(request, {
              verdict,
              reason,
              columns: [...columns],
              rows: further ?? null,
              days
            })
          }
        />
      </div>
    </li>
  );
}

/** Who asks for what and why, in which stage, and what was said before. */
function Asked({ request, inPlaceOf }: Omit<IProps, 'model'>): React.JSX.Element {
  const trans = useTrans();
  const { review } = request;
  const several = review.length > 1;
  const stage = presentStage(request);
  const asks = request.beneficiary
    ? trans.__('%1 for %2', request.requester, request.beneficiary)
    : request.requester;
  return (
    <>
      <span className="jp-mlp-Card-head">
        <strong className="jp-mlp-Card-title">{request.dataset_title}</strong>
        <span className="jp-mlp-Card-tags">
          {request.kind === 'renewal' && <Badge>{trans.__('renewal')}</Badge>}
          {several && stage && (
            <Badge tone="info">{trans.__('stage %1 of %2', review.indexOf(stage) + 1, review.length)}</Badge>
          )}
        </span>
      </span>
      <span className="jp-mlp-Card-facts">
        {asks} · {ago(request.created_at, trans)} · {request.purpose}
      </span>
      {inPlaceOf.length > 0 && (
        <p className="jp-mlp-Hint">{trans.__('You decide in the place of %1.', people(inPlaceOf, trans))}</p>
      )}
      {request.reason && (
        <blockquote className="jp-mlp-Quote">
          {request.reason}
          <footer>{request.requester}</footer>
        </blockquote>
      )}
      {several && <Stages review={review} asked />}
      <Thread decisions={request.decisions} several={several} />
    </>
  );
}

interface IVerdictsProps {
  request: AccessRequest;
  deciding: boolean;
  fits: boolean;
  narrowed: boolean;
  decide: (verdict: Verdict, reason: string) => void;
}

function Verdicts({ request, deciding, fits, narrowed, decide }: IVerdictsProps): React.JSX.Element {
  const trans = useTrans();
  const [reason, setReason] = React.useState('');
  const [refusing, setRefusing] = React.useState<Verdict | null>(null);
  const next = request.review.find(stage => !stage.approved_by && stage !== presentStage(request));
  return (
    <>
      <Field
        label={
          refusing ? trans.__('Why? It is told to %1.', request.requester) : trans.__('Comment (optional)')
        }
      >
        {ids => (
          <textarea
            {...ids}
            rows={2}
            className="jp-mlp-Input"
            value={reason}
            disabled={deciding}
            onChange={event => setReason(event.target.value)}
          />
        )}
      </Field>
      {next && !refusing && (
        <p className="jp-mlp-Note">
          {trans.__('Once approved, it goes on to %1 (%2).', people(next.approvers, trans), next.stage)}
        </p>
      )}
      {refusing ? (
        <div className="jp-mlp-Actions">
          <Button danger busy={deciding} disabled={!reason.trim()} onClick={() => decide(refusing, reason)}>
            {refusing === 'reject' ? trans.__('Reject now') : trans.__('Ask now')}
          </Button>
          <Button disabled={deciding} onClick={() => setRefusing(null)}>
            {trans.__('Back')}
          </Button>
        </div>
      ) : (
        <div className="jp-mlp-Actions">
          <Button primary busy={deciding} disabled={!fits} onClick={() => decide('approve', reason)}>
            {narrowed ? trans.__('Approve narrowed') : trans.__('Approve')}
          </Button>
          <Button disabled={deciding} onClick={() => setRefusing('ask_changes')}>
            {trans.__('Ask for changes…')}
          </Button>
          <Button quiet disabled={deciding} onClick={() => setRefusing('reject')}>
            {trans.__('Reject…')}
          </Button>
        </div>
      )}
    </>
  );
}
