import * as React from 'react';
import type { Metric } from '../api/types';
import { figure } from '../ui/format';
import { useTrans } from '../ui/trans';

/** The last value of each number that the steps reported. */
export function Metrics({ metrics }: { metrics: Metric[] }): React.JSX.Element | null {
  const trans = useTrans();
  const last = new Map(metrics.map(metric => [`${metric.step}/${metric.name}`, metric]));
  return last.size ? (
    <dl className="jp-mlp-Metrics" aria-label={trans.__('Metrics')}>
      {[...last].map(([key, metric]) => (
        <div key={key} title={trans.__('Reported by step %1', metric.step)}>
          <dt>{metric.name}</dt>
          <dd>{figure(metric.value)}</dd>
        </div>
      ))}
    </dl>
  ) : null;
}
