import { searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useChanged } from '../ui/hooks';
import { useTrans } from '../ui/trans';
import type { SuggestModel } from './suggest';

interface IProps {
  model: SuggestModel;
  value: string;
  type: (text: string) => void;
  open: (datasetId: string) => void;
}

/** The search field, with what may be meant below it: a combobox with a list, as the ARIA practices describe it. */
export function SearchBox({ model, value, type, open }: IProps): React.JSX.Element {
  const trans = useTrans();
  const id = React.useId();
  useChanged(model);
  const listed = model.open && !!model.items?.length;
  const choose = (datasetId: string): void => {
    model.close();
    open(datasetId);
  };
  const press = (event: React.KeyboardEvent): void => {
    const { chosen } = model;
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && model.items?.length) {
      model.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter' && model.open) {
      if (chosen) {
        choose(chosen.id);
      } else {
        model.close();
      }
    } else if (event.key === 'Escape' && model.open) {
      model.close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="jp-mlp-Search" role="search">
      <searchIcon.react tag="span" className="jp-mlp-Search-icon" />
      <input
        type="search"
        role="combobox"
        className="jp-mlp-Input jp-mlp-Search-input"
        data-mlp-search
        autoComplete="off"
        value={value}
        placeholder={trans.__('Search datasets, columns, owners…')}
        aria-label={trans.__('Search datasets')}
        aria-autocomplete="list"
        aria-expanded={listed}
        aria-controls={`${id}-list`}
        aria-activedescendant={listed && model.chosen ? `${id}-${model.at}` : undefined}
        onChange={event => type(event.target.value)}
        onKeyDown={press}
        onBlur={() => model.close()}
      />
      {model.open && <Below model={model} id={id} choose={choose} />}
    </div>
  );
}

function Below(props: {
  model: SuggestModel;
  id: string;
  choose: (datasetId: string) => void;
}): React.JSX.Element {
  const trans = useTrans();
  const { model, id, choose } = props;
  const { items } = model;
  const said = !items
    ? trans.__('Looking for names…')
    : items.length
      ? trans._n('%1 name begins like this', '%1 names begin like this', items.length)
      : trans.__('No name begins like this');
  return (
    <div className={items?.length ? 'jp-mlp-Suggest' : 'jp-mlp-Suggest jp-mod-unseen'}>
      <p className="jp-mlp-Suggest-note" role="status">
        {said}
      </p>
      <ul id={`${id}-list`} role="listbox" aria-label={trans.__('Datasets')} hidden={!items?.length}>
        {items?.map((item, at) => (
          // The field keeps the focus and hears the keys; the pointer must not take it away before its click.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={item.id}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === model.at}
            className="jp-mlp-Suggest-item"
            onMouseDown={event => event.preventDefault()}
            onClick={() => choose(item.id)}
          >
            <span className="jp-mlp-Suggest-title">{item.title}</span>
            <code>{item.id}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
