export { InterpreterConfig } from "./config.ts";
export { interpreter } from "./interpreter.ts";
