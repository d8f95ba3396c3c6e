import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IdleStatus, StopPlan } from '../api/types';
import { duration, instant } from '../ui/format';
import { useTrans } from '../ui/trans';
import { Countdown } from './countdown';
import { EvidenceList } from './evidenceview';
import type { IdleModel } from './model';
import { tone } from './words';

/** The workspace itself: why it is awake or when it stops, and how that would be done. */
export function Verdict({ model, status }: { model: IdleModel; status: IdleStatus }): React.JSX.Element {
  const trans = useTrans();
  const stopsIn = status.workspace?.stops_in_seconds ?? status.stops_in_seconds;
  return (
    <div className={`jp-mlp-Verdict jp-mod-${tone(status.state)}`}>
      <strong role="status">{status.verdict}</strong>
      {stopsIn !== null && <Countdown seconds={stopsIn} knownAt={model.knownAt} />}
      <span>
        {status.enabled
          ? trans.__(
              'What does nothing for %1 is stopped, after a warning.',
              duration(status.timeout_seconds, trans)
            )
          : trans.__('Idle shutdown is switched off by policy.')}
        {status.sampled_at && ` ${trans.__('Looked at %1.', instant(status.sampled_at, 'time'))}`}
      </span>
      {status.enabled && status.stop && <Plan plan={status.stop} />}
      {status.workspace && <EvidenceList evidence={status.workspace.evidence} />}
    </div>
  );
}

function Plan({ plan }: { plan: StopPlan }): React.JSX.Element {
  const trans = useTrans();
  return (
    <>
      <span>
        {modeName(plan.mode, trans)} {plan.why}
      </span>
      {plan.problem && (
        <div className="jp-mlp-Problem" role="alert">
          <p className="jp-mlp-Problem-message">
            {trans.__('The workspace could not be stopped the last time.')}
          </p>
          <p>{plan.problem}</p>
        </div>
      )}
    </>
  );
}

/** What becomes of the workspace when nothing works in it any more. */
function modeName(mode: StopPlan['mode'], trans: TranslationBundle): string {
  const names: Record<StopPlan['mode'], string> = {
    provider: trans.__('SageMaker stops this workspace when it is idle.'),
    feeder: trans.__('SageMaker stops this workspace when it is idle.'),
    direct: trans.__('This workspace deletes its own app when it is idle; your files stay.'),
    server: trans.__('This Jupyter server ends when it is idle; its machine goes on.'),
    none: trans.__('The workspace itself is not stopped.')
  };
  return names[mode];
}
