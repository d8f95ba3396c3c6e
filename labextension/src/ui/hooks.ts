import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render again whenever the model changes. */
export function useChanged(model: { changed: ISignal<unknown, unknown> }): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const slot = (): void => render();
    model.changed.connect(slot);
    slot(); // what changed between the first rendering and now
    return () => {
      model.changed.disconnect(slot);
    };
  }, [model]);
}
