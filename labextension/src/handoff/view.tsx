import * as React from 'react';
import { Tabs } from '../ui/controls';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { HandoffModel } from './model';
import { RunsView } from './runsview';
import { VersionsView } from './versionsview';

interface IProps {
  model: HandoffModel;
  /** Start the hand-off of the notebook that is in front. */
  handOff: () => void;
}

export function HandoffView({ model, handOff }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  return (
    <Tabs
      label={trans.__('Hand-off')}
      current={model.tab}
      select={tab => model.show(tab)}
      tabs={[
        { key: 'runs', label: trans.__('Runs') },
        { key: 'versions', label: trans.__('Models'), count: model.waiting }
      ]}
    >
      {model.tab === 'runs' ? (
        <RunsView model={model} handOff={handOff} />
      ) : (
        <VersionsView model={model.versions} openRun={id => model.openRun(id)} />
      )}
    </Tabs>
  );
}
