import DOMPurify from 'dompurify';
import { marked } from 'marked';

import type { IOutputsView, Output } from '../host';
import { normalised } from '../models/nbformat';
import { trans } from '../trans';
import { withoutAnsi } from '../views/text';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];

/** Outputs without Jupyter's renderers: pictures, sanitised HTML, text. Nothing in them runs. */
export class PlainOutputs implements IOutputsView {
  constructor(node: HTMLElement, outputs: readonly Output[]) {
    this._node = node;
    this.set(outputs);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._shown.forEach(({ element }) => element.remove());
      this._shown = [];
    }
  }

  set(outputs: readonly Output[]): void {
    const wanted = normalised(outputs).map(output => ({ output, key: JSON.stringify(output) }));
    this._shown.splice(wanted.length).forEach(({ element }) => element.remove());
    wanted.forEach(({ output, key }, index) => {
      const known = this._shown[index];
      if (known?.key !== key) {
        const element = elementOf(output);
        if (known === undefined) {
          this._node.appendChild(element);
        } else {
          known.element.replaceWith(element);
        }
        this._shown[index] = { key, element };
      }
    });
  }

  private readonly _node: HTMLElement;
  private _shown: { key: string; element: HTMLElement }[] = [];
  private _isDisposed = false;
}

function elementOf(output: Output): HTMLElement {
  const made = document.createElement('div');
  made.className = 'jp-Studio-plainOutput';
  made.dataset['type'] = String(output['output_type']);
  made.append(contentOf(output));
  return made;
}

function contentOf(output: Output): Node {
  switch (output['output_type']) {
    case 'stream':
      return textNode(withoutAnsi(asText(output['text'])), output['name'] === 'stderr' ? 'jp-mod-stderr' : '');
    case 'error': {
      const lines = Array.isArray(output['traceback']) ? output['traceback'].join('\n') : '';
      const last = `${asText(output['ename'])}: ${asText(output['evalue'])}`;
      return textNode(withoutAnsi(lines === '' ? last : lines), 'jp-mod-error');
    }
    default:
      return displayed((output['data'] ?? {}) as Readonly<Record<string, unknown>>);
  }
}

/** The richest form that needs no code of its own. */
function displayed(data: Readonly<Record<string, unknown>>): Node {
  const text = asText(data['text/plain']);
  const picture = PICTURES.find(mime => typeof data[mime] === 'string');
  if (picture !== undefined) {
    const content = asText(data[picture]);
    const image = document.createElement('img');
    image.src =
      picture === 'image/svg+xml'
        ? `data:${picture};charset=utf-8,${encodeURIComponent(content)}`
        : `data:${picture};base64,${content.replace(/\s/g, '')}`;
    image.alt = text === '' ? trans.__('A picture that the task displayed') : text;
    return image;
  }
  if (typeof data['text/html'] === 'string') {
    return sanitised(data['text/html']);
  }
  if (typeof data['text/markdown'] === 'string') {
    return sanitised(marked.parse(data['text/markdown'], { async: false }));
  }
  if (data['application/json'] !== undefined) {
    return textNode(JSON.stringify(data['application/json'], null, 2));
  }
  const first = Object.keys(data)[0];
  return textNode(text || asText(data['text/latex']) || `(${first ?? 'nothing'})`);
}

/** A fragment, never a string: what a task has made must not become markup by another way. */
function sanitised(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, { RETURN_DOM_FRAGMENT: true, FORBID_TAGS: ['style', 'form'] });
}

function textNode(text: string, className = ''): HTMLElement {
  const pre = document.createElement('pre');
  pre.className = className;
  pre.textContent = text;
  return pre;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
