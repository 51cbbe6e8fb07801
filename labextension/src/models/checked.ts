/** Reading JSON that may come from anybody: what is not what it should be, is not there. */

export type JSONRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JSONRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordOf(value: unknown): JSONRecord {
  return isRecord(value) ? value : {};
}

export function textOr<D>(value: unknown, fallback: D): string | D {
  return typeof value === 'string' ? value : fallback;
}

export function wholeOr<D>(value: unknown, fallback: D): number | D {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : fallback;
}

export function oneOf<T extends string, D>(value: unknown, known: readonly T[], fallback: D): T | D {
  return known.find(candidate => candidate === value) ?? fallback;
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}
