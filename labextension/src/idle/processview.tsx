import * as React from 'react';
import type { ProcessStatus } from '../api/types';
import { Button } from '../ui/controls';
import { useTrans } from '../ui/trans';

/** How many rows are shown before somebody asks for all. */
const FIRST = 20;

/** Processes outside of kernels and terminals: folded, as there may be hundreds; those at work first. */
export function Processes({ processes }: { processes: readonly ProcessStatus[] }): React.JSX.Element | null {
  const trans = useTrans();
  const [all, setAll] = React.useState(false);
  if (!processes.length) {
    return null;
  }
  const busy = processes.filter(process => process.signal === 'work').length;
  const sorted = [...processes].sort((one, other) => rank(one) - rank(other) || other.cpu - one.cpu);
  return (
    <details className="jp-mlp-Details">
      <summary>
        {trans._n('%1 other process', '%1 other processes', processes.length)}
        {', '}
        {busy ? trans.__('%1 at work', busy) : trans.__('none at work')}
      </summary>
      <table className="jp-mlp-Table jp-mlp-Processes">
        <thead>
          <tr>
            <th scope="col">{trans.__('Process')}</th>
            <th scope="col">{trans.__('CPU')}</th>
          </tr>
        </thead>
        <tbody>
          {(all ? sorted : sorted.slice(0, FIRST)).map(process => (
            <tr key={process.pid}>
              <th scope="row">
                {process.name} <span className="jp-mlp-Card-facts">{process.pid}</span>
                <span className="jp-mlp-Table-note">{process.why}</span>
              </th>
              <td>{trans.__('%1 %', (process.cpu * 100).toFixed(process.cpu < 0.1 ? 1 : 0))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > FIRST && (
        <Button quiet aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show fewer') : trans.__('Show all %1', sorted.length)}
        </Button>
      )}
    </details>
  );
}

function rank(process: ProcessStatus): number {
  return ['work', 'unknown', 'idle'].indexOf(process.signal);
}
