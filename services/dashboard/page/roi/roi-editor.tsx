// The region of interest over a picture: drawn, dragged, resized, with mouse, finger or keyboard. Use it as the last child
// of an element that has `position: relative` and exactly the size of the picture:
//
//   <div class="stage"><canvas .../><RoiEditor roi={roi} onChange={(roi, settled) => ...} /></div>
//
// It keeps nothing: what it is given is what it shows, so the owner takes over each change (`settled` is false while the
// pointer is down, true once at the end and for each key) and saves it when settled.

import type { Roi } from "@beckon/protocol";
import { useRef } from "preact/hooks";
import * as words from "../words.ts";
import "./roi-editor.css";
import { draggedRoi, type Handle, handleAt, mirroredRoi } from "./roi-geometry.ts";

/** One press of an arrow, as a fraction of the frame. */
const STEP = 0.02;
/** How near an edge counts, in pixels: a finger is thicker than a mouse. */
const REACH = { mouse: 12, touch: 28 };
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};
const CURSORS: Readonly<Record<Handle, string>> = {
  "": "move",
  n: "ns-resize",
  s: "ns-resize",
  e: "ew-resize",
  w: "ew-resize",
  nw: "nwse-resize",
  se: "nwse-resize",
  ne: "nesw-resize",
  sw: "nesw-resize",
};

export interface RoiEditorProps {
  /** Of the picture itself, also when it is shown mirrored. */
  readonly roi: Roi;
  readonly onChange: (roi: Roi, settled: boolean) => void;
  /** The picture is shown turned left to right. */
  readonly mirrored?: boolean;
}

interface Drag {
  readonly handle: Handle;
  readonly from: Roi;
  readonly x: number;
  readonly y: number;
}

export function RoiEditor({ roi, onChange, mirrored = false }: RoiEditorProps) {
  const drag = useRef<Drag | undefined>(undefined);
  const shown = mirrored ? mirroredRoi(roi) : roi;
  const change = (next: Roi, settled: boolean): void => onChange(mirrored ? mirroredRoi(next) : next, settled);

  const under = (event: PointerEvent, box: HTMLElement): Handle => {
    const place = box.getBoundingClientRect();
    const reach = event.pointerType === "mouse" ? REACH.mouse : REACH.touch;
    return handleAt(event.clientX - place.left, event.clientY - place.top, place, reach);
  };
  const follow = (event: PointerEvent & { readonly currentTarget: HTMLElement }, settled: boolean): void => {
    const box = event.currentTarget;
    const held = drag.current;
    if (!held) {
      box.style.cursor = CURSORS[under(event, box)];
      return;
    }
    const frame = box.parentElement?.getBoundingClientRect();
    if (!frame?.width || !frame.height) return;
    if (settled) drag.current = undefined;
    const [dx, dy] = [(event.clientX - held.x) / frame.width, (event.clientY - held.y) / frame.height];
    change(draggedRoi(held.from, held.handle, dx, dy), settled);
  };

  const [x, y, width, height] = shown.map((part) => `${part * 100}%`);
  return (
    <div class="roi-editor">
      <button
        type="button"
        class="roi-box"
        aria-label={words.roi.name(shown.map((part) => Math.round(part * 100)))}
        title={words.roi.help}
        style={{ left: x, top: y, width, height }}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = {
            handle: under(event, event.currentTarget),
            from: shown,
            x: event.clientX,
            y: event.clientY,
          };
        }}
        onPointerMove={(event) => follow(event, false)}
        onPointerUp={(event) => {
          if (drag.current) follow(event, true);
        }}
        onPointerCancel={() => {
          if (drag.current) change(drag.current.from, true);
          drag.current = undefined;
        }}
        onKeyDown={(event) => {
          const by = ARROWS[event.key];
          if (!by) return;
          event.preventDefault();
          change(draggedRoi(shown, event.shiftKey ? "se" : "", ...by), true);
        }}
      >
        <i />
        <i />
        <i />
        <i />
      </button>
    </div>
  );
}
