import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Files that can be handed off. */
export function isHandoffFile(path: string): boolean {
  return path.endsWith('.ipynb') || /(^|\/)handoff\.ya?ml$/.test(path);
}

/**
 * The path of a notebook that is ready to be handed off, relative to the server's root. Null when it is not, after
 * saying why; a notebook with unsaved changes is saved first, if the person agrees.
 */
export async function readyPath(
  tracker: INotebookTracker | null,
  contents: Contents.IManager,
  trans: TranslationBundle
): Promise<string | null> {
  const panel = tracker?.currentWidget;
  if (!panel) {
    await showErrorMessage(
      trans.__('No notebook to hand off'),
      trans.__('Open the notebook that trains your model, then hand it off again.')
    );
    return null;
  }
  await panel.context.ready;
  if (!hasKernel(panel)) {
    await showErrorMessage(
      trans.__('This notebook has no kernel'),
      trans.__('Choose a kernel at the top right of the notebook, run it once, then hand it off again.')
    );
    return null;
  }
  if (panel.context.model.dirty && !(await saved(panel.context, trans))) {
    return null;
  }
  return contents.localPath(panel.context.path);
}

function hasKernel(panel: NotebookPanel): boolean {
  return !!panel.sessionContext.session?.kernel || !!panel.content.model?.getMetadata('kernelspec');
}

async function saved(context: DocumentRegistry.Context, trans: TranslationBundle): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Save %1 first?', context.path.split('/').pop() ?? context.path),
    body: trans.__('It has changes that are not saved. What is handed off is the saved file.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Save and go on') })
    ]
  });
  if (!answer.button.accept) {
    return false;
  }
  await context.save();
  return !context.model.dirty;
}
