import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Run } from '../api/types';
import { Badge, Button, Facts, type Tone } from '../ui/controls';
import { ago, duration } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { LogView } from './logview';
import { Metrics } from './metrics';
import type { HandoffModel } from './model';
import { isFinal } from './runs';
import { StepGraph } from './stepgraph';

interface IProps {
  model: HandoffModel;
  handOff: () => void;
}

export function RunsView({ model, handOff }: IProps): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model.runs} lines={4}>
      {runs =>
        runs.length ? (
          <ul className="jp-mlp-Cards">
            {runs.map(run => (
              <RunCard key={run.id} run={run} model={model} />
            ))}
          </ul>
        ) : (
          <Empty title={trans.__('Nothing was handed off yet')}>
            <p>
              {trans.__(
                'Open a notebook that trains a model and hand it off: it is checked first, and you see what it costs.'
              )}
            </p>
            <Button onClick={handOff}>{trans.__('Hand off this notebook')}</Button>
          </Empty>
        )
      }
    </Shown>
  );
}

function RunCard({ run, model }: { run: Run; model: HandoffModel }): React.JSX.Element {
  const trans = useTrans();
  const open = model.openRunId === run.id;
  const [tone, word] = stateWords(run.state, trans);
  const headline = run.metrics[0];
  return (
    <li className="jp-mlp-Card">
      <button
        type="button"
        className="jp-mlp-Card-toggle"
        aria-expanded={open}
        onClick={() => model.openRun(open ? null : run.id)}
      >
        <span className="jp-mlp-Card-head">
          <span className="jp-mlp-Card-title">{run.name}</span>
          <Badge tone={tone}>{word}</Badge>
        </span>
        <span className="jp-mlp-Card-facts">
          {run.person} · {ago(run.created_at, trans)}
          {run.finished_at && ` · ${trans.__('took %1', took(run, trans))}`}
          {!isFinal(run) && ` · ${progress(run, trans)}`}
          {!open && headline && ` · ${headline.name} ${headline.value.toPrecision(3)}`}
        </span>
      </button>
      {open && <RunDetails run={run} model={model} />}
    </li>
  );
}

function RunDetails({ run, model }: { run: Run; model: HandoffModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model.runs);
  const { log } = model;
  return (
    <div className="jp-mlp-Card-body">
      {run.error && <p className="jp-mlp-Step-error">{run.error}</p>}
      <StepGraph
        steps={run.steps.map(step => ({ ...step, note: step.state === 'Executing' ? step.progress : '' }))}
        chosen={log?.step}
        choose={step => model.openLog(step === log?.step ? null : step)}
      />
      {log ? (
        <LogView key={log.step} model={log} close={() => model.openLog(null)} />
      ) : (
        <p className="jp-mlp-Note">{trans.__('Click a step to see its log.')}</p>
      )}
      <Metrics metrics={run.metrics} />
      <Facts
        facts={[
          [trans.__('From'), <code key="path">{run.path}</code>],
          ...run.inputs.map((input): [string, React.ReactNode] => [
            input.name,
            <code key={input.uri}>{input.uri}</code>
          ]),
          [trans.__('Runs on'), run.runner]
        ]}
      />
      <div className="jp-mlp-Actions">
        {run.version_id && (
          <Button onClick={() => model.show('versions')}>{trans.__('Show the model version')}</Button>
        )}
        {!isFinal(run) && (
          <Button
            danger
            busy={model.runs.isBusy(`cancel:${run.id}`)}
            disabled={run.state === 'Stopping'}
            onClick={() => void model.runs.cancel(run)}
          >
            {run.state === 'Stopping' ? trans.__('Stopping…') : trans.__('Cancel run')}
          </Button>
        )}
      </div>
    </div>
  );
}

function progress(run: Run, trans: TranslationBundle): string {
  const current = run.steps.find(step => step.state === 'Executing');
  const done = run.steps.filter(step => step.state === 'Succeeded').length;
  return current
    ? [current.name, current.progress].filter(Boolean).join(': ')
    : trans.__('%1 of %2 steps', done, run.steps.length);
}

function took(run: Run, trans: TranslationBundle): string {
  return duration((Date.parse(run.finished_at ?? run.created_at) - Date.parse(run.created_at)) / 1000, trans);
}

function stateWords(state: Run['state'], trans: TranslationBundle): [Tone, string] {
  const words: Record<Run['state'], [Tone, string]> = {
    Starting: ['info', trans.__('starting')],
    Executing: ['info', trans.__('running')],
    Stopping: ['warn', trans.__('stopping')],
    Succeeded: ['good', trans.__('succeeded')],
    Failed: ['bad', trans.__('failed')],
    Stopped: ['neutral', trans.__('stopped')],
    Interrupted: ['bad', trans.__('interrupted')]
  };
  return words[state];
}
