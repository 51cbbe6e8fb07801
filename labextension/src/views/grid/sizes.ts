/** Pixels; `style/grid.css` has the same. */
export const COLUMN = 20;
export const LINE = 22;
export const HEAD = 78;
export const NAMES = 216;
