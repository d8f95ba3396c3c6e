import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Check, Examination, PackagesStatus, Tool } from '../api/types';
import { Badge, Button, type Tone } from '../ui/controls';
import { ago } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { type PackagesModel, worstFirst } from './model';

export function PackagesView({ model }: { model: PackagesModel }): React.JSX.Element {
  return (
    <Shown model={model} lines={5}>
      {status => (
        <>
          <Tools status={status} model={model} />
          <Doctor model={model} />
        </>
      )}
    </Shown>
  );
}

function Tools({ status, model }: { status: PackagesStatus; model: PackagesModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const managed = status.tools.filter(tool => tool.state !== 'unmanaged');
  const pending = managed.some(tool => tool.state !== 'applied');
  if (!managed.length) {
    return (
      <Empty title={trans.__('No mirror is set')}>
        <p>{trans.__('The policy names no package mirror, so pip and conda work as they are.')}</p>
      </Empty>
    );
  }
  return (
    <>
      <ul className="jp-mlp-Cards">
        {status.tools.map(tool => (
          <ToolCard key={tool.ecosystem} tool={tool} />
        ))}
      </ul>
      <div className="jp-mlp-Actions">
        {pending ? (
          <Button primary busy={model.isBusy('apply')} onClick={() => void model.apply()}>
            {trans.__('Apply')}
          </Button>
        ) : (
          <Button quiet busy={model.isBusy('apply')} onClick={() => void model.undo()}>
            {trans.__('Undo')}
          </Button>
        )}
      </div>
      {model.written.length > 0 && (
        <div className="jp-mlp-Hint" role="status">
          <p>{trans.__('Written. Restart kernels and open new terminals so that they use it.')}</p>
          <ul>
            {model.written.map(path => (
              <li key={path}>
                <code>{path}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function ToolCard({ tool }: { tool: Tool }): React.JSX.Element {
  const trans = useTrans();
  const [tone, word] = toolWords(tool, trans);
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <span className="jp-mlp-Card-title">{tool.ecosystem}</span>
        <Badge tone={tone}>{word}</Badge>
      </span>
      {tool.index && <code className="jp-mlp-Card-code">{tool.index}</code>}
      {tool.detail && <span className="jp-mlp-Card-text jp-mod-whole">{tool.detail}</span>}
      {tool.config_path && <span className="jp-mlp-Card-facts">{tool.config_path}</span>}
    </li>
  );
}

function Doctor({ model }: { model: PackagesModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const last = model.examination;
  return (
    <>
      <h3 className="jp-mlp-Subtitle">
        {trans.__('Doctor')}
        {last && (
          <span className="jp-mlp-Subtitle-note">{ago(last.finished_at ?? last.started_at, trans)}</span>
        )}
      </h3>
      {model.examining && <Progress examination={last} />}
      <div className="jp-mlp-Actions">
        {model.examining ? (
          <Button disabled={!last} onClick={() => void model.cancel()}>
            {trans.__('Stop')}
          </Button>
        ) : (
          <Button primary={!last} onClick={() => void model.examine()}>
            {last ? trans.__('Examine again') : trans.__('Run doctor')}
          </Button>
        )}
      </div>
      {last?.note && <p className="jp-mlp-Note">{last.note}</p>}
      {last && <Checks checks={last.checks} />}
      {!last && !model.examining && (
        <p className="jp-mlp-Note">
          {trans.__('It asks every mirror a real question and says what is wrong and how to mend it.')}
        </p>
      )}
    </>
  );
}

function Progress({ examination }: { examination: Examination | null }): React.JSX.Element {
  const trans = useTrans();
  const total = examination?.total ?? 0;
  return (
    <label className="jp-mlp-Progress">
      <span>
        {total ? trans.__('%1 of %2 checks', examination?.done ?? 0, total) : trans.__('Starting…')}
      </span>
      <progress max={total || undefined} value={total ? examination?.done : undefined} />
    </label>
  );
}

function Checks({ checks }: { checks: Check[] }): React.JSX.Element {
  return (
    <ul className="jp-mlp-Checks">
      {worstFirst(checks).map(check => (
        <CheckLine key={check.id} check={check} />
      ))}
    </ul>
  );
}

function CheckLine({ check }: { check: Check }): React.JSX.Element {
  const trans = useTrans();
  const [tone, word] = outcomeWords(check, trans);
  return (
    <li>
      <details className="jp-mlp-Check" open={check.outcome === 'failed'}>
        <summary>
          <span className={`jp-mlp-Dot jp-mod-${tone}`} aria-hidden="true" />
          <span className="jp-mlp-Check-title">{check.title}</span>
          <span className={`jp-mlp-Check-outcome jp-mod-${tone}`}>{word}</span>
        </summary>
        <p>{check.evidence}</p>
        <p className="jp-mlp-Note">{check.why}</p>
        {check.fix && (
          <p>
            <strong>{trans.__('To mend it:')}</strong> {check.fix}
          </p>
        )}
      </details>
    </li>
  );
}

function toolWords(tool: Tool, trans: TranslationBundle): [Tone, string] {
  const words: Record<Tool['state'], [Tone, string]> = {
    applied: ['good', trans.__('in use')],
    not_applied: ['info', trans.__('not applied')],
    drifted: ['warn', trans.__('changed by hand')],
    unmanaged: ['neutral', trans.__('not managed')]
  };
  return words[tool.state];
}

function outcomeWords(check: Check, trans: TranslationBundle): [Tone, string] {
  const words: Record<Check['outcome'], [Tone, string]> = {
    ok: ['good', trans.__('good')],
    warning: ['warn', trans.__('look at it')],
    failed: ['bad', trans.__('failed')],
    unknown: ['info', trans.__('could not be checked')]
  };
  return words[check.outcome];
}
