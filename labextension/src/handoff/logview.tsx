import * as React from 'react';
import { Button } from '../ui/controls';
import { Shown } from '../ui/states';
import { useTrans } from '../ui/trans';
import type { LogModel } from './runs';

/** The end of a step's log; it follows new lines as long as a person has not scrolled up. */
export function LogView({ model, close }: { model: LogModel; close: () => void }): React.JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-mlp-Log">
      <div className="jp-mlp-Log-head">
        <span>{trans.__('Log of %1', model.step)}</span>
        <Button quiet onClick={close}>
          {trans.__('Close')}
        </Button>
      </div>
      <Shown model={model} lines={2}>
        {text => (
          <Tail text={text} label={trans.__('Log of %1', model.step)} empty={trans.__('Nothing yet.')} />
        )}
      </Shown>
    </div>
  );
}

function Tail(props: { text: string; label: string; empty: string }): React.JSX.Element {
  const node = React.useRef<HTMLPreElement>(null);
  const follows = React.useRef(true);
  React.useEffect(() => {
    if (node.current && follows.current) {
      node.current.scrollTop = node.current.scrollHeight;
    }
  }, [props.text]);
  const look = (): void => {
    const pre = node.current;
    follows.current = !pre || pre.scrollHeight - pre.scrollTop - pre.clientHeight < 8;
  };
  return (
    // A region that scrolls must be reachable by keyboard.
    <pre
      ref={node}
      className="jp-mlp-Log-text"
      tabIndex={0}
      role="log"
      aria-label={props.label}
      onScroll={look}
    >
      {props.text || props.empty}
    </pre>
  );
}
