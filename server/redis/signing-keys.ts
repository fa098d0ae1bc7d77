/** The signing keys in Redis, private parts sealed. */
import type { SigningKeyStore, StoredKey } from "../domain/signing-keys.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

export const createSigningKeyStore = ({ call }: Connection): SigningKeyStore => ({
  async list() {
    const values = (await call(["HVALS", keys.signingKeys])) as string[];
    return values.map((value) => JSON.parse(value) as StoredKey);
  },
  async add(key) {
    await call(["HSET", keys.signingKeys, key.kid, JSON.stringify(key)]);
  },
  async remove(kids) {
    await call(["HDEL", keys.signingKeys, ...kids]);
  },
});
