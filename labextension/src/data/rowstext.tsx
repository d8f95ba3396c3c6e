import * as React from 'react';
import type { RowFilter } from '../api/types';
import { useTrans } from '../ui/trans';
import { rowWords } from './rowwords';

/** Which rows, as a sentence; several conditions stand below each other. Nothing when it is all of them. */
export function RowsText(props: {
  rows: RowFilter | null | undefined;
  /** They are a part of rows that are named before. */
  further?: boolean;
}): React.JSX.Element | null {
  const trans = useTrans();
  const { rows, further } = props;
  if (!rows) {
    return null;
  }
  const parts = rows.test === 'and' && rows.of.length > 1 ? rows.of : null;
  if (!parts) {
    const words = rowWords(rows, trans);
    return (
      <p className="jp-mlp-RowsText">
        {further ? trans.__('Of these, only rows where %1.', words) : trans.__('Only rows where %1.', words)}
      </p>
    );
  }
  const said = parts.map(part => {
    const words = rowWords(part, trans);
    return part.test === 'and' || part.test === 'or' ? `(${words})` : words;
  });
  return (
    <div className="jp-mlp-RowsText">
      <p>{further ? trans.__('Of these, only rows where') : trans.__('Only rows where')}</p>
      <ul>
        {said.map((words, at) => (
          <li key={at}>{at < said.length - 1 ? trans.__('%1, and', words) : `${words}.`}</li>
        ))}
      </ul>
    </div>
  );
}
