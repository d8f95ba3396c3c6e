import * as React from 'react';
import type { Finding, Plan } from '../api/types';
import { Badge, Button, Facts, type Tone } from '../ui/controls';
import { bytes, instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Loading, ProblemView } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { PlanModel } from './plan';
import { StepGraph } from './stepgraph';

/** What a hand-off would do: checks, what is sent, steps and cost. */
export function PlanView({ model }: { model: PlanModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const again = (): void => void model.check();
  return (
    <div className="jp-mlp-Plan" aria-busy={model.state === 'checking'}>
      {model.state === 'checking' && (
        <>
          <p className="jp-mlp-Note" role="status">
            {trans.__('Checking %1: nothing is sent yet.', model.path)}
          </p>
          <Loading lines={6} />
        </>
      )}
      {model.problem && <ProblemView problem={model.problem} retry={again} />}
      {model.state !== 'checking' && model.plan && (
        <>
          <p className="jp-mlp-Plan-summary">{model.plan.summary}</p>
          <Findings model={model} again={again} />
          <Sent plan={model.plan} />
          <h3>{trans.__('Steps')}</h3>
          <StepGraph
            steps={model.plan.steps.map(step => ({
              ...step,
              note: step.cached ? trans.__('unchanged, not run again') : step.instance
            }))}
          />
          <p className="jp-mlp-Plan-cost">{model.plan.cost}</p>
        </>
      )}
    </div>
  );
}

function Findings({ model, again }: { model: PlanModel; again: () => void }): React.JSX.Element {
  const trans = useTrans();
  const blocked = model.findings.filter(finding => finding.severity === 'blocked').length;
  return (
    <>
      <h3>
        {trans.__('Checks')}
        {blocked > 0 && (
          <Badge tone="bad">{trans._n('%1 blocks the hand-off', '%1 block the hand-off', blocked)}</Badge>
        )}
        <Button quiet onClick={again}>
          {trans.__('Check again')}
        </Button>
      </h3>
      <ul className="jp-mlp-Lines">
        {model.findings.map(finding => (
          <FindingLine key={finding.check + finding.message} finding={finding} />
        ))}
      </ul>
    </>
  );
}

function FindingLine({ finding }: { finding: Finding }): React.JSX.Element {
  const trans = useTrans();
  const words: Record<Finding['severity'], [Tone, string]> = {
    ok: ['good', trans.__('good')],
    warning: ['warn', trans.__('look at it')],
    blocked: ['bad', trans.__('blocked')]
  };
  const [tone, word] = words[finding.severity];
  return (
    <li className="jp-mlp-Line">
      <span className={`jp-mlp-Dot jp-mod-${tone}`} role="img" aria-label={word} />
      <span className="jp-mlp-Line-text">
        {finding.message}
        {finding.fix && <span className="jp-mlp-Line-fix">{finding.fix}</span>}
      </span>
      {finding.severity !== 'ok' && <Badge tone={tone}>{word}</Badge>}
    </li>
  );
}

function Sent({ plan }: { plan: Plan }): React.JSX.Element {
  const trans = useTrans();
  const { bundle } = plan;
  return (
    <>
      <h3>{trans.__('What is sent')}</h3>
      <Facts
        facts={[
          [
            trans.__('Code'),
            <details key="files" className="jp-mlp-Details">
              <summary>
                {trans._n('%1 file, %2', '%1 files, %2', bundle.files.length, bytes(bundle.packed_bytes))}
              </summary>
              <ul>
                {bundle.files.map(file => (
                  <li key={file}>
                    <code>{file}</code>
                  </li>
                ))}
              </ul>
            </details>
          ],
          ...plan.inputs.map((input): [string, React.ReactNode] => [
            input.name,
            <>
              <code>{input.uri}</code>
              {input.grant_ends && <> {trans.__('granted until %1', instant(input.grant_ends, 'date'))}</>}
            </>
          ]),
          ...Object.entries(plan.params).map(([name, value]): [string, React.ReactNode] => [
            name,
            String(value)
          ]),
          [trans.__('Runs on'), plan.runner]
        ]}
      />
    </>
  );
}
