import * as React from 'react';
import type { IdleStatus, SubjectState, SubjectStatus } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { duration, moment } from '../ui/format';
import { useTrans } from '../ui/trans';
import { Countdown } from './countdown';
import { EvidenceList } from './evidenceview';
import { Keep } from './keep';
import type { IdleSection } from './section';
import { nameOf, ownTimeout, stateName, tone } from './words';

/** How many cards are shown before somebody asks for all. */
const FIRST = 8;

/** What needs a person's eye comes first. */
const ORDER: SubjectState[] = ['warned', 'idle', 'unknown', 'working', 'kept', 'culled'];

interface IProps {
  section: IdleSection;
  status: IdleStatus;
}

/** Kernels or terminals, those that stop soonest first; nothing where there are none. */
export function SubjectCards(
  props: IProps & { title: string; subjects: readonly SubjectStatus[] }
): React.JSX.Element | null {
  const trans = useTrans();
  const [all, setAll] = React.useState(false);
  const { title, subjects, ...rest } = props;
  if (!subjects.length) {
    return null;
  }
  const sorted = [...subjects].sort(
    (one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || stopsIn(one) - stopsIn(other)
  );
  const shown = all ? sorted : sorted.slice(0, FIRST);
  return (
    <>
      <h3 className="jp-mlp-Subtitle">
        {title}
        <span className="jp-mlp-Subtitle-note">{subjects.length}</span>
      </h3>
      <ul className="jp-mlp-Cards" aria-label={title}>
        {shown.map(subject => (
          <Card key={subject.subject} subject={subject} {...rest} />
        ))}
      </ul>
      {sorted.length > FIRST && (
        <Button quiet aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show fewer') : trans.__('Show all %1', sorted.length)}
        </Button>
      )}
    </>
  );
}

function stopsIn(subject: SubjectStatus): number {
  return subject.stops_in_seconds ?? Number.MAX_VALUE;
}

function Card({ section, status, subject }: IProps & { subject: SubjectStatus }): React.JSX.Element {
  const trans = useTrans();
  const name = nameOf(subject, trans);
  const own = ownTimeout(subject, status, trans);
  return (
    <li className="jp-mlp-Card">
      <span className="jp-mlp-Card-head">
        <span className="jp-mlp-Card-title" title={subject.path || subject.subject}>
          {name}
        </span>
        <Badge tone={tone(subject.state)}>{stateName(subject.state, trans)}</Badge>
      </span>
      <Facts section={section} subject={subject} />
      <span className="jp-mlp-Card-text jp-mod-whole">{subject.why}</span>
      {own && <span className="jp-mlp-Card-facts">{own}</span>}
      <EvidenceList evidence={subject.evidence} />
      {subject.state !== 'culled' && (
        <Keep
          model={section.now}
          status={status}
          subject={subject.subject}
          label={trans.__('Keep %1', name)}
        />
      )}
    </li>
  );
}

/** Its kernel, since when it is what it is, and when it stops. */
function Facts({
  section,
  subject
}: {
  section: IdleSection;
  subject: SubjectStatus;
}): React.JSX.Element | null {
  const trans = useTrans();
  const since = section.past.since(subject.subject, subject.state);
  const facts: React.ReactNode[] = [];
  if (subject.kind === 'kernel' && subject.path) {
    facts.push(subject.name);
  }
  if (['idle', 'warned'].includes(subject.state) && subject.idle_seconds >= 60) {
    facts.push(trans.__('idle for %1', duration(subject.idle_seconds, trans)));
  } else if (since) {
    facts.push(trans.__('since %1', moment(since)));
  }
  if (subject.stops_in_seconds !== null) {
    facts.push(<Countdown seconds={subject.stops_in_seconds} knownAt={section.now.knownAt} />);
  }
  return facts.length ? (
    <span className="jp-mlp-Card-facts">
      {facts.map((fact, index) => (
        <React.Fragment key={index}>
          {index > 0 && ' · '}
          {fact}
        </React.Fragment>
      ))}
    </span>
  ) : null;
}
