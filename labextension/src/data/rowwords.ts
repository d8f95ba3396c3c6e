import type { TranslationBundle } from '@jupyterlab/translation';
import type { RowFilter, RowValue } from '../api/types';

/** How many values of a list are named. */
const MOST = 20;
/** Words that would read as part of the sentence: a value or a column of such a name is put in quotes. */
const GLUE = new Set(
  'above after and at before below does fits is least missing more most none not of on one or present true false'.split(
    ' '
  )
);
const DAY = /^\d{4}-\d\d-\d\d(T[\d:.]+Z?)?$/;

/** Conditions on rows as a sentence, in the same words as the server's own; plain text, never HTML. */
export function rowWords(tree: RowFilter, trans: TranslationBundle): string {
  if (tree.test === 'not') {
    const { of } = tree;
    const simple = of.test !== 'and' && of.test !== 'or' && of.test !== 'not';
    return simple && (of.test !== 'range' || ends(of).length === 1)
      ? testWords(of, false, trans)
      : trans.__('not (%1)', rowWords(of, trans));
  }
  if (tree.test === 'and' || tree.test === 'or') {
    const joined = tree.test === 'and' ? trans.__(', and ') : trans.__(', or ');
    return tree.of
      .map(each =>
        each.test === 'and' || each.test === 'or' ? `(${rowWords(each, trans)})` : rowWords(each, trans)
      )
      .join(joined);
  }
  return testWords(tree, true, trans);
}

type Test = Exclude<RowFilter, { test: 'and' | 'or' | 'not' }>;
type Range = Extract<RowFilter, { test: 'range' }>;

function testWords(test: Test, wanted: boolean, trans: TranslationBundle): string {
  const name = nameWords(test.column);
  switch (test.test) {
    case 'null':
      return wanted ? trans.__('%1 is missing', name) : trans.__('%1 is present', name);
    case 'like':
      return wanted
        ? trans.__('%1 fits %2', name, quote(test.pattern))
        : trans.__('%1 does not fit %2', name, quote(test.pattern));
    case 'equals':
      return wanted
        ? trans.__('%1 is %2', name, valueWords(test.value))
        : trans.__('%1 is not %2', name, valueWords(test.value));
    case 'in': {
      const listed = test.values.slice(0, MOST).map(valueWords);
      if (test.values.length > MOST) {
        listed.push(trans.__('%1 more', test.values.length - MOST));
      }
      if (!wanted) {
        return trans.__('%1 is none of %2', name, listed.join(', '));
      }
      const last = listed.pop() ?? '';
      return listed.length
        ? trans.__('%1 is %2 or %3', name, listed.join(', '), last)
        : trans.__('%1 is %2', name, last);
    }
    case 'range':
      return trans.__('%1 is %2', name, rangeWords(test, wanted, trans));
  }
}

type Sign = '>=' | '<=' | '<' | '>';

/** The ends that a range names, each with the sign that it means and the one that its opposite means. */
function ends(range: Range): [Sign, Sign, RowValue][] {
  const all: [Sign, Sign, RowValue | null | undefined][] = [
    ['>=', '<', range.at_least],
    ['<=', '>', range.at_most],
    ['<', '>=', range.below]
  ];
  return all.filter((end): end is [Sign, Sign, RowValue] => end[2] !== null && end[2] !== undefined);
}

function rangeWords(range: Range, wanted: boolean, trans: TranslationBundle): string {
  const numbers: Record<Sign, string> = {
    '>=': trans.__('at least'),
    '<=': trans.__('at most'),
    '<': trans.__('below'),
    '>': trans.__('above')
  };
  const days: Record<Sign, string> = {
    '>=': trans.__('on or after'),
    '<=': trans.__('on or before'),
    '<': trans.__('before'),
    '>': trans.__('after')
  };
  return ends(range)
    .map(([sign, opposite, value]) => {
      const dated = typeof value === 'string' && DAY.test(value);
      return `${(dated ? days : numbers)[wanted ? sign : opposite]} ${valueWords(value)}`;
    })
    .join(trans.__(' and '));
}

function nameWords(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !GLUE.has(name) ? name : quote(name);
}

function valueWords(value: RowValue): string {
  if (typeof value !== 'string') {
    return String(value);
  }
  const plain = /^-?[\p{L}\p{N}_][\p{L}\p{N}_.:+-]*$/u.test(value);
  return plain && !GLUE.has(value.toLowerCase()) ? value : quote(value);
}

/** In double quotes, with everything that cannot be seen, or turns the line's direction, written as its number. */
function quote(text: string): string {
  const shown = text
    .replace(/\\/g, '\\\\')
    .replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, each =>
      [...each].map(one => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('')
    );
  return `"${shown.replace(/"/g, '\\"')}"`;
}
