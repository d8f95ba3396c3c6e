import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Column, RowFilter } from '../api/types';
import { Button } from '../ui/controls';
import { useTrans } from '../ui/trans';
import {
  ALL_ROWS,
  begin,
  type Comparison,
  comparisonsOf,
  type ICondition,
  type IRowChoice,
  type Kind,
  kindOf,
  moveTo,
  treeOf,
  valuesOf
} from './rows';
import { RowsText } from './rowstext';

interface IProps {
  legend: string;
  /** The words of the box that begins it. */
  label: string;
  columns: readonly Column[];
  /** Conditions that hold whatever is chosen. */
  already?: RowFilter | null;
  chosen: IRowChoice;
  disabled?: boolean;
  choose: (choice: IRowChoice) => void;
}

/** Only some rows: conditions that all have to be true, and what they mean in words. */
export function RowChoice(props: IProps): React.JSX.Element {
  const trans = useTrans();
  const { columns, chosen, choose } = props;
  const place = React.useRef<HTMLFieldSetElement>(null);
  const some = chosen.conditions.length > 0 || chosen.kept !== null;
  const put = (conditions: ICondition[]): void => choose({ ...chosen, conditions });
  /** Where the focus goes once what was pressed is gone, or something new is there. */
  const focus = (what: string): void => {
    requestAnimationFrame(() => {
      const found = place.current?.querySelectorAll<HTMLElement>(what) ?? [];
      found[found.length - 1]?.focus();
    });
  };
  return (
    <fieldset className="jp-mlp-Rows" disabled={props.disabled} ref={place}>
      <legend>{props.legend}</legend>
      <RowsText rows={props.already} />
      <label className="jp-mlp-Rows-some">
        <input
          type="checkbox"
          checked={some}
          disabled={!columns.length}
          onChange={event => {
            choose(event.target.checked ? { conditions: [begin(columns[0])], kept: null } : ALL_ROWS);
            if (event.target.checked) {
              focus('[data-mlp-column]');
            }
          }}
        />
        {props.label}
      </label>
      {chosen.conditions.length > 0 && (
        <ol className="jp-mlp-Rows-list">
          {chosen.conditions.map((condition, at) => (
            <li key={at}>
              {(at > 0 || chosen.kept) && <span className="jp-mlp-Rows-and">{trans.__('and')}</span>}
              <Condition
                name={trans.__('Condition %1', at + 1)}
                condition={condition}
                columns={columns}
                change={changed =>
                  put(chosen.conditions.map((each, other) => (other === at ? changed : each)))
                }
                remove={() => {
                  put(chosen.conditions.filter((_, other) => other !== at));
                  focus('[data-mlp-more], input[type=checkbox]');
                }}
              />
            </li>
          ))}
        </ol>
      )}
      {some && (
        <Button
          quiet
          className="jp-mlp-Rows-more"
          data-mlp-more
          onClick={() => {
            put([...chosen.conditions, begin(columns[0])]);
            focus('[data-mlp-column]');
          }}
        >
          <addIcon.react tag="span" aria-hidden="true" />
          {trans.__('Add a condition')}
        </Button>
      )}
      {some && <Words chosen={chosen} columns={columns} further={!!props.already} />}
    </fieldset>
  );
}

/** What the conditions mean, read out when it changes. */
function Words(props: Pick<IProps, 'chosen' | 'columns'> & { further: boolean }): React.JSX.Element {
  const trans = useTrans();
  const { chosen, columns, further } = props;
  const tree = treeOf(chosen, columns);
  return (
    <div role="status">
      {tree ? (
        <RowsText rows={tree} further={further} />
      ) : (
        <p className="jp-mlp-Note">{trans.__('Fill in each condition, or take it away.')}</p>
      )}
    </div>
  );
}

