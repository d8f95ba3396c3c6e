import { type INotebookTracker, NotebookActions } from '@jupyterlab/notebook';

/** Ids that may stand in a code cell as they are: what a person typed must never become other code. */
const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

export type Insertion = 'inserted' | 'no_notebook' | 'odd_id';

/** Write the line that loads a dataset: into the active cell when it is empty, else into a new one below. */
export function insertLoad(tracker: INotebookTracker | null, datasetId: string): Insertion {
  const panel = tracker?.currentWidget;
  if (!panel?.model) {
    return 'no_notebook';
  }
  if (!PLAIN_ID.test(datasetId)) {
    return 'odd_id';
  }
  const notebook = panel.content;
  const free =
    notebook.activeCell?.model.type === 'code' && !notebook.activeCell.model.sharedModel.getSource().trim();
  if (!free) {
    NotebookActions.insertBelow(notebook);
    NotebookActions.changeCellType(notebook, 'code');
  }
  notebook.activeCell?.model.sharedModel.setSource(`df = %mlplat data load ${datasetId}`);
  notebook.activate();
  return 'inserted';
}
