import * as React from 'react';
import type { RunStep } from '../api/types';
import { useTrans } from '../ui/trans';

/** A step of a plan or of a run. */
export interface IStep {
  name: string;
  type: string;
  depends_on: string[];
  /** Missing for a plan. */
  state?: RunStep['state'];
  /** At the right of the name. */
  note?: string;
  error?: string;
}

interface IProps {
  steps: IStep[];
  /** The step whose log is shown. */
  chosen?: string;
  choose?: (name: string) => void;
}

/** The steps from top to bottom in the order of their dependencies, each with what it waits for. */
export function StepGraph({ steps, chosen, choose }: IProps): React.JSX.Element {
  return (
    <ol className="jp-mlp-Steps">
      {steps.map((step, index) => (
        <li key={step.name} className={`jp-mlp-Step jp-mod-${(step.state ?? 'planned').toLowerCase()}`}>
          <span className="jp-mlp-Step-mark" aria-hidden="true" />
          <StepText
            step={step}
            before={steps[index - 1]?.name}
            chosen={chosen === step.name}
            choose={choose}
          />
        </li>
      ))}
    </ol>
  );
}

function StepText(props: {
  step: IStep;
  before?: string;
  chosen: boolean;
  choose?: (name: string) => void;
}): React.JSX.Element {
  const trans = useTrans();
  const { step, before, chosen, choose } = props;
  const names: Record<RunStep['state'], string> = {
    Pending: trans.__('waiting'),
    Executing: trans.__('running'),
    Succeeded: trans.__('succeeded'),
    Failed: trans.__('failed'),
    Stopped: trans.__('stopped'),
    Skipped: trans.__('skipped')
  };
  // The line above already says that a step follows the one before it.
  const waits = step.depends_on.filter(name => name !== before || step.depends_on.length > 1);
  return (
    <div className="jp-mlp-Step-text">
      <span className="jp-mlp-Step-head">
        {choose ? (
          <button
            type="button"
            className="jp-mlp-Step-name jp-mod-link"
            aria-pressed={chosen}
            title={trans.__('Show the log of %1', step.name)}
            onClick={() => choose(step.name)}
          >
            {step.name}
          </button>
        ) : (
          <span className="jp-mlp-Step-name">{step.name}</span>
        )}
        <span className="jp-mlp-Step-note">
          {[step.state && names[step.state], step.note || (step.state ? '' : step.type)]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </span>
      {waits.length > 0 && <span className="jp-mlp-Step-note">{trans.__('after %1', waits.join(', '))}</span>}
      {step.error && <span className="jp-mlp-Step-error">{step.error}</span>}
    </div>
  );
}