function Condition(props: {
  name: string;
  condition: ICondition;
  columns: readonly Column[];
  change: (condition: ICondition) => void;
  remove: () => void;
}): React.JSX.Element {
  const trans = useTrans();
  const { condition, columns, change } = props;
  const kind = kindOf(columns.find(each => each.name === condition.column)?.type ?? '');
  const words = comparisonWords(kind, trans);
  return (
    <div className="jp-mlp-Condition" role="group" aria-label={props.name}>
      <select
        className="jp-mlp-Select jp-mlp-Condition-column"
        data-mlp-column
        aria-label={trans.__('Column')}
        value={condition.column}
        onChange={event => {
          const column = columns.find(each => each.name === event.target.value);
          if (column) {
            change(moveTo(condition, column, kind));
          }
        }}
      >
        {columns.map(column => (
          <option key={column.name} value={column.name}>
            {column.name}
          </option>
        ))}
      </select>
      <select
        className="jp-mlp-Select jp-mlp-Condition-comparison"
        aria-label={trans.__('Comparison')}
        value={condition.comparison}
        onChange={event => change({ ...condition, comparison: event.target.value as Comparison })}
      >
        {comparisonsOf(kind).map(comparison => (
          <option key={comparison} value={comparison}>
            {words[comparison]}
          </option>
        ))}
      </select>
      <Values kind={kind} condition={condition} change={change} />
      <Button
        quiet
        className="jp-mlp-Condition-remove"
        title={trans.__('Take this condition away')}
        aria-label={trans.__('Take this condition away')}
        onClick={props.remove}
      >
        <closeIcon.react tag="span" aria-hidden="true" />
      </Button>
    </div>
  );
}

interface IValuesProps {
  kind: Kind;
  condition: ICondition;
  change: (condition: ICondition) => void;
}

function Values({ kind, condition, change }: IValuesProps): React.JSX.Element | null {
  const trans = useTrans();
  const { comparison, value, upper } = condition;
  const id = React.useId();
  const put = (text: string): void => change({ ...condition, value: text });
  switch (valuesOf(comparison)) {
    case 'none':
      return null;
    case 'many':
      return (
        <textarea
          required
          rows={3}
          className="jp-mlp-Input jp-mlp-Condition-value"
          aria-label={trans.__('Values, one a line')}
          placeholder={trans.__('One value a line')}
          value={value}
          onChange={event => put(event.target.value)}
        />
      );
    case 'two':
      return (
        <span className="jp-mlp-Condition-value jp-mlp-Condition-two">
          <ValueField kind={kind} label={trans.__('From')} value={value} put={put} />
          <span aria-hidden="true">{trans.__('and')}</span>
          <ValueField
            kind={kind}
            label={trans.__('To')}
            value={upper}
            put={text => change({ ...condition, upper: text })}
          />
        </span>
      );
    case 'one':
      return (
        <span className="jp-mlp-Condition-value">
          <ValueField
            kind={kind}
            label={trans.__('Value')}
            value={value}
            hint={comparison === 'fits' || comparison === 'fits_not' ? id : undefined}
            put={put}
          />
          {(comparison === 'fits' || comparison === 'fits_not') && (
            <span id={id} className="jp-mlp-Field-hint">
              {trans.__('* stands for any text, ? for one character')}
            </span>
          )}
          {kind === 'instant' && <span className="jp-mlp-Field-hint">{trans.__('In UTC')}</span>}
        </span>
      );
  }
}

function ValueField(props: {
  kind: Kind;
  label: string;
  value: string;
  hint?: string;
  put: (text: string) => void;
}): React.JSX.Element {
  const trans = useTrans();
  const { kind, label, value, put } = props;
  if (kind === 'truth') {
    return (
      <select
        required
        className="jp-mlp-Select"
        aria-label={label}
        value={value}
        onChange={event => put(event.target.value)}
      >
        <option value="" disabled>
          {trans.__('Choose')}
        </option>
        <option value="true">{trans.__('true')}</option>
        <option value="false">{trans.__('false')}</option>
      </select>
    );
  }
  const types: Partial<Record<Kind, string>> = {
    whole: 'number',
    real: 'number',
    day: 'date',
    instant: 'datetime-local'
  };
  return (
    <input
      required
      type={types[kind] ?? 'text'}
      step={kind === 'whole' || kind === 'instant' ? 1 : kind === 'real' ? 'any' : undefined}
      className="jp-mlp-Input"
      aria-label={label}
      aria-describedby={props.hint}
      value={value}
      onChange={event => put(event.target.value)}
    />
  );
}

/** The comparisons in the words that fit the column's values. */
function comparisonWords(kind: Kind, trans: TranslationBundle): Record<Comparison, string> {
  const dated = kind === 'day' || kind === 'instant';
  return {
    is: trans.__('is'),
    is_not: trans.__('is not'),
    one_of: trans.__('is one of'),
    none_of: trans.__('is none of'),
    at_least: dated ? trans.__('is on or after') : trans.__('is at least'),
    at_most: dated ? trans.__('is on or before') : trans.__('is at most'),
    above: dated ? trans.__('is after') : trans.__('is above'),
    below: dated ? trans.__('is before') : trans.__('is below'),
    between: trans.__('is between'),
    fits: trans.__('fits the pattern'),
    fits_not: trans.__('does not fit'),
    missing: trans.__('is missing'),
    present: trans.__('is present')
  };
}
