import * as React from 'react';
import type { Dataset } from '../api/types';
import { Badge, Button } from '../ui/controls';
import { useTrans } from '../ui/trans';

interface IProps {
  legend: string;
  columns: Pick<Dataset['columns'][number], 'name' | 'type' | 'tags'>[];
  chosen: ReadonlySet<string>;
  disabled?: boolean;
  choose: (columns: Set<string>) => void;
}

/** A check list of columns. */
export function ColumnChoice({ legend, columns, chosen, disabled, choose }: IProps): React.JSX.Element {
  const trans = useTrans();
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) {
      next.add(name);
    }
    choose(next);
  };
  const all = chosen.size === columns.length;
  return (
    <fieldset className="jp-mlp-Choice" disabled={disabled}>
      <legend>{legend}</legend>
      <div className="jp-mlp-Choice-head">
        <span role="status">{trans.__('%1 of %2 columns', chosen.size, columns.length)}</span>
        <Button quiet onClick={() => choose(new Set(all ? [] : columns.map(column => column.name)))}>
          {all ? trans.__('None') : trans.__('All')}
        </Button>
      </div>
      <div className="jp-mlp-Choice-list">
        {columns.map(column => (
          <label key={column.name}>
            <input type="checkbox" checked={chosen.has(column.name)} onChange={() => toggle(column.name)} />
            <code>{column.name}</code>
            {column.tags.map(tag => (
              <Badge key={tag} tone={tag === 'personal' ? 'warn' : 'neutral'}>
                {tag}
              </Badge>
            ))}
            <span className="jp-mlp-Choice-type">{column.type}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
