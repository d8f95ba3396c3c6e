import * as React from 'react';
import type { IdleStatus } from '../api/types';
import { instant } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Empty, Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import { Keep } from './keep';
import { Processes } from './processview';
import type { IdleSection } from './section';
import { SubjectCards } from './subjectview';
import { Past } from './timelineview';
import { Verdict } from './verdictview';
import { WORKSPACE } from './words';

/** How many of the last decisions are listed. */
const DECISIONS = 10;

/** Why the workspace is awake, what stops when, and what the last day was like. */
export function IdleView({ section }: { section: IdleSection }): React.JSX.Element {
  const trans = useTrans();
  return (
    <Shown model={section.now} lines={5}>
      {status => (
        <>
          <Verdict model={section.now} status={status} />
          <Keep
            model={section.now}
            status={status}
            subject={WORKSPACE}
            label={trans.__('Keep the workspace')}
          />
          <Running section={section} status={status} />
          <Past section={section} status={status} />
          <Decisions status={status} />
        </>
      )}
    </Shown>
  );
}

function Running({ section, status }: { section: IdleSection; status: IdleStatus }): React.JSX.Element {
  const trans = useTrans();
  useChanged(section.past);
  const { kernels, terminals, processes } = status;
  if (!kernels.length && !terminals.length && !processes.length) {
    return (
      <Empty title={trans.__('No kernel and no terminal is running')}>
        <p>{trans.__('Open a notebook, and its kernel appears here.')}</p>
      </Empty>
    );
  }
  return (
    <>
      <SubjectCards section={section} status={status} title={trans.__('Kernels')} subjects={kernels} />
      <SubjectCards section={section} status={status} title={trans.__('Terminals')} subjects={terminals} />
      <Processes processes={processes} />
    </>
  );
}

function Decisions({ status }: { status: IdleStatus }): React.JSX.Element | null {
  const trans = useTrans();
  return status.decisions.length ? (
    <details className="jp-mlp-Details">
      <summary>{trans.__('Last decisions')}</summary>
      <ol className="jp-mlp-Log-lines">
        {status.decisions.slice(0, DECISIONS).map(decision => (
          <li key={decision.at + decision.subject + decision.action}>
            <time dateTime={decision.at}>{instant(decision.at, 'time')}</time> {decision.why}
          </li>
        ))}
      </ol>
    </details>
  ) : null;
}
