import * as React from 'react';
import type { Evidence } from '../api/types';
import type { Tone } from '../ui/controls';
import { useTrans } from '../ui/trans';

const TONES: Record<Evidence['signal'], Tone> = { work: 'good', idle: 'neutral', unknown: 'warn' };

/** Work first: it is what keeps a subject. */
const ORDER: Evidence['signal'][] = ['work', 'unknown', 'idle'];

/** What every source said, folded until somebody wants to know. */
export function EvidenceList({ evidence }: { evidence: readonly Evidence[] }): React.JSX.Element | null {
  const trans = useTrans();
  if (!evidence.length) {
    return null;
  }
  const signals: Record<Evidence['signal'], string> = {
    work: trans.__('work'),
    idle: trans.__('no work'),
    unknown: trans.__('not known')
  };
  const sorted = [...evidence].sort((one, other) => ORDER.indexOf(one.signal) - ORDER.indexOf(other.signal));
  return (
    <details className="jp-mlp-Details">
      <summary>{trans.__('Evidence')}</summary>
      <ul className="jp-mlp-Lines">
        {sorted.map((piece, index) => (
          <li key={index} className="jp-mlp-Line">
            <span className={`jp-mlp-Dot jp-mod-${TONES[piece.signal]}`} aria-hidden="true" />
            <span className="jp-mlp-Line-text">
              {piece.source} ({signals[piece.signal]}): {piece.text}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
