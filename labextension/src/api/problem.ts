import type { TranslationBundle } from '@jupyterlab/translation';
import type { Problem } from './types';

/** A failure in the platform's one shape: what happened, why, and what to do. */
export class PlatformError extends Error {
  constructor(
    readonly problem: Problem,
    /** The HTTP status; 0 when the server did not answer at all. */
    readonly status: number
  ) {
    super([problem.message, problem.cause, problem.next_step].filter(Boolean).join(' '));
    this.name = 'PlatformError';
  }
}

/** Any failure as a Problem, so that a widget has one thing to show. */
export function asProblem(error: unknown, trans: TranslationBundle): Problem {
  if (error instanceof PlatformError) {
    return error.problem;
  }
  return {
    code: 'panel.defect',
    message: trans.__('Something went wrong in the panel.'),
    cause: error instanceof Error ? error.message : String(error),
    next_step: trans.__('Reload the page; if it stays, tell your platform team.')
  };
}

/** The server has no such API: the Python part is not installed or not enabled. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof PlatformError &&
    error.status === 404 &&
    ['response.unreadable', 'request.no_such_route'].includes(error.problem.code)
  );
}
