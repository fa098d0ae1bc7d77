/**
 * Which address a request came from. `X-Forwarded-For` is a claim: every hop may have written it, so it is
 * read from the right and believed only while the hop that said it is a trusted proxy. The leftmost entry,
 * which any client can choose, is never taken for itself. Addresses come out in one spelling (IPv4 inside
 * IPv6 as IPv4, IPv6 compressed, no zone, no port), so that they can be compared, counted and shown.
 */
import { BlockList, isIP, SocketAddress } from "node:net";

/** Is this address one of our own proxies? */
export type Trust = (address: string) => boolean;

export type AddressKind = "loopback" | "private" | "public" | "unknown";

export const unknownAddress = "unknown";

/** More hops than any honest chain of proxies has; what lies beyond them is not read. */
const maximumHops = 20;

interface ClientAddressInput {
  /** The other end of the TCP connection: the only address nobody can make up. */
  peer: string | undefined;
  forwardedFor: string | readonly string[] | undefined;
  trusted: Trust;
}

export function clientAddress({ peer, forwardedFor, trusted }: ClientAddressInput): string {
  let address = peer === undefined ? null : normaliseAddress(peer);
  if (address === null) return unknownAddress;
  const claims = typeof forwardedFor === "string" ? forwardedFor : (forwardedFor ?? []).join(",");
  let end = claims.length;
  for (let hops = 0; hops < maximumHops && end > 0 && trusted(address); hops += 1) {
    const comma = claims.lastIndexOf(",", end - 1);
    const claimed = normaliseAddress(claims.slice(comma + 1, end).trim());
    if (claimed === null) break;
    address = claimed;
    end = comma;
  }
  return address;
}

/** Reads addresses and CIDR networks of both families; throws on the first that is neither. */
export function createTrust(cidrs: readonly string[]): Trust {
  const networks = listOf(cidrs);
  return (address) => {
    const family = isIP(address);
    return family !== 0 && networks.check(address, family === 4 ? "ipv4" : "ipv6");
  };
}

const loopback = listOf(["127.0.0.0/8", "::1"]);
/** RFC 1918, carrier-grade NAT, link-local, unique local. */
const local = listOf([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
]);
/** Unspecified, multicast and reserved: nobody's address. */
const nobodys = listOf(["0.0.0.0/8", "224.0.0.0/3", "::", "ff00::/8"]);

export function kindOfAddress(address: string): AddressKind {
  const normalised = normaliseAddress(address);
  if (normalised === null) return "unknown";
  const family = isIP(normalised) === 4 ? "ipv4" : "ipv6";
  if (nobodys.check(normalised, family)) return "unknown";
  if (loopback.check(normalised, family)) return "loopback";
  return local.check(normalised, family) ? "private" : "public";
}

/** Who shares one allowance: an IPv4 address, or an IPv6 /64 (one household or server owns all of it). */
export function rateLimitKeyOf(address: string): string {
  const normalised = normaliseAddress(address);
  if (normalised === null) return unknownAddress;
  if (isIP(normalised) === 4) return normalised;
  const [head = "", tail] = normalised.split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}

function normaliseAddress(text: string): string | null {
  const bare = withoutPort(text);
  const family = isIP(bare);
  if (family === 0) return null;
  if (family === 4) return bare;
  const { address } = new SocketAddress({ address: bare.replace(/%.*$/s, ""), family: "ipv6" });
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** Some proxies add the client's port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  const match = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/.exec(text);
  return match?.[1] ?? match?.[2] ?? text;
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [, address = "", prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(cidr) ?? [];
    const family = isIP(address);
    const width = family === 4 ? 32 : 128;
    const bits = Number(prefix ?? width);
    if (family === 0 || bits > width) {
      throw new RangeError(`${JSON.stringify(cidr)} is neither an address nor a CIDR network`);
    }
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}
