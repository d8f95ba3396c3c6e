import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IdleStatus, SubjectState, Timeline, Track } from '../api/types';
import { Button } from '../ui/controls';
import { duration, hour, moment } from '../ui/format';
import { useChanged } from '../ui/hooks';
import { Loading, ProblemView } from '../ui/states';
import { useTrans } from '../ui/trans';
import { SavingsView } from './savingsview';
import type { IdleSection } from './section';
import { HOURS, pieces, ticks, totals } from './timeline';
import { nameOf, stateName } from './words';

/** How many tracks are shown before somebody asks for all. */
const FIRST = 6;

/** How many stretches of a track are told in words. */
const TOLD = 20;

const SHOWN: SubjectState[] = ['working', 'kept', 'idle', 'warned', 'culled', 'unknown'];

/** The last day of every subject, and what stopping has saved. */
export function Past({ section, status }: { section: IdleSection; status: IdleStatus }): React.JSX.Element {
  const trans = useTrans();
  const model = section.past;
  useChanged(model);
  return (
    <>
      <h3 className="jp-mlp-Subtitle">{trans.__('Last %1 hours', HOURS)}</h3>
      {model.problem && <ProblemView problem={model.problem} retry={() => void model.refresh()} />}
      {model.data ? <Tracks timeline={model.data} /> : !model.problem && <Loading lines={2} />}
      {status.savings && <SavingsView savings={status.savings} />}
    </>
  );
}

function Tracks({ timeline }: { timeline: Timeline }): React.JSX.Element {
  const trans = useTrans();
  const [all, setAll] = React.useState(false);
  const tracks = timeline.tracks.filter(track => track.stretches.length);
  if (!tracks.length) {
    return (
      <p className="jp-mlp-Note">
        {trans.__('Nothing was watched in this time. The first minutes appear here soon.')}
      </p>
    );
  }
  const states = SHOWN.filter(state =>
    tracks.some(track => track.stretches.some(stretch => stretch.state === state))
  );
  return (
    <div className="jp-mlp-Timeline">
      {(all ? tracks : tracks.slice(0, FIRST)).map(track => (
        <TrackRow key={track.subject} track={track} timeline={timeline} />
      ))}
      <Axis timeline={timeline} />
      <ul className="jp-mlp-Timeline-legend" aria-label={trans.__('What the colours mean')}>
        {states.map(state => (
          <li key={state}>
            <span className={`jp-mlp-Piece jp-mod-${state}`} aria-hidden="true" />
            {stateName(state, trans)}
          </li>
        ))}
      </ul>
      {tracks.length > FIRST && (
        <Button quiet aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show fewer') : trans.__('Show all %1', tracks.length)}
        </Button>
      )}
    </div>
  );
}

/** One subject's day as a bar; opened, the same in words. */
function TrackRow({ track, timeline }: { track: Track; timeline: Timeline }): React.JSX.Element {
  const trans = useTrans();
  const [open, setOpen] = React.useState(false);
  const { since, until } = timeline;
  const drawn = React.useMemo(() => pieces(track, since, until), [track, since, until]);
  const name = nameOf(track, trans);
  return (
    <details className="jp-mlp-Track" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="jp-mlp-Track-name" title={track.path || track.subject}>
          {name}
        </span>
        <span className="jp-mlp-Track-bar" role="img" aria-label={inWords(track, timeline, trans)}>
          {drawn.map(piece => (
            <span
              key={piece.from}
              className={`jp-mlp-Piece jp-mod-${piece.state}`}
              style={{ insetInlineStart: percent(piece.from), width: percent(piece.to - piece.from) }}
            />
          ))}
        </span>
      </summary>
      {open && <Stretches track={track} />}
    </details>
  );
}

function Stretches({ track }: { track: Track }): React.JSX.Element {
  const trans = useTrans();
  const newest = [...track.stretches].reverse();
  const hidden = newest.length - TOLD;
  return (
    <ol className="jp-mlp-Log-lines">
      {newest.slice(0, TOLD).map(stretch => (
        <li key={stretch.since}>
          <time dateTime={stretch.since}>{moment(stretch.since)}</time>–
          <time dateTime={stretch.until}>{moment(stretch.until)}</time> {stateName(stretch.state, trans)}
          {stretch.why && `: ${stretch.why}`}
        </li>
      ))}
      {hidden > 0 && <li>{trans._n('and %1 before', 'and %1 before', hidden)}</li>}
    </ol>
  );
}

function Axis({ timeline }: { timeline: Timeline }): React.JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-mlp-Axis" aria-hidden="true">
      {ticks(timeline.since, timeline.until)
        .filter(tick => tick.at < 0.78)
        .map(tick => (
          <span key={tick.at} style={{ insetInlineStart: percent(tick.at) }}>
            {hour(tick.time)}
          </span>
        ))}
      <span className="jp-mod-now">{trans.__('now')}</span>
    </div>
  );
}

/** What the bar shows, for those who do not see it. */
function inWords(track: Track, timeline: Timeline, trans: TranslationBundle): string {
  const sums = totals(track, timeline.since, timeline.until).map(([state, seconds]) =>
    trans.__('%1 %2', stateName(state, trans), duration(seconds, trans))
  );
  return [nameOf(track, trans), sums.join(', ')].join(': ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
