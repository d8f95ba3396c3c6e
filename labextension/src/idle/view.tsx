import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IdleStatus, KernelState, KernelStatus } from '../api/types';
import { Badge, type Tone } from '../ui/controls';
import { duration, instant } from '../ui/format';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { Keep } from './keep';
import type { IdleModel } from './model';

/** How many of the last decisions are listed. */
const DECISIONS = 10;

export function IdleView({ model }: { model: IdleModel }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model} lines={5}>
      {status => (
        <>
          <Verdict status={status} />
          <Keep model={model} status={status} kernelId={null} label={trans.__('Keep the workspace')} />
          <h3 className="jp-mlp-Subtitle">{trans.__('Kernels')}</h3>
          {status.kernels.length ? (
            <ul className="jp-mlp-Cards">
              {status.kernels.map(kernel => (
                <Kernel key={kernel.kernel_id} kernel={kernel} status={status} model={model} />
              ))}
            </ul>
          ) : (
            <Empty title={trans.__('No kernel is running')}>
              <p>{trans.__('Open a notebook, and its kernel appears here.')}</p>
            </Empty>
          )}
          <Decisions status={status} />
        </>
      )}
    </Shown>
  );
}

function Verdict({ status }: { status: IdleStatus }): React.JSX.Element {
  const trans = useTrans();
  return (
    <div className={`jp-mlp-Verdict jp-mod-${tone(status.state)}`} role="status">
      <strong>{status.verdict}</strong>
      <span>
        {status.enabled
          ? trans.__(
              'What does nothing for %1 is stopped, after a warning.',
              duration(status.timeout_seconds, trans)
            )
          : trans.__('Idle shutdown is switched off by policy.')}
        {status.sampled_at && ` ${trans.__('Looked at %1.', instant(status.sampled_at, 'time'))}`}
      </span>
    </div>
  );
}

function Kernel(props: { kernel: KernelStatus; status: IdleStatus; model: IdleModel }): React.JSX.Element {
  const trans = useTrans();
  const { kernel, status, model } = props;
  const name = kernel.path ? kernel.path.split('/').pop() : kernel.name;
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <span className="jp-mlp-Card-title" title={kernel.path || kernel.kernel_id}>
          {name}
        </span>
        <Badge tone={tone(kernel.state)}>{stateName(kernel.state, trans)}</Badge>
      </span>
      <span className="jp-mlp-Card-facts">
        {kernel.name}
        {kernel.idle_seconds >= 60 && ` · ${trans.__('idle for %1', duration(kernel.idle_seconds, trans))}`}
        {kernel.stops_in_seconds !== null &&
          ` · ${trans.__('stops in %1', duration(kernel.stops_in_seconds, trans))}`}
      </span>
      <span className="jp-mlp-Card-text jp-mod-whole">{kernel.why}</span>
      {kernel.evidence.length > 0 && (
        <details className="jp-mlp-Details">
          <summary>{trans.__('Evidence')}</summary>
          <ul className="jp-mlp-Lines">
            {kernel.evidence.map(piece => (
              <li key={piece.source} className="jp-mlp-Line">
                <span className={`jp-mlp-Dot jp-mod-${SIGNAL_TONES[piece.signal]}`} aria-hidden="true" />
                <span className="jp-mlp-Line-text">
                  {piece.source}: {piece.text}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {kernel.state !== 'culled' && (
        <Keep model={model} status={status} kernelId={kernel.kernel_id} label={trans.__('Keep %1', name)} />
      )}
    </li>
  );
}

function Decisions({ status }: { status: IdleStatus }): React.JSX.Element | null {
  const trans = useTrans();
  return status.decisions.length ? (
    <details className="jp-mlp-Details">
      <summary>{trans.__('Last decisions')}</summary>
      <ol className="jp-mlp-Log-lines">
        {status.decisions.slice(0, DECISIONS).map(decision => (
          <li key={decision.at + decision.kernel_id + decision.action}>
            <time dateTime={decision.at}>{instant(decision.at, 'time')}</time> {decision.why}
          </li>
        ))}
      </ol>
    </details>
  ) : null;
}

const SIGNAL_TONES: Record<KernelStatus['evidence'][number]['signal'], Tone> = {
  work: 'good',
  idle: 'neutral',
  unknown: 'warn'
};

function tone(state: KernelState): Tone {
  const tones: Record<KernelState, Tone> = {
    working: 'good',
    kept: 'good',
    idle: 'neutral',
    warned: 'warn',
    unknown: 'neutral',
    culled: 'bad'
  };
  return tones[state];
}

function stateName(state: KernelState, trans: TranslationBundle): string {
  const names: Record<KernelState, string> = {
    working: trans.__('working'),
    kept: trans.__('kept'),
    idle: trans.__('idle'),
    warned: trans.__('stops soon'),
    unknown: trans.__('not known'),
    culled: trans.__('stopped')
  };
  return names[state];
}
