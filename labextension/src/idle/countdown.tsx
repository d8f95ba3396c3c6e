import * as React from 'react';
import { duration } from '../ui/format';
import { useTrans } from '../ui/trans';

/** "stops in 4 min", counted down from when it was known; it is no live region, so that nothing is read out again and again. */
export function Countdown(props: { seconds: number; knownAt: number }): React.JSX.Element {
  const trans = useTrans();
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  const left = props.seconds - Math.max(0, now - props.knownAt) / 1000;
  return (
    <span className="jp-mlp-Countdown">
      {left > 0 ? trans.__('stops in %1', duration(left, trans)) : trans.__('stops now')}
    </span>
  );
}
