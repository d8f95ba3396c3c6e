import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { WorkspaceInfo } from '../api/types';
import { Badge, Button, Facts, type Tone } from '../ui/controls';
import { Shown } from '../ui/states';
import { ago } from '../ui/format';
import { useTrans } from '../ui/trans';
import { type IWorkspaceState, type Mirrors, mirrors, type WorkspaceModel } from './model';

interface IProps {
  model: WorkspaceModel;
  open: (section: string) => void;
}

export function WorkspaceView(props: IProps): React.JSX.Element {
  return (
    <Shown model={props.model}>
      {data => (
        <>
          <Person info={data.info} />
          <Lines state={data} open={props.open} />
          <Rules info={data.info} />
        </>
      )}
    </Shown>
  );
}

function Person({ info }: { info: WorkspaceInfo }): React.JSX.Element {
  const trans = useTrans();
  if (!info.person) {
    return (
      <div className="jp-mlp-Problem" role="alert">
        <p className="jp-mlp-Problem-message">{trans.__('It is not known who is working here.')}</p>
        <p>{info.problem}</p>
        <p>{trans.__('Restart the workspace; if that does not help, ask %1.', info.support)}</p>
      </div>
    );
  }
  return (
    <div className="jp-mlp-Person">
      <span className="jp-mlp-Person-mark" aria-hidden="true">
        {info.person.slice(0, 1).toUpperCase()}
      </span>
      <div className="jp-mlp-Person-text">
        <strong title={trans.__('Known from %1', info.identity_from)}>{info.person}</strong>
        <span>
          {info.name} · {placeName(info.place, trans)}
        </span>
      </div>
    </div>
  );
}

function Lines({ state, open }: { state: IWorkspaceState; open: IProps['open'] }): React.JSX.Element {
  const trans = useTrans();
  const found = mirrors(state.packages);
  const checked = state.packages?.last?.finished_at;
  return (
    <ul className="jp-mlp-Lines">
      <Line tone={idleTone(state)} action={trans.__('Idle')} open={() => open('idle')}>
        {state.idle?.verdict ?? trans.__('Why the workspace is awake is not known at the moment.')}
      </Line>
      <Line tone={MIRROR_TONES[found]} action={trans.__('Packages')} open={() => open('packages')}>
        {mirrorText(found, trans)}
        {checked && (found === 'answer' || found === 'fail') ? ` (${ago(checked, trans)})` : ''}
      </Line>
    </ul>
  );
}

function Line(props: {
  tone: Tone;
  action: string;
  open: () => void;
  children: React.ReactNode;
}): React.JSX.Element {
  const trans = useTrans();
  return (
    <li className="jp-mlp-Line">
      <span className={`jp-mlp-Dot jp-mod-${props.tone}`} aria-hidden="true" />
      <span className="jp-mlp-Line-text">{props.children}</span>
      <Button quiet onClick={props.open} aria-label={trans.__('Open section %1', props.action)}>
        {props.action}
      </Button>
    </li>
  );
}

function Rules({ info }: { info: WorkspaceInfo }): React.JSX.Element {
  const trans = useTrans();
  const enforced = info.enforcement === 'enforced';
  return (
    <Facts
      facts={[
        [
          trans.__('Policy'),
          info.policy_path ? (
            <>
              <code title={info.policy_path}>{info.policy_path}</code>{' '}
              {info.policy_writable && (
                <Badge
                  tone="warn"
                  title={trans.__('You could edit this file, so it is advice rather than a rule.')}
                >
                  {trans.__('you can edit it')}
                </Badge>
              )}
            </>
          ) : (
            trans.__('Built-in values')
          )
        ],
        [
          trans.__('Data access'),
          enforced ? (
            <Badge tone="good">{trans.__('enforced')}</Badge>
          ) : (
            <Badge
              tone="neutral"
              title={trans.__(
                'Grants are recorded and checked, but a kernel could read the files by itself.'
              )}
            >
              {trans.__('advisory')}
            </Badge>
          )
        ],
        ...Object.entries(info.details).map(([name, value]): [string, React.ReactNode] => [name, value]),
        [trans.__('Version'), info.version]
      ]}
    />
  );
}

const MIRROR_TONES: Record<Mirrors, Tone> = {
  answer: 'good',
  fail: 'bad',
  unmanaged: 'neutral',
  unchecked: 'neutral',
  unknown: 'neutral'
};

function mirrorText(found: Mirrors, trans: TranslationBundle): string {
  switch (found) {
    case 'answer':
      return trans.__('The package mirrors answer.');
    case 'fail':
      return trans.__('The package mirrors have a problem.');
    case 'unmanaged':
      return trans.__('The policy names no package mirrors.');
    case 'unchecked':
      return trans.__('The package mirrors were not checked yet.');
    case 'unknown':
      return trans.__('Nothing is known about the package mirrors at the moment.');
  }
}

function idleTone(state: IWorkspaceState): Tone {
  switch (state.idle?.state) {
    case 'working':
    case 'kept':
      return 'good';
    case 'warned':
      return 'warn';
    default:
      return 'neutral';
  }
}

function placeName(place: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    machine: trans.__('this machine'),
    jupyterhub: trans.__('JupyterHub'),
    sagemaker: trans.__('SageMaker Studio'),
    demo: trans.__('demo')
  };
  return names[place] ?? place;
}
