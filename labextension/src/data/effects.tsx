import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Effect, Grant } from '../api/types';
import { moment } from '../ui/format';
import { useTrans } from '../ui/trans';

/** The own names of what puts grants into force. */
const NAMES: Record<string, string> = {
  lake_formation: 'Lake Formation',
  datazone: 'DataZone',
  s3_access_grants: 'S3 Access Grants',
  postgres: 'PostgreSQL'
};

export function backendName(backend: string): string {
  return NAMES[backend] ?? backend;
}

/** Whether something keeps a grant from reaching further than it allows, or everybody's good will does. */
export function enforcementWords(grant: Grant, trans: TranslationBundle): string {
  return grant.enforcement === 'enforced'
    ? trans.__('enforced by %1', backendName(grant.backend))
    : trans.__('advisory: nothing else keeps the file from being read');
}

/** Whether somebody has to look after it, rather than only wait. */
export function isTrouble(effect: Effect): boolean {
  return effect.state === 'drifted' || effect.state === 'orphaned' || effect.attempts > 0;
}

/** Where a grant stands in what puts it into force; undefined where there is nothing to say. */
export function effectWords(effect: Effect, failed: boolean, trans: TranslationBundle): string | undefined {
  const name = backendName(effect.backend);
  if (!effect.wanted) {
    if (effect.state === 'orphaned') {
      return trans.__('It could not be taken away in %1.', name);
    }
    return effect.state === 'removed' ? undefined : trans.__('It is being taken away in %1…', name);
  }
  if (effect.state === 'drifted') {
    return trans.__('It was changed in %1. It is being repaired, and cannot be used until then.', name);
  }
  if (effect.state === 'verified') {
    return undefined;
  }
  return failed
    ? trans.__('It could not be set up in %1 so far.', name)
    : trans.__('It is being set up in %1…', name);
}

/** What a grant still needs where the data lies, in the words of what went wrong there. */
export function EffectLines(props: { grant: Grant; effects?: Effect[] }): React.JSX.Element | null {
  const trans = useTrans();
  const { grant, effects = [] } = props;
  const lines = effects
    .map(effect => ({ effect, words: effectWords(effect, grant.state === 'failed', trans) }))
    .filter(line => line.words);
  if (!lines.length) {
    return null;
  }
  return (
    <ul className="jp-mlp-Effects">
      {lines.map(({ effect, words }) => (
        <li key={effect.backend} className={isTrouble(effect) ? 'jp-mod-trouble' : undefined}>
          {words}
          {effect.note && <span className="jp-mlp-Effects-note">{effect.note}</span>}
          {isTrouble(effect) && (
            <span className="jp-mlp-Effects-next">
              {trans._n('%1 attempt', '%1 attempts', effect.attempts)} ·{' '}
              {trans.__('next at %1', moment(effect.due_at))}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
