/**
 * The words of the views in the language of the page. JupyterLab is translated by its own translator, which knows a
 * language for as long as the page lives; in other pages the words stay as they are written. So there is one for all,
 * as with `Intl`: a leaf that says something needs no argument for it.
 *
 * Say `trans.__('…')` when it is shown, never while a module is loaded: the language is set by then.
 */

/** The part of JupyterLab's `TranslationBundle` that is used; `%1` in a message stands for the first of `values`. */
export interface ITrans {
  __(message: string, ...values: unknown[]): string;
  /** `plural` if `count` is not one, as the language has it. `%1` is the count, `%2` the first of `values`. */
  _n(message: string, plural: string, count: number, ...values: unknown[]): string;
  /** The same word may be two in another language: `context` tells them apart. */
  _p(context: string, message: string, ...values: unknown[]): string;
}

const asWritten: ITrans = {
  __: (message, ...values) => fill(message, values),
  _n: (message, plural, count, ...values) => fill(count === 1 ? message : plural, [count, ...values]),
  _p: (_context, message, ...values) => fill(message, values)
};

export let trans: ITrans = asWritten;

/** In what numbers, days and times are written: a BCP 47 tag. */
export let language = 'en';

/** What the words are looked up in, from now on; `code` is Jupyter's of the language, like "de_DE". */
export function setTrans(bundle: ITrans, code: string): void {
  trans = bundle;
  try {
    [language = 'en'] = Intl.getCanonicalLocales(code.replace('_', '-'));
  } catch {
    language = 'en'; // none that a browser knows, as "default"
  }
}

function fill(message: string, values: readonly unknown[]): string {
  return message.replace(/%(%|\d+)/g, (_, which: string) => (which === '%' ? '%' : String(values[Number(which) - 1])));
}
