import { type Codec, checked, MAX_JSON_BYTES, parseJson } from "./codec.ts";
import { RelayCommand } from "./payloads.ts";

const PLAIN = /^\s*(ON|OFF|TOGGLE)\s*$/i;

/** JSON, or the plain ON, OFF or TOGGLE that other software sends. */
export const relayCommandCodec: Codec<RelayCommand> = {
  encode: (command) => new TextEncoder().encode(JSON.stringify(command)),
  decode: (bytes) => {
    const plain = bytes.length <= MAX_JSON_BYTES ? PLAIN.exec(new TextDecoder().decode(bytes))?.[1] : undefined;
    return checked(RelayCommand, plain === undefined ? parseJson(bytes) : { state: plain.toUpperCase() });
  },
};
