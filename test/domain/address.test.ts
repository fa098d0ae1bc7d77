import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clientAddress,
  createTrust,
  kindOfAddress,
  rateLimitKeyOf,
} from "../../server/domain/address.ts";

const trusted = createTrust(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]);

describe("the client's address", () => {
  test.each([
    ["the peer, if nothing was forwarded", "203.0.113.5", undefined, "203.0.113.5"],
    ["the peer, if it is no proxy of ours", "203.0.113.5", "198.51.100.1", "203.0.113.5"],
    ["what a trusted proxy says", "10.0.0.1", "203.0.113.5", "203.0.113.5"],
    [
      "the rightmost untrusted hop, not the spoofed left",
      "10.0.0.1",
      "1.1.1.1, 203.0.113.5",
      "203.0.113.5",
    ],
    ["behind two trusted proxies", "10.0.0.1", "1.1.1.1,203.0.113.5, 10.0.0.2", "203.0.113.5"],
    ["the last hop, when all are trusted", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["the last good hop before garbage", "10.0.0.1", "203.0.113.5, <script>, 10.0.0.2", "10.0.0.2"],
    ["the proxy, if all it says is garbage", "10.0.0.1", "unknown", "10.0.0.1"],
    ["the proxy, if the last entry is empty", "10.0.0.1", "203.0.113.5,", "10.0.0.1"],
    ["an IPv4 peer written as IPv6", "::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["an IPv4 hop written as IPv6", "10.0.0.1", "::ffff:cb00:7105", "203.0.113.5"],
    ["IPv6 in one spelling", "fd00::1", "2001:DB8:0:0:0:0:0:5", "2001:db8::5"],
    ["an address with a port", "10.0.0.1", "203.0.113.5:4711", "203.0.113.5"],
    ["an IPv6 address with a port", "10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"],
    ["without a zone", "fe80::1%eth0", undefined, "fe80::1"],
    ["unknown without a peer, whatever was forwarded", undefined, "203.0.113.5", "unknown"],
  ])("is %s", (_, peer, forwardedFor, expected) => {
    expect(clientAddress({ peer, forwardedFor, trusted })).toBe(expected);
  });

  test("is read from repeated headers as from one", () => {
    const forwardedFor = ["1.1.1.1", "203.0.113.5, 10.0.0.2"];
    expect(clientAddress({ peer: "10.0.0.1", forwardedFor, trusted })).toBe("203.0.113.5");
  });

  test("is looked for in at most 20 hops", () => {
    const hops = Array.from({ length: 40 }, (_, index) => `10.0.1.${40 - index}`);
    const forwardedFor = ["203.0.113.5", ...hops].join(", ");
    expect(clientAddress({ peer: "10.0.0.1", forwardedFor, trusted })).toBe("10.0.1.20");
  });

  test("cannot be chosen by a client that no trusted proxy vouches for", () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (claimed, real) => {
        fc.pre(!trusted(real));
        const forwardedFor = `${claimed}, ${real}`;
        expect(clientAddress({ peer: "10.0.0.1", forwardedFor, trusted })).toBe(real);
        expect(clientAddress({ peer: real, forwardedFor: claimed, trusted })).toBe(real);
      }),
    );
  });
});

describe("trust", () => {
  test.each([
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "proxy",
    "",
    "fe80::1%eth0",
    "10.0.0.0/-1",
  ])("refuses %j, which is neither an address nor a network", (entry) => {
    expect(() => createTrust(["10.0.0.1", entry])).toThrow(JSON.stringify(entry));
  });

  test("covers networks of both families and single addresses, and nothing else", () => {
    const inside = ["10.255.0.1", "fd12::1", "192.0.2.1"];
    const outside = ["11.0.0.1", "fe80::1", "192.0.2.2", "unknown", ""];
    expect(inside.map(trusted)).toEqual([true, true, true]);
    expect(outside.map(trusted)).toEqual([false, false, false, false, false]);
  });

  test("is in nobody when no proxy is configured", () => {
    expect(createTrust([])("127.0.0.1")).toBe(false);
  });
});

test.each([
  ["127.0.0.1", "loopback"],
  ["::1", "loopback"],
  ["::ffff:127.0.0.1", "loopback"],
  ["192.168.1.4", "private"],
  ["172.31.0.1", "private"],
  ["172.32.0.1", "public"],
  ["100.64.0.1", "private"],
  ["fe80::1%eth0", "private"],
  ["fd00::1", "private"],
  ["203.0.113.5", "public"],
  ["2001:db8::1", "public"],
  ["0.0.0.0", "unknown"],
  ["224.0.0.1", "unknown"],
  ["255.255.255.255", "unknown"],
  ["::", "unknown"],
  ["ff02::1", "unknown"],
  ["unknown", "unknown"],
  ["", "unknown"],
])("the address %j is %s", (address, kind) => {
  expect(kindOfAddress(address)).toBe(kind);
});

describe("a rate limit", () => {
  test.each([
    ["203.0.113.5", "203.0.113.5"],
    ["::ffff:203.0.113.5", "203.0.113.5"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::1.2.3.4", "0:0:0:0::/64"],
    ["fe80::", "fe80:0:0:0::/64"],
    ["nonsense", "unknown"],
  ])("counts %s under %s", (address, key) => {
    expect(rateLimitKeyOf(address)).toBe(key);
  });

  test("is shared by a whole IPv6 /64 and by no other", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const sameNetwork = groupsOf(one) === groupsOf(other);
        fc.pre(![one, other].some((address) => kindOf4In6(address)));
        expect(rateLimitKeyOf(one) === rateLimitKeyOf(other)).toBe(sameNetwork);
      }),
    );
  });

  /** The first four groups, found another way than the code does. */
  function groupsOf(address: string): string {
    const { hostname } = new URL(`http://[${address}]`);
    const [head = "", tail] = hostname.slice(1, -1).split("::");
    const before = head.split(":").filter(Boolean);
    const after = (tail ?? "").split(":").filter(Boolean);
    while (before.length + after.length < 8) before.push("0");
    return [...before, ...after].slice(0, 4).join(":");
  }

  function kindOf4In6(address: string): boolean {
    return new URL(`http://[${address}]`).hostname.startsWith("[::ffff:");
  }
});
