import type { Column, RowFilter, RowValue } from '../api/types';

/** What a column's values are, as far as comparing them goes. */
export type Kind = 'text' | 'whole' | 'real' | 'truth' | 'day' | 'instant' | 'other';

export type Comparison =
  | 'is'
  | 'is_not'
  | 'one_of'
  | 'none_of'
  | 'at_least'
  | 'at_most'
  | 'above'
  | 'below'
  | 'between'
  | 'fits'
  | 'fits_not'
  | 'missing'
  | 'present';

/** One condition as a person fills it in: every value is the text of its field. */
export interface ICondition {
  column: string;
  comparison: Comparison;
  /** The value; of `one_of` and `none_of` one a line; of `between` the lower one. */
  value: string;
  /** Of `between` the upper one. */
  upper: string;
}

/** Which rows: all, those that meet every condition, or those of a tree that is not a list of conditions. */
export interface IRowChoice {
  conditions: readonly ICondition[];
  /** Conditions that the form cannot show as fields; they are kept as they are. */
  kept: RowFilter | null;
}

export const ALL_ROWS: IRowChoice = { conditions: [], kept: null };

const TEXT = /^((large_)?(string|utf8)|string_view|char|varchar)(\(\d+\))?$/;
const WHOLE = /^(u?int(8|16|32|64)|tinyint|smallint|int|integer|bigint|long)$/;
const REAL = /^(halffloat|float|double|decimal\d*\(.*\))$/;
const OTHER =
  /^(null|(large_)?binary|binary_view|fixed_size_binary|(large_|fixed_size_)?list|(large_)?list_view|array|struct|map|(dense|sparse)_union|extension|run_end_encoded|time32|time64|duration|month_interval|day_time_interval|month_day_nano_interval)($|[[<])/;

/** The kind of a column by the words in which its type is written; the server has the last word. */
export function kindOf(type: string): Kind {
  const words = type.toLowerCase();
  const dictionary = /^dictionary<values=(.+), indices=[a-z0-9]+, ordered=[01]>$/.exec(words);
  if (dictionary) {
    return kindOf(dictionary[1]);
  }
  if (TEXT.test(words)) {
    return 'text';
  }
  if (WHOLE.test(words)) {
    return 'whole';
  }
  if (REAL.test(words)) {
    return 'real';
  }
  if (words === 'bool' || words === 'boolean') {
    return 'truth';
  }
  if (/^date(32|64)?(\[|$)/.test(words)) {
    return 'day';
  }
  if (words.startsWith('timestamp')) {
    return 'instant';
  }
  return OTHER.test(words) ? 'other' : 'text';
}

const PRESENCE: Comparison[] = ['missing', 'present'];
const ORDER: Comparison[] = ['at_least', 'at_most', 'above', 'below', 'between'];
const COMPARISONS: Record<Kind, Comparison[]> = {
  text: ['is', 'is_not', 'one_of', 'none_of', 'fits', 'fits_not', ...PRESENCE],
  whole: ['is', 'is_not', ...ORDER, 'one_of', 'none_of', ...PRESENCE],
  real: [...ORDER, 'is', 'is_not', 'one_of', 'none_of', ...PRESENCE],
  truth: ['is', ...PRESENCE],
  day: [...ORDER, 'is', 'is_not', ...PRESENCE],
  instant: [...ORDER, 'is', 'is_not', ...PRESENCE],
  other: [...PRESENCE].reverse()
};

/** How a column of this kind can be compared, the usual way first. */
export function comparisonsOf(kind: Kind): readonly Comparison[] {
  return COMPARISONS[kind];
}

/** A condition on a column that says nothing yet. */
export function begin(column: Column): ICondition {
  return { column: column.name, comparison: comparisonsOf(kindOf(column.type))[0], value: '', upper: '' };
}

/** The condition on another column; what was filled in stays where it means the same. */
export function moveTo(condition: ICondition, column: Column, before: Kind): ICondition {
  const kind = kindOf(column.type);
  if (kind === before) {
    return { ...condition, column: column.name };
  }
  return begin(column);
}

/** How many values a comparison takes. */
export function valuesOf(comparison: Comparison): 'none' | 'one' | 'two' | 'many' {
  switch (comparison) {
    case 'missing':
    case 'present':
      return 'none';
    case 'between':
      return 'two';
    case 'one_of':
    case 'none_of':
      return 'many';
    default:
      return 'one';
  }
}

/** The rows that a choice means: null for all of them, undefined while a condition is not complete. */
export function treeOf(choice: IRowChoice, columns: readonly Column[]): RowFilter | null | undefined {
  const tests: RowFilter[] = choice.kept ? [choice.kept] : [];
  for (const condition of choice.conditions) {
    const test = testOf(condition, columns);
    if (!test) {
      return undefined;
    }
    tests.push(test);
  }
  return tests.length > 1 ? { test: 'and', of: tests } : (tests[0] ?? null);
}

/** What one condition means; null while it is not complete or a value does not fit. */
export function testOf(condition: ICondition, columns: readonly Column[]): RowFilter | null {
  const known = columns.find(each => each.name === condition.column);
  if (!known) {
    return null;
  }
  const kind = kindOf(known.type);
  const values = filledIn(condition).map(text => read(text, kind));
  if (values.some(value => value === null)) {
    return null;
  }
  return build(condition.comparison, known.name, values as RowValue[]);
}

/** The texts of a condition's fields; an empty line of a list is none, an empty text elsewhere is one that misses. */
function filledIn(condition: ICondition): string[] {
  switch (valuesOf(condition.comparison)) {
    case 'none':
      return [];
    case 'two':
      return [condition.value, condition.upper];
    case 'many': {
      const lines = condition.value.split('\n').map(line => line.trim());
      const some = [...new Set(lines.filter(Boolean))];
      return some.length ? some : [''];
    }
    case 'one':
      return [condition.value];
  }
}

/** A field's text as a value of its column; null when it is none. */
function read(text: string, kind: Kind): RowValue | null {
  const plain = text.trim();
  if (!plain) {
    return null;
  }
  switch (kind) {
    case 'whole':
      return /^[+-]?\d+$/.test(plain) ? numeric(plain) : null;
    case 'real':
      return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,4})?$/i.test(plain) ? numeric(plain) : null;
    case 'truth':
      return plain === 'true' ? true : plain === 'false' ? false : null;
    case 'text':
      return text;
    default:
      return plain;
  }
}

