import * as React from 'react';
import type { Problem } from '../api/types';
import type { SectionModel } from '../section/model';
import { Button } from './controls';
import { useChanged } from './hooks';
import { useTrans } from './trans';

/** Grey lines in the place of what is on its way. */
export function Loading(props: { label?: string; lines?: number }): React.JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-mlp-Loading" role="status" aria-label={props.label ?? trans.__('Loading…')}>
      {Array.from({ length: props.lines ?? 3 }, (_, index) => (
        <span key={index} className="jp-mlp-Loading-line" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Nothing is there yet: says so, and what to do next. */
export function Empty(props: { title: string; children?: React.ReactNode }): React.JSX.Element {
  return (
    <div className="jp-mlp-Empty">
      <p className="jp-mlp-Empty-title">{props.title}</p>
      {props.children && <div className="jp-mlp-Empty-next">{props.children}</div>}
    </div>
  );
}

interface IProblemViewProps {
  problem: Problem;
  retry?: () => void;
  dismiss?: () => void;
}

/** What went wrong, why, what to do, and a way to do it. */
export function ProblemView(props: IProblemViewProps): React.JSX.Element {
  const trans = useTrans();
  const { problem } = props;
  return (
    <div className="jp-mlp-Problem" role="alert">
      <p className="jp-mlp-Problem-message">{problem.message}</p>
      {problem.cause && <p>{problem.cause}</p>}
      {problem.next_step && <p>{problem.next_step}</p>}
      {(props.retry || props.dismiss) && (
        <div className="jp-mlp-Actions">
          {props.retry && <Button onClick={props.retry}>{trans.__('Retry')}</Button>}
          {props.dismiss && (
            <Button quiet onClick={props.dismiss}>
              {trans.__('Dismiss')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

interface IShownProps<T> {
  model: SectionModel<T>;
  /** How many grey lines stand for data that is on its way. */
  lines?: number;
  children: (data: T) => React.ReactNode;
}

/** A section's data with what goes wrong above it; grey lines until there is any. */
export function Shown<T>(props: IShownProps<T>): React.JSX.Element {
  const { model } = props;
  useChanged(model);
  return (
    <>
      {model.problem && <ProblemView problem={model.problem} retry={() => void model.refresh()} />}
      {model.refusal && <ProblemView problem={model.refusal} dismiss={() => model.dismiss()} />}
      {model.data ? props.children(model.data) : !model.problem && <Loading lines={props.lines} />}
    </>
  );
}
