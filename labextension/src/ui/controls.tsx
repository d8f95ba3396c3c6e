import * as React from 'react';

interface IButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  /** Looks like the one thing to do here. */
  primary?: boolean;
  /** Looks like a link. */
  quiet?: boolean;
  /** Ends or refuses something. */
  danger?: boolean;
  /** Its command is on its way: it cannot be pressed again. */
  busy?: boolean;
}

export function Button(props: IButtonProps): React.JSX.Element {
  const { primary, quiet, danger, busy, className, disabled, children, ...rest } = props;
  const looks = [
    'jp-mlp-Button',
    primary && 'jp-mod-primary',
    quiet && 'jp-mod-quiet',
    danger && 'jp-mod-danger',
    busy && 'jp-mod-busy',
    className
  ];
  return (
    <button
      type="button"
      {...rest}
      className={looks.filter(Boolean).join(' ')}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {children}
    </button>
  );
}

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info';

/** A short word with a colour; the word says it all, the colour only helps. */
export function Badge(props: { tone?: Tone; title?: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <span className={`jp-mlp-Badge jp-mod-${props.tone ?? 'neutral'}`} title={props.title}>
      {props.children}
    </span>
  );
}

interface ITabsProps<K extends string> {
  label: string;
  current: K;
  tabs: { key: K; label: string; count?: number }[];
  select: (key: K) => void;
  children: React.ReactNode;
}

/** Views of a section, one at a time; arrow keys move between them. */
export function Tabs<K extends string>(props: ITabsProps<K>): React.JSX.Element {
  const id = React.useId();
  const move = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) {
      return;
    }
    const at = props.tabs.findIndex(tab => tab.key === props.current);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    props.select(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
    event.preventDefault();
  };
  return (
    <>
      <div className="jp-mlp-Tabs" role="tablist" aria-label={props.label}>
        {props.tabs.map(tab => (
          <button
            key={tab.key}
            id={`${id}-${tab.key}`}
            type="button"
            role="tab"
            className="jp-mlp-Tab"
            aria-selected={tab.key === props.current}
            aria-controls={`${id}-panel`}
            tabIndex={tab.key === props.current ? 0 : -1}
            onClick={() => props.select(tab.key)}
            onKeyDown={move}
          >
            {tab.label}
            {tab.count ? <span className="jp-mlp-Tab-count">{tab.count}</span> : null}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${props.current}`}>
        {props.children}
      </div>
    </>
  );
}

/** A labelled control; the hint is read out with it. */
export function Field(props: {
  label: string;
  hint?: string;
  children: (ids: { id: string; 'aria-describedby'?: string }) => React.ReactNode;
}): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="jp-mlp-Field">
      <label htmlFor={id}>{props.label}</label>
      {props.children({ id, 'aria-describedby': props.hint ? `${id}-hint` : undefined })}
      {props.hint && (
        <span id={`${id}-hint`} className="jp-mlp-Field-hint">
          {props.hint}
        </span>
      )}
    </div>
  );
}

/** Names with their values; a pair without a value is left out. */
export function Facts(props: { facts: [string, React.ReactNode][] }): React.JSX.Element {
  return (
    <dl className="jp-mlp-Facts">
      {props.facts
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
