import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/**
 * The cost of a guess, 16 MB and some 50 ms: what the inventor of scrypt gives for logging in (C. Percival, "Stronger key
 * derivation via sequential memory-hard functions", 2009) and Node has by itself. A dearer one would guard a stolen
 * configuration better, but a Raspberry Pi must let the whole house in again before the log-ins run out of time.
 */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Of 128 * N * r bytes: what a hash out of a configuration file may make the broker use. */
const MAX_MEMORY = 64 * 2 ** 20;
const MAX_P = 16;

/** Longer ones are refused unread: hashing is work that a stranger asks for. */
export const MAX_PASSWORD_BYTES = 1024;

interface ParsedHash extends Required<Pick<ScryptOptions, "N" | "r" | "p">> {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * @returns `scrypt$16384$8$1$<salt>$<hash>`, salt and hash in base64url: what stands in the configuration in place of
 * the password
 * @throws {RangeError} for an empty password and for one of more than `MAX_PASSWORD_BYTES`
 */
export async function hashPassword(password: string): Promise<string> {
  const bytes = Buffer.from(password);
  if (bytes.length === 0) throw new RangeError("the password is empty");
  if (bytes.length > MAX_PASSWORD_BYTES) throw new RangeError(`the password is over ${MAX_PASSWORD_BYTES} bytes long`);
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(bytes, { ...COST, salt, hash: Buffer.alloc(HASH_BYTES) });
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** @param hash of `hashPassword`; anything else is refused, never thrown upon */
export async function verifyPassword(password: Uint8Array, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  if (!parsed || password.length === 0 || password.length > MAX_PASSWORD_BYTES) return false;
  return timingSafeEqual(await derive(password, parsed), parsed.hash);
}

/** Whether this is what `hashPassword` returns, with costs that this machine can bear. */
export function isPasswordHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

const FORM = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,86})\$([\w-]{43,86})$/;

function parseHash(text: string): ParsedHash | undefined {
  const [, n = "", r = "", p = "", salt = "", hash = ""] = FORM.exec(text) ?? [];
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const isPowerOf2 = cost.N >= 2 && (cost.N & (cost.N - 1)) === 0;
  if (!isPowerOf2 || cost.r < 1 || cost.p < 1 || cost.p > MAX_P || 128 * cost.N * cost.r > MAX_MEMORY) return undefined;
  return { ...cost, salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url") };
}

function derive(password: Uint8Array, { N, r, p, salt, hash }: ParsedHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Node's own bound is 32 MB, just too little for the largest allowed.
    scrypt(password, salt, hash.length, { N, r, p, maxmem: 2 * MAX_MEMORY }, (error, derived) => {
      if (error) reject(error);
      else resolve(derived);
    });
  });
}
