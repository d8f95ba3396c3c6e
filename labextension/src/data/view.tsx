import * as React from 'react';
import { Tabs } from '../ui/controls';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import { CatalogueView } from './catalogueview';
import { DatasetView } from './datasetview';
import { InboxView } from './inboxview';
import { MineView } from './mineview';
import { OversightView } from './oversightview';
import type { DataModel } from './model';

interface IProps {
  model: DataModel;
  /** Write the line that loads a dataset into the notebook. */
  insert: (datasetId: string) => void;
}

export function DataView({ model, insert }: IProps): React.JSX.Element {
  const trans = useTrans();
  useChanged(model);
  return (
    <Tabs
      label={trans.__('Data')}
      current={model.tab}
      select={tab => model.show(tab)}
      tabs={[
        { key: 'find', label: trans.__('Find') },
        { key: 'mine', label: trans.__('My access') },
        { key: 'inbox', label: trans.__('Inbox'), count: model.waiting },
        ...(model.mayOversee ? [{ key: 'oversight' as const, label: trans.__('Oversight') }] : [])
      ]}
    >
      {model.tab === 'mine' && (
        <MineView
          model={model.mine}
          insert={insert}
          open={id => model.openDataset(id)}
          find={() => model.show('find')}
        />
      )}
      {model.tab === 'inbox' && <InboxView model={model.inbox} delegations={model.delegations} />}
      {model.tab === 'oversight' && <OversightView model={model} />}
      {model.tab === 'find' &&
        (model.dataset ? (
          <DatasetView model={model.dataset} insert={insert} back={() => model.closeDataset()} />
        ) : (
          <CatalogueView model={model.catalogue} open={id => model.openDataset(id)} />
        ))}
    </Tabs>
  );
}
