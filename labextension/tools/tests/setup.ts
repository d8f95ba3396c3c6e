import { cleanup, configure } from '@testing-library/react/pure';

/** Parts of a browser that jsdom does not have, and JupyterLab's widgets ask for when they are loaded. */

class NoObserver {
  disconnect(): void {
    // nothing is observed
  }
  observe(): void {
    // there is no layout whose changes could be told
  }
  unobserve(): void {
    // nothing is observed
  }
}

Object.assign(window, {
  DragEvent: MouseEvent,
  IntersectionObserver: NoObserver,
  ResizeObserver: NoObserver,
  matchMedia: (media: string) => ({
    media,
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined
  }),
  requestIdleCallback: (work: () => void) => window.setTimeout(work, 0),
  cancelIdleCallback: (id: number) => window.clearTimeout(id)
});
Object.defineProperty(navigator, 'clipboard', { value: {} });
window.Element.prototype.scrollIntoView = () => undefined;

// The one rule of the widgets' style sheets that decides what can be seen, and so what a screen reader hears.
const style = document.createElement('style');
style.textContent = '.lm-mod-hidden { display: none !important; }';
document.head.append(style);

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 8000 });

/** A complaint of React, or of JupyterLab about how it is used, is a failure. */
let complaints: jest.SpyInstance;
beforeEach(() => {
  complaints = jest.spyOn(console, 'error');
});
afterEach(() => {
  cleanup();
  expect(complaints.mock.calls).toEqual([]);
});
