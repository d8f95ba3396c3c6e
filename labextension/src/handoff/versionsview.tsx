import * as React from 'react';
import type { Version } from '../api/types';
import { Badge, Button, Facts, Field, type Tone } from '../ui/controls';
import { ago, instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { Metrics } from './metrics';
import type { VersionsModel } from './versions';

interface IProps {
  model: VersionsModel;
  openRun: (id: string) => void;
}

export function VersionsView({ model, openRun }: IProps): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={model} lines={4}>
      {versions =>
        versions.length ? (
          <ul className="jp-mlp-Cards">
            {versions.map(version => (
              <VersionCard key={version.id} version={version} model={model} openRun={openRun} />
            ))}
          </ul>
        ) : (
          <Empty title={trans.__('No model version yet')}>
            <p>{trans.__('A run that succeeds registers one here, and another person approves it.')}</p>
          </Empty>
        )
      }
    </Shown>
  );
}

function VersionCard({ version, model, openRun }: IProps & { version: Version }): React.JSX.Element {
  const trans = useTrans();
  const words: Record<Version['state'], [Tone, string]> = {
    PendingManualApproval: ['info', trans.__('waiting')],
    Approved: ['good', trans.__('approved')],
    Rejected: ['bad', trans.__('rejected')]
  };
  const [tone, word] = words[version.state];
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <span className="jp-mlp-Card-title">{trans.__('%1 version %2', version.group, version.number)}</span>
        <Badge tone={tone}>{word}</Badge>
      </span>
      <span className="jp-mlp-Card-facts">
        {version.author} · {ago(version.created_at, trans)}
      </span>
      <Metrics metrics={version.metrics} />
      {version.approvals.map(approval => (
        <blockquote key={approval.at} className="jp-mlp-Quote">
          {approval.reason || words[approval.state][1]}
          <footer>
            {approval.actor}, {instant(approval.at, 'date')}
          </footer>
        </blockquote>
      ))}
      <LineageDetails version={version} openRun={openRun} />
      {version.state === 'PendingManualApproval' && <Decision version={version} model={model} />}
    </li>
  );
}

/** Who, which code, which environment, which data under which grants. */
function LineageDetails({
  version,
  openRun
}: Omit<IProps, 'model'> & { version: Version }): React.JSX.Element {
  const trans = useTrans();
  const { lineage } = version;
  const short = (digest: string): React.ReactNode =>
    digest && <code title={digest}>{digest.slice(0, 12)}</code>;
  return (
    <details className="jp-mlp-Details">
      <summary>{trans.__('Lineage')}</summary>
      <Facts
        facts={[
          [trans.__('Made by'), lineage.person],
          [
            trans.__('Run'),
            <Button key="run" quiet onClick={() => openRun(lineage.run_id)}>
              {lineage.run_id}
            </Button>
          ],
          [trans.__('Code'), <code key="entry">{lineage.entry}</code>],
          [trans.__('Bundle'), short(lineage.bundle_digest)],
          [trans.__('Commit'), short(lineage.commit)],
          [trans.__('Environment'), lineage.environment],
          ...lineage.inputs.map((input): [string, React.ReactNode] => [
            trans.__('Data %1', input.name),
            <>
              <code>{input.uri}</code>
              {input.grant_id && <> {trans.__('under grant %1', input.grant_id)}</>}
              {input.grant_ends && <> {trans.__('until %1', instant(input.grant_ends, 'date'))}</>}
            </>
          ]),
          [
            trans.__('Artifact'),
            <code key="artifact" title={version.artifact}>
              {version.artifact.split('/').pop()}
            </code>
          ]
        ]}
      />
    </details>
  );
}

function Decision({ version, model }: { version: Version; model: VersionsModel }): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  const [reason, setReason] = React.useState('');
  const deciding = model.isDeciding(version);
  const standing = model.standing(version);
  if (standing !== 'may') {
    return (
      <p className="jp-mlp-Note">
        {standing === 'own'
          ? trans.__('You made this version, so another person decides on it.')
          : trans.__('Only an approver named in the policy decides on it.')}
      </p>
    );
  }
  return (
    <>
      <Field label={trans.__('Reason')} hint={trans.__('Needed to reject.')}>
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
      <div className="jp-mlp-Actions">
        <Button primary busy={deciding} onClick={() => void model.decide(version, 'Approved', reason)}>
          {trans.__('Approve')}
        </Button>
        <Button
          danger
          busy={deciding}
          disabled={!reason.trim()}
          onClick={() => void model.decide(version, 'Rejected', reason)}
        >
          {trans.__('Reject')}
        </Button>
      </div>
    </>
  );
}
