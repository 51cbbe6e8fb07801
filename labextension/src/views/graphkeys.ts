import type { ILayoutNode } from '../layout/layout';
import type { Viewport } from './viewport';

/** The nearest place in the direction of an arrow key; going aside costs more than going on. */
export function neighbour(places: readonly ILayoutNode[], from: string, key: string): ILayoutNode | null {
  const start = places.find(place => place.id === from);
  if (start === undefined) {
    return null;
  }
  const isAcross = key === 'ArrowLeft' || key === 'ArrowRight';
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  let best: ILayoutNode | null = null;
  let least = Infinity;
  for (const place of places) {
    const dx = place.x + place.width / 2 - start.x - start.width / 2;
    const dy = place.y + place.height / 2 - start.y - start.height / 2;
    const [along, aside] = isAcross ? [sign * dx, Math.abs(dy)] : [sign * dy, Math.abs(dx)];
    if (along > 1 && along + 2 * aside < least) {
      least = along + 2 * aside;
      best = place;
    }
  }
  return best;
}

/** Put the focus on what stands at a place, and bring it in sight. */
export function focusPlace(drawing: SVGSVGElement | null, viewport: Viewport, place: ILayoutNode): void {
  const element = [...(drawing?.querySelectorAll<SVGGElement>('[data-key]') ?? [])].find(
    found => found.dataset['key'] === place.id
  );
  if (element !== undefined) {
    viewport.reveal(place);
    element.focus({ preventScroll: true });
  }
}
