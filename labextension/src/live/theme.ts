import type { KernelHost } from '../host/kernel';

const MARK = 'data-pipeline-studio';

/** See to it that our styles are there for what stands in `el`; once for a page. */
export async function addStyles(el: HTMLElement, host: KernelHost): Promise<void> {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  if (place.querySelector(`style[${MARK}]`) !== null) {
    return;
  }
  const style = document.createElement('style');
  style.setAttribute(MARK, '');
  place.appendChild(style); // at once, so that a second view of the page does not ask as well
  try {
    style.textContent = await (await host.asset('live.css')).text();
  } catch (reason) {
    style.remove();
    throw reason;
  }
}

/**
 * What our views stand in: where the page has none of the variables of Jupyter's themes, it gives them, from VS Code's
 * or else for a light or a dark page, also when that changes. `release` ends it.
 */
export function themed(el: HTMLElement): { frame: HTMLElement; release: () => void } {
  const frame = document.createElement('div');
  if (getComputedStyle(el).getPropertyValue('--jp-layout-color1') !== '') {
    return { frame, release: () => undefined };
  }
  const look = (): void => {
    frame.dataset['jpThemeLight'] = String(!isDark(el));
  };
  const observer = new MutationObserver(look);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true });
  }
  frame.className = 'jp-Studio-foreign';
  look();
  return { frame, release: () => observer.disconnect() };
}

/** What VS Code or Colab says; else by the first background behind `el` that is not transparent. */
function isDark(el: HTMLElement): boolean {
  const kind = document.body.dataset['vscodeThemeKind'] ?? document.documentElement.getAttribute('theme');
  if (kind !== null) {
    return ['vscode-dark', 'vscode-high-contrast', 'dark'].includes(kind);
  }
  for (let node: Element | null = el; node !== null; node = node.parentElement) {
    const channels = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    const [red = 0, green = 0, blue = 0, alpha = 1] = channels;
    if (channels.length >= 3 && alpha > 0.5) {
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
    }
  }
  return window.matchMedia('(prefers-color-scheme: dark)').matches;
}
