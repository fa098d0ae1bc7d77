/**
 * The keys that sign access tokens and assertions: Ed25519 (RFC 8037), shared by all nodes through Redis, sealed.
 * A new key is published before it signs, and an old one is kept until everything it signed has expired.
 */
import {
  exportJWK,
  generateKeyPair,
  importJWK,
  calculateJwkThumbprint,
  type CryptoKey,
  type JWK,
} from "jose";
import type { Seal } from "./seal.ts";

/** As it is stored: the private part sealed. Times are Redis time in milliseconds. */
export interface StoredKey {
  kid: string;
  createdAt: number;
  publicJwk: JWK;
  sealed: string;
}

export interface SigningKeyStore {
  list(): Promise<StoredKey[]>;
  add(key: StoredKey): Promise<void>;
  remove(kids: readonly string[]): Promise<void>;
}

interface SigningKey {
  kid: string;
  createdAt: number;
  publicJwk: JWK;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** What a key does: the one that signs, those that are about to, and those whose tokens may still be alive. */
export interface ListedKey {
  kid: string;
  createdAt: number;
  state: "coming" | "signing" | "retired";
}

export interface SigningKeysOptions {
  store: SigningKeyStore;
  seal: Seal;
  redisNow(): number;
  /** Milliseconds that what a key signed may live. */
  signedLife: number;
}

export type SigningKeys = ReturnType<typeof createSigningKeys>;

const algorithm = "EdDSA";
const purpose = "signing key";
const rotateAfter = 30 * 24 * 60 * 60 * 1000;
/** Nodes look for new keys at least this often, so a key older than this is known to all of them. */
const refreshEvery = 60_000;
/** A key older than this is known to every node, and may sign. */
const settlesAfter = 2 * refreshEvery;
/** An unknown key id asks Redis at most this often: it may be a new key, or anybody's invention. */
const askEvery = 1000;

export function createSigningKeys({ store, seal, redisNow, signedLife }: SigningKeysOptions) {
  let keys: SigningKey[] = [];
  let askedAt = -Infinity;
  let loading: Promise<void> | null = null;

  async function load(): Promise<void> {
    const stored = await store.list();
    const known = new Map(keys.map((key) => [key.kid, key]));
    const opened = await Promise.all(
      stored.map(async (key) => known.get(key.kid) ?? (await open(key))),
    );
    keys = opened.sort((one, other) => other.createdAt - one.createdAt);
    const [newest] = keys;
    if (newest === undefined || redisNow() - newest.createdAt > rotateAfter) await add();
    await dropOld();
  }

  async function open({ kid, createdAt, publicJwk, sealed }: StoredKey): Promise<SigningKey> {
    const privateJwk = JSON.parse(unseal(sealed, kid)) as JWK;
    const publicKey = (await importJWK(publicJwk, algorithm)) as CryptoKey;
    const privateKey = (await importJWK(privateJwk, algorithm)) as CryptoKey;
    return { kid, createdAt, publicJwk, publicKey, privateKey };
  }

  function unseal(sealed: string, kid: string): string {
    try {
      return seal.open(sealed, `${purpose} ${kid}`);
    } catch {
      throw new Error(
        "A signing key in Redis was sealed under other key material: give all nodes the same TOKEN_KEY.",
      );
    }
  }

  async function add(): Promise<string> {
    const pair = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
    const bare = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(bare);
    const publicJwk: JWK = { ...bare, kid, alg: algorithm, use: "sig" };
    const privateJwk = JSON.stringify(await exportJWK(pair.privateKey));
    const sealed = seal.seal(privateJwk, `${purpose} ${kid}`);
    const stored: StoredKey = { kid, createdAt: Math.floor(redisNow()), publicJwk, sealed };
    await store.add(stored);
    keys = [await open(stored), ...keys];
    return kid;
  }

  /** A key goes when a younger one has signed in its place for longer than anything signed may live. */
  async function dropOld(): Promise<void> {
    const horizon = redisNow() - signedLife - settlesAfter;
    const newestSettled = keys.findIndex(({ createdAt }) => createdAt < horizon);
    if (newestSettled === -1) return;
    const old = keys.slice(newestSettled + 1);
    if (old.length === 0) return;
    keys = keys.slice(0, newestSettled + 1);
    await store.remove(old.map(({ kid }) => kid));
  }

  /** The newest key that every node has had time to learn of; else the oldest; undefined: there is none. */
  const signingOf = <K extends { createdAt: number }>(newestFirst: readonly K[]): K | undefined =>
    newestFirst.find(({ createdAt }) => redisNow() - createdAt > settlesAfter) ??
    newestFirst.at(-1);

  function loadOnce(): Promise<void> {
    loading ??= load().finally(() => (loading = null));
    return loading;
  }

  return {
    load: loadOnce,
    refreshEvery,

    settlesAfter,

    current(): SigningKey {
      const key = signingOf(keys);
      if (key === undefined) throw new Error("signing keys were used before they were loaded");
      return key;
    },

    /** The public key of this id, asking Redis once for one it does not know. */
    async find(kid: string): Promise<CryptoKey | null> {
      const known = keys.find((key) => key.kid === kid);
      if (known) return known.publicKey;
      if (performance.now() - askedAt < askEvery) return null;
      askedAt = performance.now();
      await loadOnce();
      return keys.find((key) => key.kid === kid)?.publicKey ?? null;
    },

    /** What /.well-known/jwks.json publishes. */
    published: (): { keys: JWK[] } => ({ keys: keys.map(({ publicJwk }) => publicJwk) }),

    /** All keys, newest first, as Redis has them; opens none and makes none. */
    async list(): Promise<ListedKey[]> {
      const stored = (await store.list()).sort((one, other) => other.createdAt - one.createdAt);
      const signing = signingOf(stored);
      const at = signing ? stored.indexOf(signing) : 0;
      return stored.map(({ kid, createdAt }, place) => {
        const state = place < at ? "coming" : place > at ? "retired" : "signing";
        return { kid, createdAt, state };
      });
    },

    /** A new key, published at once, signing as soon as every node has had time to learn of it. */
    async rotate(): Promise<string> {
      await loadOnce();
      return add();
    },
  };
}
