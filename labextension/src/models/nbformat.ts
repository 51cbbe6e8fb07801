import type { Output } from '../host';

/**
 * Outputs in one form only. nbformat allows text as a list of lines, and one stream may come in pieces: both become
 * one text, as JupyterLab's output area keeps them, so that the number of an output is the same here and there.
 */
export function normalised(outputs: readonly Output[]): readonly Output[] {
  const result: Output[] = [];
  for (const output of outputs.map(withoutLines)) {
    const last = result.at(-1);
    if (output['output_type'] === 'stream' && last?.['output_type'] === 'stream' && last['name'] === output['name']) {
      result[result.length - 1] = { ...last, text: textOf(last['text']) + textOf(output['text']) };
    } else {
      result.push(output);
    }
  }
  return result;
}

function withoutLines(output: Output): Output {
  if (output['output_type'] === 'stream') {
    return { ...output, text: textOf(output['text']) };
  }
  const data = output['data'];
  if (typeof data !== 'object' || data === null) {
    return output;
  }
  const bundle: Record<string, unknown> = {};
  for (const [mime, value] of Object.entries(data) as [string, unknown][]) {
    bundle[mime] = isLines(value) && !isJson(mime) ? value.join('') : value;
  }
  return { ...output, data: bundle };
}

function textOf(text: unknown): string {
  return isLines(text) ? text.join('') : typeof text === 'string' ? text : '';
}

function isLines(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(line => typeof line === 'string');
}

/** Of these a list is a list. */
function isJson(mime: string): boolean {
  return /^application\/(.*\+)?json$/.test(mime);
}
