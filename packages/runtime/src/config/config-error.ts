import { ServiceFailure } from "../service.ts";

/** What is wrong with a configuration, a line for each fault; nothing has been connected or started yet. */
export class ConfigError extends ServiceFailure {
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.name = "ConfigError";
    this.lines = lines;
  }
}
