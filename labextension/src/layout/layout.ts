/** What goes to the layout worker and what comes back. Units are CSS pixels, the origin is at the upper left. */
export interface ILayoutRequest {
  nodes: readonly { id: string; width: number; height: number }[];
  /** [upstream, downstream] */
  edges: readonly (readonly [string, string])[];
}

export interface ILayoutNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ILayoutEdge {
  readonly from: string;
  readonly to: string;
  /** `d` of an SVG path. */
  readonly path: string;
}

export interface ILayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly ILayoutNode[];
  readonly edges: readonly ILayoutEdge[];
}

/** Two requests with the same signature have the same layout. */
export function signatureOf(request: ILayoutRequest): string {
  return JSON.stringify([request.nodes.map(node => [node.id, node.width, node.height]), request.edges]);
}
