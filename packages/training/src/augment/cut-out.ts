/** Values of a cut-out's backdrop are below this: JPEG leaves some noise on black. */
const NEARLY_BLACK = 28;
/** Share of the rim that must be nearly black for a picture to count as cut out; an arm may cross the rest. */
const BLACK_RIM = 0.55;

/** True for a hand that was cut out and laid on black: most of the picture's rim is nearly black. RGB bytes. */
export function isCutOut(pixels: Uint8Array, width: number, height: number): boolean {
  let black = 0;
  const look = (x: number, y: number) => {
    if (isBlack(pixels, (y * width + x) * 3)) black++;
  };
  for (let x = 0; x < width; x++) {
    look(x, 0);
    look(x, height - 1);
  }
  for (let y = 1; y < height - 1; y++) {
    look(0, y);
    look(width - 1, y);
  }
  return black >= BLACK_RIM * (2 * width + 2 * height - 4);
}

let backdrop = new Uint8Array(0);
let queue = new Int32Array(0);

/**
 * Lays a cut-out over `background` (both RGB bytes of one size), into `into`. Only black that is joined to the rim is
 * replaced, so that shadows within the hand stay; the seam is one pixel soft.
 */
export function replaceBackdrop(
  cutOut: Uint8Array,
  width: number,
  height: number,
  background: Uint8Array,
  into: Uint8Array,
): void {
  findBackdrop(cutOut, width, height);
  for (let y = 0, at = 0; y < height; y++) {
    const above = y > 0 ? -width : 0;
    const below = y < height - 1 ? width : 0;
    for (let x = 0; x < width; x++, at++) {
      const left = x > 0 ? -1 : 0;
      const right = x < width - 1 ? 1 : 0;
      const neighbours =
        (backdrop[at + above] as number) +
        (backdrop[at + below] as number) +
        (backdrop[at + left] as number) +
        (backdrop[at + right] as number);
      // A hand's outermost pixels have black mixed in, which would draw a line around it.
      const share = backdrop[at] === 1 ? 1 : Math.min(0.4 * neighbours, 1);
      for (let p = at * 3; p < at * 3 + 3; p++)
        into[p] = (background[p] as number) * share + (cutOut[p] as number) * (1 - share) + 0.5;
    }
  }
}

/** Marks with 1 in `backdrop` every nearly black pixel that is joined to the rim through others (flood fill). */
function findBackdrop(pixels: Uint8Array, width: number, height: number): void {
  const count = width * height;
  if (backdrop.length < count) {
    backdrop = new Uint8Array(count);
    queue = new Int32Array(count);
  }
  backdrop.fill(0, 0, count);
  let end = 0;
  const visit = (at: number) => {
    if (backdrop[at] === 1 || !isBlack(pixels, at * 3)) return;
    backdrop[at] = 1;
    queue[end++] = at;
  };
  for (let x = 0; x < width; x++) {
    visit(x);
    visit(count - 1 - x);
  }
  for (let at = 0; at < count; at += width) {
    visit(at);
    visit(at + width - 1);
  }
  for (let next = 0; next < end; next++) {
    const at = queue[next] as number;
    const x = at % width;
    if (x > 0) visit(at - 1);
    if (x < width - 1) visit(at + 1);
    if (at >= width) visit(at - width);
    if (at < count - width) visit(at + width);
  }
}

function isBlack(pixels: Uint8Array, at: number): boolean {
  return (
    (pixels[at] as number) < NEARLY_BLACK &&
    (pixels[at + 1] as number) < NEARLY_BLACK &&
    (pixels[at + 2] as number) < NEARLY_BLACK
  );
}