/** A number, or its text where JavaScript cannot hold it exactly. */
function numeric(text: string): RowValue {
  const value = Number(text);
  const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : String(value) === text;
  return exact ? value : text;
}

function build(comparison: Comparison, column: string, values: RowValue[]): RowFilter {
  const [value, upper] = values;
  const open = { at_least: null, at_most: null, below: null };
  switch (comparison) {
    case 'is':
      return { test: 'equals', column, value };
    case 'is_not':
      return { test: 'not', of: { test: 'equals', column, value } };
    case 'one_of':
    case 'none_of': {
      const one: RowFilter =
        values.length === 1 ? { test: 'equals', column, value } : { test: 'in', column, values };
      return comparison === 'one_of' ? one : { test: 'not', of: one };
    }
    case 'at_least':
      return { test: 'range', column, ...open, at_least: value };
    case 'at_most':
      return { test: 'range', column, ...open, at_most: value };
    case 'below':
      return { test: 'range', column, ...open, below: value };
    case 'above':
      return { test: 'not', of: { test: 'range', column, ...open, at_most: value } };
    case 'between':
      return { test: 'range', column, ...open, at_least: value, at_most: upper };
    case 'fits':
      return { test: 'like', column, pattern: String(value) };
    case 'fits_not':
      return { test: 'not', of: { test: 'like', column, pattern: String(value) } };
    case 'missing':
      return { test: 'null', column };
    case 'present':
      return { test: 'not', of: { test: 'null', column } };
  }
}

/** The choice that stands for these rows, so that they can be changed: as fields where that is possible. */
export function choiceOf(tree: RowFilter | null | undefined, columns: readonly Column[]): IRowChoice {
  if (!tree) {
    return ALL_ROWS;
  }
  const parts = tree.test === 'and' ? tree.of : [tree];
  const conditions = parts.map(part => conditionOf(part));
  const all = conditions.every(each => each !== null && testOf(each, columns) !== null);
  return all ? { conditions: conditions as ICondition[], kept: null } : { conditions: [], kept: tree };
}

function conditionOf(tree: RowFilter): ICondition | null {
  const positive = tree.test === 'not' ? tree.of : tree;
  const wanted = positive === tree;
  const made = (comparison: Comparison, value: RowValue = '', upper: RowValue = ''): ICondition => ({
    column: (positive as { column: string }).column,
    comparison,
    value: field(value),
    upper: field(upper)
  });
  switch (positive.test) {
    case 'equals':
      // Of truths only "is" is offered: "is not false" would also be one of two, but reads badly.
      return typeof positive.value === 'boolean' && !wanted
        ? null
        : made(wanted ? 'is' : 'is_not', positive.value);
    case 'in':
      // A line of the field is a value without the spaces around it.
      return positive.values.some(value => !String(value) || /\n|^\s|\s$/.test(String(value)))
        ? null
        : made(wanted ? 'one_of' : 'none_of', positive.values.map(field).join('\n'));
    case 'like':
      return made(wanted ? 'fits' : 'fits_not', positive.pattern);
    case 'null':
      return made(wanted ? 'missing' : 'present');
    case 'range': {
      const { at_least, at_most, below } = positive;
      const said = [at_least, at_most, below].filter(each => each !== null && each !== undefined).length;
      if (said === 2 && wanted && isSaid(at_least) && isSaid(at_most)) {
        return made('between', at_least, at_most);
      }
      if (said !== 1) {
        return null;
      }
      if (isSaid(at_most)) {
        return made(wanted ? 'at_most' : 'above', at_most);
      }
      if (isSaid(at_least)) {
        return made(wanted ? 'at_least' : 'below', at_least);
      }
      return isSaid(below) ? made(wanted ? 'below' : 'at_least', below) : null;
    }
    default:
      return null;
  }
}

function isSaid(value: RowValue | null | undefined): value is RowValue {
  return value !== null && value !== undefined;
}

/** A value as a field shows it; a field for days and times knows no zone. */
function field(value: RowValue): string {
  return typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)Z$/, '$1') : String(value);
}
