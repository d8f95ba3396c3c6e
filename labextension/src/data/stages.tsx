import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Decision, Purview } from '../api/types';
import { ago } from '../ui/format';
import { useTrans } from '../ui/trans';

/** The stages of a review: who has approved, whom it waits for, and who comes after. */
export function Stages({
  review,
  asked
}: {
  review: readonly Purview[];
  /** It has been asked, so one stage is waiting now. */
  asked: boolean;
}): React.JSX.Element {
  const trans = useTrans();
  const now = asked ? review.findIndex(stage => !stage.approved_by) : -1;
  return (
    <ol className="jp-mlp-Stages" aria-label={trans.__('Who decides')}>
      {review.map((stage, at) => {
        const state = stage.approved_by ? 'done' : at === now ? 'now' : 'later';
        return (
          <li key={stage.stage} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
            <span className="jp-mlp-Stages-mark" aria-hidden="true">
              {state === 'done' ? <checkIcon.react tag="span" /> : at + 1}
            </span>
            <span className="jp-mlp-Stages-text">
              <strong>{stage.stage}</strong>{' '}
              <span>
                {state === 'done'
                  ? trans.__('%1 approved', stage.approved_by)
                  : state === 'now'
                    ? trans.__('waits for %1', people(stage.approvers, trans))
                    : trans.__('%1 decides', people(stage.approvers, trans))}
              </span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** Several people of whom any one may act. */
export function people(names: readonly string[], trans: TranslationBundle): string {
  if (!names.length) {
    return trans.__('an administrator');
  }
  const last = names[names.length - 1];
  return names.length === 1 ? last : trans.__('%1 or %2', names.slice(0, -1).join(', '), last);
}

/** What has been decided and said, the first at the top. */
export function Thread({
  decisions,
  several
}: {
  decisions: readonly Decision[];
  /** There is more than one stage, so that it matters in which it was. */
  several: boolean;
}): React.JSX.Element | null {
  const trans = useTrans();
  return decisions.length ? (
    <ol className="jp-mlp-Thread">
      {decisions.map((decision, at) => (
        <li key={at}>
          <span className="jp-mlp-Card-facts">
            {decisionWords(decision, several, trans)} · {ago(decision.at, trans)}
          </span>
          {decision.reason && <blockquote className="jp-mlp-Quote">{decision.reason}</blockquote>}
        </li>
      ))}
    </ol>
  ) : null;
}

/** Who decided what, on whose behalf or by which rule. */
export function decisionWords(decision: Decision, several: boolean, trans: TranslationBundle): string {
  if (decision.rule) {
    return trans.__('approved at once by the rule “%1” of the policy', decision.rule);
  }
  const who = decision.on_behalf
    ? trans.__('%1, in the place of %2,', decision.actor, decision.on_behalf)
    : decision.actor;
  const words = {
    approve: trans.__('%1 approved', who),
    reject: trans.__('%1 rejected', who),
    ask_changes: trans.__('%1 asked for changes', who)
  };
  const said = words[decision.verdict];
  return several && decision.stage ? trans.__('%1 as “%2”', said, decision.stage) : said;
}
