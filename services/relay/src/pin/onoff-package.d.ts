/**
 * The part of onoff 6.0.3 that is used. The package has types of its own, but it compiles while it is installed, and
 * where that is impossible the types of everything else are to be checked all the same.
 */
declare module "onoff" {
  type Level = 0 | 1;

  export class Gpio {
    static readonly HIGH: Level;
    static readonly LOW: Level;
    constructor(line: number, direction: "high" | "low", edge: "none", options: { readonly activeLow: boolean });
    direction(): "in" | "out";
    writeSync(level: Level): void;
  }
}
