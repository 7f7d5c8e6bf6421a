/** The command was typed wrongly; the message is one line that names what, and what there is instead. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Something the user must change for the command to work; the message is one line: what, where, what to do. Exit code 1. */
export class CommandFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandFailure";
  }
}

/** Ctrl-C ended the work; the message says what was kept and how to go on. Exit code 130. */
export class Interrupted extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Interrupted";
  }
}

/** The command did its work, but not on everything: what failed has been named already. Exit code 1, and no more words. */
export class PartialFailure extends Error {
  constructor() {
    super("not all of it could be done");
    this.name = "PartialFailure";
  }
}
