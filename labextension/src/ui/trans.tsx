import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** The texts' language, for every widget below. */
export const Trans = React.createContext<TranslationBundle>(nullTranslator.load('jupyter-mlplatform'));

export function useTrans(): TranslationBundle {
  return React.useContext(Trans);
}
