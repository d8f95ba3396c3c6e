import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Savings } from '../api/types';
import { Facts } from '../ui/controls';
import { count, instant, money } from '../ui/format';
import { useTrans } from '../ui/trans';

/** Hours and money; never without the word that it is an estimate. */
export function SavingsView({ savings }: { savings: Savings }): React.JSX.Element {
  const trans = useTrans();
  return (
    <section className="jp-mlp-Savings" aria-label={trans.__('Saved, an estimate')}>
      <p>
        <strong>{headline(savings, trans)}</strong>
        {savings.hours_stopped > 0 && <span className="jp-mlp-Note"> {trans.__('an estimate')}</span>}
      </p>
      <Facts
        facts={[
          [trans.__('With work'), hours(savings.hours_working, trans)],
          [trans.__('Without'), hours(savings.hours_idle, trans)],
          [trans.__('Stopped'), hours(savings.hours_stopped, trans)],
          [trans.__('Counted since'), instant(savings.since, 'date')]
        ]}
      />
      <p className="jp-mlp-Note">{basis(savings, trans)}</p>
    </section>
  );
}

function headline(savings: Savings, trans: TranslationBundle): string {
  if (savings.hours_stopped === 0) {
    return trans.__('Nothing was stopped yet');
  }
  const stopped = hours(savings.hours_stopped, trans);
  return savings.money === null
    ? trans.__('Stopped for %1', stopped)
    : trans.__('About %1 saved in %2', money(savings.money, savings.currency), stopped);
}

function hours(value: number, trans: TranslationBundle): string {
  return trans.__('%1 h', value < 10 ? Number(value.toFixed(1)) : count(Math.round(value)));
}

function basis(savings: Savings, trans: TranslationBundle): string {
  if (savings.price_per_hour === null) {
    return trans.__('The policy names no price for this instance, so only hours are counted.');
  }
  const price = money(savings.price_per_hour, savings.currency);
  return savings.instance
    ? trans.__('Counted with the policy’s price of %1 an hour for %2.', price, savings.instance)
    : trans.__('Counted with the policy’s price of %1 an hour.', price);
}
