import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from "@peculiar/asn1-x509";

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

/**
 * What our authority may vouch for (Name Constraints, RFC 5280, 4.2.1.10). Whoever steals its key deceives those who
 * trust it about this home, and not about their bank.
 *
 * @param names and addresses besides those of any home
 */
export function homeConstraints(names: readonly string[]): NameConstraints {
  const permitted = [
    ...HOME_NAMES.map((dNSName) => ({ dNSName })),
    ...HOME_NETWORKS.map((iPAddress) => ({ iPAddress })),
    ...names.map(nameAlone),
  ];
  const subtrees = permitted.map((name) => new GeneralSubtree({ base: new GeneralName(name) }));
  return new NameConstraints({ permittedSubtrees: new GeneralSubtrees(subtrees) });
}

/** @param constraints as `homeConstraints` makes them */
export function permits({ permittedSubtrees = new GeneralSubtrees() }: NameConstraints, name: string): boolean {
  return permittedSubtrees.some(({ base: { dNSName, iPAddress } }) =>
    isIP(name) === 0
      ? dNSName !== undefined && isBelow(name.toLowerCase(), dNSName)
      : iPAddress !== undefined && isWithin(name, iPAddress),
  );
}

/**
 * An address as the library takes it: of an IPv6 one that ends as an IPv4 one (`::ffff:10.0.0.1`) it makes another one.
 *
 * @param address that `isIP` knows
 */
export function plainAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function nameAlone(name: string): Partial<GeneralName> {
  if (isIP(name) === 0) return { dNSName: name.toLowerCase() };
  return { iPAddress: `${plainAddress(name)}/${isIPv4(name) ? 32 : 128}` };
}

function isBelow(name: string, above: string): boolean {
  return name === above || name.endsWith(`.${above}`);
}

function isWithin(address: string, network: string): boolean {
  const [first = "", bits] = network.split("/");
  // A list of IPv4 networks finds the IPv6 spelling of their addresses too, which those who check certificates do not.
  if (isIP(first) !== isIP(address)) return false;
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(first, Number(bits), family);
  return list.check(address, family);
}
