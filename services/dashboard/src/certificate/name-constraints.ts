import { isIP, isIPv4 } from "node:net";
import { element, elements, sequence } from "./der.ts";

/** Names that no one can own on the internet: of a machine itself, of mDNS, and of networks at home. */
const HOME_NAMES = ["localhost", "local", "home.arpa", "internal", "lan", "home"];
/** Addresses of a machine itself, of networks at home, and of what links them (100.64.0.0/10). */
const HOME_NETWORKS = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
];

const PERMITTED = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** What an authority may vouch for: a name with all below it, or an address with its mask. */
interface Subtree {
  readonly tag: number;
  readonly value: Buffer;
}

/**
 * What our authority may vouch for, in DER (Name Constraints, RFC 5280, 4.2.1.10). Whoever steals its key deceives those who
 * trust it about this home, and not about their bank.
 *
 * @param names and addresses besides those of any home
 */
export function homeConstraints(names: readonly string[]): Buffer {
  const subtrees = [
    ...HOME_NAMES.map((name) => subtree(name)),
    ...HOME_NETWORKS.map((network) => networkSubtree(network)),
    ...names.map(subtree),
  ];
  const permitted = subtrees.map(({ tag, value }) => sequence(element(tag, value)));
  return sequence(element(PERMITTED, ...permitted));
}

/** @param constraints as `homeConstraints` writes them */
export function permits(constraints: Uint8Array, name: string): boolean {
  const wanted = subtree(name);
  return subtreesOf(constraints).some((permitted) => covers(permitted, wanted));
}

function covers({ tag, value }: Subtree, wanted: Subtree): boolean {
  if (tag !== wanted.tag) return false;
  if (tag === DNS_NAME) {
    const [name, above] = [wanted.value.toString("ascii"), value.toString("ascii")];
    return name === above || name.endsWith(`.${above}`);
  }
  if (value.length !== wanted.value.length) return false;
  const half = value.length / 2;
  return value.subarray(0, half).every((byte, index) => {
    const mask = value[half + index] ?? 0;
    return (byte & mask) === ((wanted.value[index] ?? 0) & mask);
  });
}

function subtree(name: string): Subtree {
  if (isIP(name) === 0) return { tag: DNS_NAME, value: Buffer.from(name.toLowerCase(), "ascii") };
  return networkSubtree(`${name}/${isIPv4(name) ? 32 : 128}`);
}

function networkSubtree(network: string): Subtree {
  const [address = "", bits = "0"] = network.split("/");
  const bytes = addressBytes(address);
  const mask = Buffer.from(
    bytes.map((_, index) => 0xff & ~(0xff >> Math.min(8, Math.max(0, Number(bits) - 8 * index)))),
  );
  return { tag: IP_ADDRESS, value: Buffer.concat([bytes, mask]) };
}

/** Four or sixteen of them. @param address that `isIP` knows */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (dotted) {
    const tail = addressBytes(dotted[2] ?? "").toString("hex");
    return addressBytes(`${dotted[1]}${tail.slice(0, 4)}:${tail.slice(4)}`);
  }
  const [head = "", tail] = address.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : new Array<string>(8 - first.length - last.length).fill("0");
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** @returns nothing for what we have not written */
function subtreesOf(der: Uint8Array): Subtree[] {
  const outer = elements(der)[0];
  const permitted = outer && elements(outer.value).find(({ tag }) => tag === PERMITTED);
  return permitted ? elements(permitted.value).flatMap(({ value }) => elements(value).slice(0, 1)) : [];
}
