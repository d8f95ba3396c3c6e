import * as React from 'react';
import { Empty, Shown } from '../ui/states';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { InboxModel } from './access';
import type { DelegationsModel } from './delegations';
import { DelegationsView } from './delegationsview';
import { inPlaceOf, presentStage } from './review';
import { Waiting } from './waiting';

/** Requests that wait for my decision, and who decides while I am away. */
export function InboxView(props: { model: InboxModel; delegations: DelegationsModel }): React.JSX.Element {
  const trans = useTrans();
  const { model, delegations } = props;
  useChanged(delegations);
  const { person, items } = delegations.data ?? { person: '', items: [] };
  return (
    <>
      <Shown model={model}>
        {requests =>
          requests.length ? (
            <ul className="jp-mlp-Cards">
              {requests.map(request => (
                <Waiting
                  key={`${request.id}:${request.revision}:${presentStage(request)?.stage}`}
                  request={request}
                  model={model}
                  inPlaceOf={inPlaceOf(presentStage(request), items, person)}
                />
              ))}
            </ul>
          ) : (
            <Empty title={trans.__('Nothing waits for you')}>
              <p>{trans.__('When somebody asks for your data, you are told and decide here.')}</p>
            </Empty>
          )
        }
      </Shown>
      <DelegationsView model={delegations} />
    </>
  );
}
