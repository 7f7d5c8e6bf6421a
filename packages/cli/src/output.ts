/**
 * Text as one line that cannot drive a terminal. Messages and tables quote names of files, classes and cards, and those
 * may hold anything: line ends, escape sequences, marks that turn the direction of writing.
 */
export function oneLine(text: string): string {
  return text.replace(/\s*[\n\u2028\u2029]\s*/g, " ").replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}

/** Writes lines to stdout, each as one line whatever it quotes. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${oneLine(line)}\n`).join(""));
}

/** Writes one line of JSON to stdout: exact, for programs. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
