import { type Codec, checked, encodeJson, parseJson } from "./codec.ts";
import { RelayCommand } from "./payloads.ts";

const PLAIN = /^\s*(ON|OFF|TOGGLE)\s*$/i;
/** A plain word with room for a line end or two. */
const MAX_PLAIN_BYTES = 16;

/** JSON, or the plain ON, OFF or TOGGLE that other software sends. */
export const relayCommandCodec: Codec<RelayCommand> = {
  encode: encodeJson,
  decode: (bytes) => {
    const word = bytes.length <= MAX_PLAIN_BYTES ? PLAIN.exec(new TextDecoder().decode(bytes))?.[1] : undefined;
    return checked(RelayCommand, word === undefined ? parseJson(bytes) : { state: word.toUpperCase() });
  },
  schema: RelayCommand,
};
