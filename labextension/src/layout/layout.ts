/** What goes to the layout worker and what comes back. Units are CSS pixels, the origin is at the upper left. */
export interface ILayoutRequest {
  nodes: readonly { id: string; width: number; height: number }[];
  /** [upstream, downstream] */
  edges: readonly (readonly [string, string])[];
  /** Frames around nodes, each after the one around it. */
  frames?: readonly IFrameRequest[];
}

export interface IFrameRequest {
  readonly id: string;
  /** The frame around it; null: none. */
  readonly parent: string | null;
  /** What stands in it, but for what stands in frames in it. */
  readonly nodes: readonly string[];
  /** Of its label, which stands at the upper left. */
  readonly labelWidth: number;
}

/** Of the label of a frame. */
export const LABEL_HEIGHT = 24; // pixels
/** Between a frame and what stands in it. */
export const PADDING = 10; // pixels

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
  readonly frames: readonly ILayoutNode[];
}

/** Two requests with the same signature have the same layout. */
export function signatureOf(request: ILayoutRequest): string {
  const { nodes, edges, frames = [] } = request;
  return JSON.stringify([
    nodes.map(node => [node.id, node.width, node.height]),
    edges,
    frames.map(frame => [frame.id, frame.parent, frame.nodes, frame.labelWidth])
  ]);
}
