/** What makes a terminal draw a page over itself (ECMA-48): another screen, home, clear to the end of line and page. */
export const SCREEN = {
  enter: "\u001b[?1049h\u001b[?25l",
  leave: "\u001b[?25h\u001b[?1049l",
  /** @param rows of the terminal: what does not fit is left away */
  draw: (lines: readonly string[], rows: number): string =>
    `\u001b[H${lines
      .slice(0, rows - 1)
      .map((line) => `${line}\u001b[K`)
      .join("\r\n")}\u001b[J`,
};
